"""Trains sweeps of Apache MXNet Gluon networks and keeps a record that can be compared."""

__version__ = "0.1.0"
