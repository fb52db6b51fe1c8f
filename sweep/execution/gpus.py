"""Which device a run trains on, and which of the machine's GPUs are there to be leased."""

import functools
import os
from typing import Literal

from sweep.errors import UserError
from sweep.execution.local import fork_server as workers


def resolve(context: str, gpus: int) -> Literal["cpu", "gpu"]:
    """Return ``cpu`` or ``gpu`` for a configured context, where MXNet sees so many GPUs.

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    if context == "gpu" and not gpus:
        raise UserError(
            "context=gpu: MXNet sees no GPU here; allowed: cpu, auto (a GPU if there is one). The "
            "package mxnet is for the CPU alone; the builds for CUDA are called mxnet-cu112 and so "
            "on"
        )
    return "gpu" if gpus and context != "cpu" else "cpu"


@functools.cache
def find_gpus(threads: int) -> list[str]:
    """Return the GPUs that MXNet sees, each as the variable CUDA_VISIBLE_DEVICES takes it.

    Another process looks, so that this one never holds a GPU. Where the variable is set already,
    only the GPUs that it names are there.

    Raises:
        UserError: MXNet cannot be loaded.
    """
    gpus = workers.call(_count, threads)
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [each.strip() for each in named.split(",")] if named else map(str, range(gpus))
    return list(names)[:gpus]


def _count() -> int:
    from sweep.backend.mxnet import count_gpus

    return count_gpus()
