"""Which of the machine's GPUs there are for runs."""

import ctypes
import functools
import os

from sweep.backend.devices import count_gpus
from sweep.errors import UserError
from sweep.execution.local import fork_server

DRIVER = "libcuda.so.1"  # NVIDIA's, by the name that CUDA looks for


@functools.cache
def may_have_gpus() -> bool:
    """Return whether there is a driver without which MXNet sees no GPU; MXNet is not asked."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


@functools.cache
def find_gpus(threads: int) -> list[str]:
    """Return the GPUs that MXNet sees, each as the variable CUDA_VISIBLE_DEVICES takes it.

    Another process looks, so that this one never holds a GPU. Where the variable is set already,
    only the GPUs that it names are there.

    Raises:
        UserError: MXNet cannot be loaded.
    """
    try:
        gpus = fork_server.call(count_gpus, threads)
    except ChildProcessError as error:
        raise UserError(
            f"MXNet cannot be loaded: {error}; sweep doctor says what is missing"
        ) from error
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [each.strip() for each in named.split(",")] if named else map(str, range(gpus))
    return list(names)[:gpus]
