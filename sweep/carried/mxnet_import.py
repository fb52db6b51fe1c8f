"""The import of Apache MXNet, mended for a current NumPy.

It needs nothing else of this package: every logged model carries a copy of it.
MXNet reads its number of threads once, when its library is loaded; so ``OMP_NUM_THREADS`` must be
set before this module is first imported. One thread is the default: it is the fastest for networks
of this size, and the one with which runs repeat to the last bit.
"""

import os

import numpy as np

THREADS = int(os.environ.setdefault("OMP_NUM_THREADS", "1"))

# MXNet 1.9.1 uses this alias, which NumPy removed in 1.24.
setattr(np, "bool", bool)  # noqa: B010 - NumPy's types do not know it

# On Python 3.12 MXNet's import of distutils is answered by setuptools (see pyproject.toml).
import mxnet as mx  # noqa: E402

__all__ = ["THREADS", "mx"]
