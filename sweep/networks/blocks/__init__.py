"""The networks as Gluon blocks; the only modules here that import MXNet when they are imported."""
