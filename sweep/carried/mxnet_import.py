"""The import of Apache MXNet, with the names of NumPy's that it needs and that are no longer there.

It needs nothing else of this package: every logged model carries a copy of it.
MXNet reads its number of threads once, when its library is loaded; so ``OMP_NUM_THREADS`` must be
set before this module is first imported. One thread is the default: it is the fastest for networks
of this size, and the one with which runs repeat to the last bit.
"""

import functools
import os

import numpy as np


def threads_in(given: str) -> int:
    """Return how many threads a value of ``OMP_NUM_THREADS`` means; 1 if it means none.

    It may be a list, a number for each level of nested regions:
    https://www.openmp.org/spec-html/5.0/openmpse50.html
    """
    first = given.partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) else 1


if not os.environ.get("OMP_NUM_THREADS"):
    os.environ["OMP_NUM_THREADS"] = "1"
THREADS = threads_in(os.environ["OMP_NUM_THREADS"])

# MXNet 1.9.1 reads these when it is imported, to offer them as its own. What took their place:
# https://numpy.org/doc/stable/numpy_2_0_migration_guide.html
RENAMED = {
    "Inf": np.inf,
    "NAN": np.nan,
    "NINF": -np.inf,
    "NZERO": -0.0,
    "NaN": np.nan,
    "PINF": np.inf,
    "PZERO": 0.0,
    "alltrue": np.all,
    "bool": bool,
    "in1d": np.isin,
    "msort": functools.partial(np.sort, axis=0),
    "product": np.prod,
    "round_": np.round,
    "sometrue": np.any,
    "trapz": getattr(np, "trapezoid", None),
}
# Financial functions, gone since NumPy 1.20, which nothing of MXNet's calls.
GONE = dict.fromkeys(("mirr", "npv", "pmt", "ppmt", "pv", "rate"))
# With NumPy 1.24 to 1.26, MXNet's arrays of the kind of NumPy's use it whenever they are made.
KEPT = "bool"

_lent = {name: each for name, each in {**RENAMED, **GONE}.items() if name not in vars(np)}
vars(np).update(_lent)
try:
    # From Python 3.12 on its import of distutils is answered by setuptools (see pyproject.toml).
    import mxnet as mx
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"{error}: pip install --no-deps mxnet==1.9.1 (on Python 3.12 and later setuptools, too)"
    ) from error
finally:
    for _name in _lent.keys() - {KEPT}:
        delattr(np, _name)

__all__ = ["THREADS", "mx"]
