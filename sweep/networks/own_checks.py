"""What must be so of a user's network that trains here: all that it learns is found and kept."""

import inspect
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from sweep.backend.mxnet import gluon, nd
from sweep.errors import UserError

GLUONS_OWN = frozenset(vars(gluon.HybridBlock(prefix="")))


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


@contextmanager
def unchanged_state(field: str, net: gluon.Block, folder: Path) -> Iterator[None]:
    """See that no array or number of a block changes while it computes what it has before.

    What does change then is no result of the images, nor of what is drawn from the same seed, but
    a state, as a moving mean, or a count of batches. A checkpoint has the parameters alone.

    Raises:
        UserError: one changes.
    """
    before = _state(net)
    yield
    after = _state(net)
    for (block, key), value in before.items():
        now = after.get((block, key), value)
        if now.shape == value.shape and now.tobytes() != value.tobytes():
            at = defined(block, folder, rf"self\.{re.escape(key)}\b")
            kind = "an array" if value.shape else "a number"
            raise UserError(
                f"{field}: {type(block).__name__}.{key} is {kind} that changes in training, and "
                f"is not saved with the network{at}; allowed is "
                f"self.{key} = self.params.get('{key}', grad_req='null', ...)"
            )


def _state(net: gluon.Block) -> dict[tuple[gluon.Block, str], Any]:
    """Return copies of the arrays and numbers that are attributes of blocks, by block and name."""
    found = {}
    for block in blocks(net):
        for key, value in vars(block).items():
            if isinstance(value, nd.NDArray):
                found[block, key] = value.asnumpy()
            elif isinstance(value, np.ndarray | np.generic | int | float) and key not in GLUONS_OWN:
                found[block, key] = np.array(value)
    return found
