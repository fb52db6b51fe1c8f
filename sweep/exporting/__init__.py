"""Networks carried out to where they live on: read without MXNet, written in other formats."""
