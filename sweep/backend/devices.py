"""Which device a run trains on. Importing this module loads no MXNet."""

from typing import Literal

from sweep.errors import UserError


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


def count_gpus() -> int:
    """Return how many GPUs MXNet sees. A process that asks may hold a GPU from then on.

    Raises:
        UserError: MXNet cannot be loaded.
    """
    from sweep.backend.mxnet import mx  # a sweep lets another process ask

    found: int = mx.context.num_gpus()
    return found
