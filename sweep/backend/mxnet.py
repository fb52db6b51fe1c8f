"""Apache MXNet for this package: its modules, its devices, and what to say if it cannot be loaded.

``OMP_NUM_THREADS`` must be set before this module is first imported: see
sweep/carried/mxnet_import.py.
"""

from sweep.backend.devices import count_gpus, resolve
from sweep.backend.unmade import drop_quietly
from sweep.errors import UserError
from sweep.optional import as_if_not_installed, need_mxnet

# MXNet takes a class of one and functions of the other, if they are there, for what nobody here
# would ever use: its old models, its tests, quantization. Both take half a second to import.
UNUSED = ("sklearn", "scipy.stats")

need_mxnet()
try:
    with as_if_not_installed(*UNUSED):
        from sweep.carried.mxnet_import import THREADS, mx
except OSError as error:  # its library needs two of the system's, which small images lack
    raise UserError(
        f"MXNet cannot be loaded: {error}. On Debian and Ubuntu: "
        "apt-get install libgomp1 libquadmath0"
    ) from error
from mxnet import autograd, gluon, nd  # noqa: E402
from mxnet._ctypes.ndarray import CachedOp, NDArrayBase  # noqa: E402
from mxnet._ctypes.symbol import SymbolBase  # noqa: E402

drop_quietly(CachedOp, NDArrayBase, SymbolBase)

__all__ = ["THREADS", "autograd", "device", "gluon", "mx", "nd"]


def device(context: str) -> mx.Context:
    """Return the MXNet context for ``cpu``, ``gpu`` or ``auto`` (a GPU if there is one).

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    on_gpu = context != "cpu" and resolve(context, count_gpus()) == "gpu"
    return mx.gpu() if on_gpu else mx.cpu()
