"""Export of trained networks to other formats, without MXNet."""
