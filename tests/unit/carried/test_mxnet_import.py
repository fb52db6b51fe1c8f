"""NumPy has what MXNet needs of it, and is as it was afterwards."""

import importlib.util
import os
import sys

import numpy as np
import pytest

from sweep.carried import mxnet_import
from sweep.carried.mxnet_import import GONE, KEPT, RENAMED, mx

NEWER = int(np.__version__.partition(".")[0]) >= 2


def anew():
    """Execute the module once more, as another one."""
    spec = importlib.util.spec_from_file_location("imported_anew", mxnet_import.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_numpy_is_as_it_was():
    lent = mxnet_import._lent.keys()
    assert {*GONE} <= lent <= {*GONE, *RENAMED}
    assert KEPT in lent or "NaN" in lent
    assert [name for name in lent if name in vars(np)] == ([] if NEWER else [KEPT])


# An older NumPy has these functions itself, and says that a newer one has not.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_mxnet_offers_of_numpy_is_what_took_its_place():
    rows = np.array([[3, 1], [2, 5]])
    assert mx.np.PINF == np.inf == -mx.np.NINF
    assert np.isnan([mx.np.NaN, mx.np.NAN]).all()
    found = mx.numpy.fallback
    np.testing.assert_array_equal(found.msort(rows), [[2, 1], [3, 5]])
    assert found.trapz(np.array([1, 2, 4])) == 4.5
    assert (found.in1d(np.array([1, 7]), rows) == [True, False]).all()
    assert found.alltrue(rows)


def test_mxnet_that_is_missing_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "mxnet", None)
    before = {*vars(np)}
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps mxnet==1.9.1"):
        anew()
    assert {*vars(np)} == before


@pytest.mark.parametrize(
    ("given", "threads"), [("3", 3), ("4,2", 4), (" 2 ", 2), ("", 1), ("0", 1), ("many", 1)]
)
def test_the_threads_are_those_of_the_outer_level(monkeypatch, given, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert mxnet_import.threads_in(given) == threads
    assert anew().THREADS == threads
    assert os.environ["OMP_NUM_THREADS"] == (given or "1")
