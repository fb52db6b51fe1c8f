"""A user's loss tried before anything trains: made, and given a batch of scores and labels."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.losses import Loss
from sweep.config.own_targets import Call
from sweep.config.tasks import Task
from sweep.errors import UserError
from sweep.networks.own_checks import written
from sweep.networks.own_copies import tried_from_copies
from sweep.networks.own_target import explained, find
from sweep.training.losses.custom import Custom
from sweep.training.own_loss import EagerLoss, make

LEAST_ROWS = 16  # of a batch that is tried: of fewer, all losses may be 0 by chance
NEAR = 1e-4  # a graph may add in another order than the same operators one by one

# Labels for scores of a shape, of each task: classes (n,), or numbers (n, outputs). These are
# from 0 to 1, since many losses take the logarithm of what they predict.
LABELS: dict[Task, Callable[[RandomState, tuple[int, int]], NDArray[Any]]] = {
    "classification": lambda random, shape: random.randint(0, shape[1], shape[0]),
    "regression": lambda random, shape: random.uniform(0.05, 0.95, shape),
}


def tried(loss: Custom, outputs: int, rows: int, keep_in: Path) -> tuple[Loss, str]:
    """Try a loss; return it with what was found out, and a line about it.

    Args:
        loss: with a target.
        outputs: of the network: classes, or numbers to predict.
        rows: of a batch.
        keep_in: the folder for copies of modules.

    Raises:
        UserError: it does not build, or does not fit a batch.
    """
    call, here = loss.call, loss.source or Path.cwd()
    field = f"loss._target_={call.target}"
    attempt = partial(_try, call, loss.task, (max(rows, LEAST_ROWS), outputs))
    copied = tried_from_copies(field, [call.target], here, keep_in, attempt)
    text = "; ".join(each for each in (copied.note, copied.found) if each)
    known = replace(loss, _source_=copied.source, _folder_=str(copied.folder))
    return known, f"{field}: {text}" if text else ""


@dataclass(frozen=True)
class _Batch:
    """What a loss is given, and how that is told of.

    Attributes:
        scores: (n, outputs) float32.
        labels: (n,) float32 classes, or (n, outputs) float32 numbers.
        target: of the loss.
        at: where it is written.
        folder: with the user's modules.
    """

    scores: Any
    labels: Any
    target: str
    at: str
    folder: Path

    @property
    def given(self) -> str:
        """What is said of it first."""
        shapes = f"{self.scores.shape} scores and {self.labels.shape} labels"
        return f"loss._target_={self.target}: given {shapes}"

    def without_last(self) -> "_Batch":
        """Return the same without the last image."""
        return replace(self, scores=self.scores[:-1], labels=self.labels[:-1])


def _try(call: Call, task: Task, shape: tuple[int, int], folder: Path) -> str:
    """Make a loss from a folder, and compute it as training does; return a line if it is eager."""
    loss = make(call, folder)
    at = written(find("loss", call.target, folder), folder)
    random = RandomState(0)
    scores = nd.array(random.normal(size=shape))
    batch = _Batch(scores, nd.array(LABELS[task](random, shape)), call.target, at, folder)
    losses = _losses(loss, batch)
    _check_same(batch, losses, _losses(loss, batch))
    _losses(loss, batch.without_last())  # the last batch of an epoch may be smaller
    if isinstance(loss, gluon.HybridBlock):
        _check_traced(loss, batch, losses)
    _check_gradient(loss, batch)
    return _not_a_graph(loss, at)


def _losses(loss: gluon.Block, batch: _Batch) -> NDArray[np.float32]:
    """Return the losses of a batch, checked."""
    with explained(batch.given, batch.folder, batch.at):
        losses = _computed(loss, batch.scores, batch.labels)
    wanted = batch.scores.shape[:1]
    returned = losses.shape if isinstance(losses, nd.NDArray) else type(losses).__name__
    if returned != wanted:
        raise UserError(
            f"{batch.given}: returned {returned}{batch.at}; allowed is {wanted}, the loss of each "
            "image"
        )
    found: NDArray[np.float32] = losses.asnumpy()
    if not np.isfinite(found).all():
        raise UserError(
            f"{batch.given}: returned {_not_finite(found)}{batch.at}; allowed are finite losses of "
            "all finite scores"
        )
    return found


def _check_same(batch: _Batch, first: NDArray[np.float32], second: NDArray[np.float32]) -> None:
    """Check that a loss keeps nothing from one batch to the next, and draws nothing by itself."""
    if first.tobytes() != second.tobytes():
        raise _changing(batch)


def _check_traced(loss: gluon.HybridBlock, batch: _Batch, eagerly: NDArray[np.float32]) -> None:
    """Check that the graph of a loss computes what its code does, whenever it is traced.

    Python's own values stand in a graph as they were when it was traced.
    """
    for _ in range(2):
        loss.hybridize(static_alloc=True, static_shape=True)  # which forgets the graph before
        traced = _losses(loss, batch)
        _check_same(batch, traced, _losses(loss, batch))
        if not np.allclose(traced, eagerly, rtol=NEAR, atol=NEAR * np.abs(eagerly).max()):
            raise _changing(batch)


def _check_gradient(loss: gluon.Block, batch: _Batch) -> None:
    with explained(f"{batch.given}: computing its gradient", batch.folder, batch.at):
        gradient = _gradient(loss, batch.scores, batch.labels)
    if not np.isfinite(gradient).all():
        raise UserError(
            f"{batch.given}: has a gradient of {_not_finite(gradient)}{batch.at}; allowed is a "
            "finite one for all finite scores"
        )
    if not gradient.any():
        raise UserError(
            f"{batch.given}: has a gradient of 0 in all scores{batch.at}, so that nothing would be "
            "learned; allowed is a loss that changes with the scores"
        )


def _changing(batch: _Batch) -> UserError:
    return UserError(
        f"{batch.given} again: returned other losses{batch.at}; allowed is a loss that depends on "
        "nothing but these and its arguments"
    )


def _not_finite(values: NDArray[np.float32]) -> str:
    """Return the first value that is not finite, and where it is, as ``nan in row 3``."""
    place = np.argwhere(~np.isfinite(values))[0]
    return f"{values[tuple(place)]} in row {place[0]}"


def _computed(loss: gluon.Block, scores: Any, labels: Any) -> Any:
    """Return the losses, computed, with random numbers, if it draws any, from the same seed."""
    mx.random.seed(0)
    losses = loss(scores, labels)
    nd.waitall()
    return losses


def _gradient(loss: gluon.Block, scores: Any, labels: Any) -> NDArray[np.float32]:
    scores.attach_grad()
    with autograd.record():
        losses = loss(scores, labels)
    losses.backward()
    found: NDArray[np.float32] = scores.grad.asnumpy()
    return found


def _not_a_graph(loss: gluon.Block, at: str) -> str:
    if not isinstance(loss, EagerLoss):
        return ""
    return (
        f"runs eagerly, operator by operator: {loss.why}{at}. A hybrid_forward(self, F, scores, "
        "labels), or a function that calls methods of these and asks for no shape, is in one graph "
        "with the network"
    )
