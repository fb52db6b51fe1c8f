"""What the networks are made of."""

from mxnet.gluon import nn


def convolution(channels):
    """Return a convolution that halves the sides."""
    layers = nn.HybridSequential()
    layers.add(nn.Conv2D(channels, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"))
    layers.add(nn.MaxPool2D(2))
    return layers
