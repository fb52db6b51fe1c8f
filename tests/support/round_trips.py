"""Networks that are exported, and what they answer, in this process."""

import numpy as np

from sweep.backend.mxnet import autograd, nd
from sweep.carried import serving
from sweep.carried.serving import Interface
from sweep.exporting.graph import read_graph

CLASSES = tuple("0123456789")


def images(shape, count=4, seed=1):
    return np.random.RandomState(seed).rand(count, *shape).astype(np.float32)


def exported(net, shape, folder):
    """Return the graph of a network, as a recorded model has it."""
    serving.save(net, Interface("some", shape, CLASSES), folder)
    files = [(folder / "data" / name).read_bytes() for name in (serving.SYMBOL, serving.PARAMETERS)]
    return read_graph(*files, shape)


def updated(net, shape):
    """Let a network see images as in training, so that its running means are none of the first."""
    for seed in (7, 8):
        with autograd.record():
            net(nd.array(images(shape, seed=seed)))
    nd.waitall()
    return net
