"""Which parameters decay: all of them, or weights alone."""

from collections.abc import Callable, Iterable

from sweep.backend.mxnet import gluon

Parameters = Iterable[gluon.Parameter]


def _of_all(parameters: Parameters) -> None:
    """Leave the decay as the network's author has it."""


def _of_weights(parameters: Parameters) -> None:
    """Take the decay from all vectors: biases, and the scales and shifts of normalisation."""
    for each in parameters:
        if len(each.shape) < 2:
            each.wd_mult = 0.0


DECAY: dict[str, Callable[[Parameters], None]] = {"all": _of_all, "weights": _of_weights}
