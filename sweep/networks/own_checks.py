"""Checks that all that a user's network learns is found by Gluon, and kept."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import autograd, gluon, nd
from sweep.backend.seeding import seed_generators
from sweep.errors import UserError

GLUONS_OWN = frozenset(vars(gluon.HybridBlock(prefix="")))
FAR = 10**6  # what a count comes to later, when something else may begin

Place = tuple[gluon.Block, str]  # a block, and the name of its attribute
Numbers = Mapping[Place, Any]


def check_layers(field: str, net: gluon.Block, folder: Path) -> None:
    """See that no block keeps others where Gluon does not find them.

    Raises:
        UserError: one does.
    """
    registered = {id(each) for each in blocks(net)}
    for block in blocks(net):
        for key, value in vars(block).items():
            if key in GLUONS_OWN:
                continue
            values = value.values() if isinstance(value, dict) else value
            if not isinstance(values, list | tuple | type({}.values())):
                continue
            if any(isinstance(each, gluon.Block) and id(each) not in registered for each in values):
                at = defined(block, folder, rf"self\.{re.escape(key)}\b")
                kind = type(value).__name__
                raise UserError(
                    f"{field}: {type(block).__name__}.{key} keeps layers in a {kind}, where Gluon "
                    f"does not find them{at}; allowed is nn.HybridSequential, or "
                    "self.register_child for each"
                )


def blocks(net: gluon.Block) -> Iterator[gluon.Block]:
    """Yield a network's blocks, itself first."""
    yield net
    for each in net._children.values():
        yield from blocks(each)


def defined(block: gluon.Block, folder: Path, pattern: str = "") -> str:
    """Return `` (my_nets.py:12)``: where a block's class begins, or has this pattern."""
    return written(type(block), folder, pattern)


def written(target: Any, folder: Path, pattern: str = "") -> str:
    """Return the same of a class or a function."""
    try:
        file = Path(str(inspect.getsourcefile(target)))
        lines, first = inspect.getsourcelines(target)
        place = file.relative_to(folder.resolve())
    except (OSError, TypeError, ValueError):
        return ""  # of a package, or made by no file
    found = [number for number, line in enumerate(lines) if pattern and re.search(pattern, line)]
    return f" ({place}:{first + (found[0] if found else 0)})"


def check_parameters(field: str, net: gluon.Block, folder: Path) -> None:
    """See that some parameters are trained, by a gradient of their own, and that all are kept.

    Raises:
        UserError: it is not so.
    """
    every = net.collect_params().values()
    kept = {id(each): key for key, each in net._collect_params_with_prefix().items()}
    for each in every:
        if id(each) not in kept:
            raise UserError(
                f"{field}: its parameter {each.name} is not saved with the network, since it is no "
                f"attribute of a block{defined(net, folder)}; allowed is self.NAME = "
                "self.params.get(...), for each"
            )
        if each.grad_req not in ("write", "null"):
            raise UserError(
                f"{field}: its parameter {kept[id(each)]} has grad_req={each.grad_req!r}, which "
                "sums the gradients of all steps; allowed are 'write' and 'null'"
            )
    if all(each.grad_req == "null" for each in every):
        raise UserError(
            f"{field}: has nothing to train{defined(net, folder)}; allowed is a network with a "
            "parameter whose grad_req is 'write'"
        )


def check_gradients(field: str, net: gluon.Block) -> None:
    """See that every parameter has got a gradient: Gluon's Trainer refuses others.

    Raises:
        UserError: one has none.
    """
    for key, each in net._collect_params_with_prefix().items():
        if each.grad_req != "null" and not each.list_data()[0]._fresh_grad:
            raise UserError(
                f"{field}: its parameter {key} takes no part in the scores; allowed are parameters "
                "that do, or grad_req='null'"
            )


def check_state(field: str, net: gluon.Block, folder: Path, runs: gluon.Block, images: Any) -> None:
    """See that no array or number of a block changes while it computes what it has before.

    What does change then is no result of the images, nor of what is drawn from the same seed, but
    a state, as a moving mean, or a count of batches. A checkpoint has the parameters alone. A
    number on which no scores depend, as a clock, may change.

    Args:
        field: for messages.
        net: the network.
        folder: with the user's modules.
        runs: the network as it runs, which was trained for one step.
        images: of this step.

    Raises:
        UserError: one changes.
    """
    arrays, numbers = _arrays(net), _numbers(net)
    _trained_scores(runs, images)
    arrays_now, now = _arrays(net), _numbers(net)
    for place, before in arrays.items():
        after = arrays_now.get(place, before)
        if after.shape == before.shape and after.tobytes() != before.tobytes():
            raise _kept_nowhere(field, place, folder, "an array that changes in training", "")
    for place, number in numbers.items():
        # As texts, since NaN is not equal to itself.
        has_changed = repr(now.get(place, number)) != repr(number)
        if has_changed and _changes_scores(
            net, numbers, now, place, partial(_scores, runs, images)
        ):
            kind = "a number that changes in training and changes the scores"
            raise _kept_nowhere(field, place, folder, kind, ", or to leave it out")


def _trained_scores(runs: gluon.Block, images: Any) -> Any:
    """Return the scores of a step in training, with what is drawn from the same seed each time."""
    seed_generators(0)
    with autograd.record():
        scores = runs(images)
    scores.backward()
    nd.waitall()
    return scores


def _scores(runs: gluon.Block, images: Any) -> bytes:
    """Return the scores in evaluation and in training."""
    seed_generators(0)
    evaluated: bytes = runs(images).asnumpy().tobytes()
    trained: bytes = _trained_scores(runs, images).asnumpy().tobytes()
    return evaluated + trained


def _changes_scores(
    net: gluon.Block, before: Numbers, now: Numbers, place: Place, answer: Callable[[], bytes]
) -> bool:
    """Return whether the scores depend on a number, all else being as it was before."""
    parameters = [(each, each.data().copy()) for each in net.collect_params().values()]

    def answered(number: Any) -> bytes:
        for each, data in parameters:
            each.set_data(data)
        _put({**before, place: number})
        return answer()

    found = {answered(before[place]), answered(now[place])}
    with suppress(Exception):  # it may be an index, or too large for what is computed
        found.add(answered(FAR))
    _put(now)
    return len(found) > 1


def _put(numbers: Numbers) -> None:
    for (block, key), number in numbers.items():
        vars(block)[key] = number


def _kept_nowhere(field: str, place: Place, folder: Path, kind: str, otherwise: str) -> UserError:
    block, key = place
    at = defined(block, folder, rf"self\.{re.escape(key)}\b")
    return UserError(
        f"{field}: {type(block).__name__}.{key} is {kind}, and is not saved with the network{at}; "
        f"allowed is self.{key} = self.params.get('{key}', grad_req='null', ...){otherwise}"
    )


def _arrays(net: gluon.Block) -> dict[Place, NDArray[Any]]:
    """Return copies of the arrays that are attributes of blocks."""
    found = {}
    for block in blocks(net):
        for key, value in vars(block).items():
            if isinstance(value, nd.NDArray):
                found[block, key] = value.asnumpy()
            elif isinstance(value, np.ndarray):
                found[block, key] = value.copy()
    return found


def _numbers(net: gluon.Block) -> dict[Place, Any]:
    """Return the numbers that are attributes of blocks."""
    return {
        (block, key): value
        for block in blocks(net)
        for key, value in vars(block).items()
        if isinstance(value, np.generic | int | float) and key not in GLUONS_OWN
    }
