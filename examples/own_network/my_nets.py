"""Networks of one's own: a HybridBlock, and a plain Block as MXNet's tutorials have it."""

import mxnet.ndarray as F
from mxnet import gluon
from mxnet.gluon import nn
from my_layers import convolution


class Net(nn.HybridBlock):
    """Two convolutions and two dense layers."""

    def __init__(self, classes, width=32, dropout=0.0):
        super().__init__()
        with self.name_scope():
            self.features = nn.HybridSequential()
            self.features.add(convolution(width // 2), convolution(width), nn.Dropout(dropout))
            self.scores = nn.Dense(classes)

    def hybrid_forward(self, F, x):
        return self.scores(self.features(x))


class Eager(gluon.Block):
    """Written with MXNet's arrays, it is no graph: it runs operator by operator."""

    def __init__(self, classes, units=64):
        super().__init__()
        with self.name_scope():
            self.hidden = nn.Dense(units)
            self.scores = nn.Dense(classes)

    def forward(self, x):
        return self.scores(F.tanh(self.hidden(x)))
