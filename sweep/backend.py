"""Apache MXNet, made ready to import: the one place for what it needs from its surroundings.

MXNet reads its number of threads once, when its library is loaded; so ``OMP_NUM_THREADS`` must be
set before this module is first imported. One thread is the default: it is the fastest for networks
of this size, and the one with which runs repeat to the last bit.
"""

import os

import numpy as np

from sweep.errors import UserError

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# MXNet 1.9.1 uses this alias, which NumPy removed in 1.24.
setattr(np, "bool", bool)  # noqa: B010 - NumPy's types do not know it

# On Python 3.12 MXNet's import of distutils is answered by setuptools (see pyproject.toml).
try:
    import mxnet as mx
except OSError as error:  # its library needs two of the system's, which small images lack
    raise UserError(
        f"MXNet cannot be loaded: {error}. On Debian and Ubuntu: "
        "apt-get install libgomp1 libquadmath0"
    ) from error
from mxnet import autograd, gluon, nd  # noqa: E402

__all__ = ["THREADS", "autograd", "gluon", "mx", "nd", "device"]


def device(context: str) -> mx.Context:
    """Return the MXNet context for ``cpu``, ``gpu`` or ``auto`` (a GPU if there is one).

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    if context == "cpu":
        return mx.cpu()
    if mx.context.num_gpus():
        return mx.gpu()
    if context == "auto":
        return mx.cpu()
    raise UserError(
        "context=gpu: MXNet sees no GPU here; allowed: cpu, auto (a GPU if there is one). The "
        "package mxnet is for the CPU alone; the builds for CUDA are called mxnet-cu112 and so on"
    )
