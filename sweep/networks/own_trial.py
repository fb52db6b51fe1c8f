"""A user's network tried before anything trains: built, and given images of the dataset's shape."""

import contextlib
import inspect
import io
import json
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import Shape, Tried
from sweep.errors import UserError
from sweep.networks.blocks.eager import (
    Eager,
    ForNumpy,
    as_it_runs,
    numpy_switched_off_again,
    why_eager,
)
from sweep.networks.build import initialized
from sweep.networks.families.custom import Custom
from sweep.networks.own_modules import enter, identity, keep, taking_part
from sweep.networks.own_target import make, told

IMAGES = 2  # as many show whether a network keeps them apart


def tried(network: Custom, shape: Shape, classes: int, keep_in: Path) -> Tried:
    """Try a network, and return it with what was found out.

    It is tried twice: from the folder of the command, which shows what modules take part; then from
    copies of these alone, which is what trains.

    Args:
        network: with a target.
        shape: of an image.
        classes: scores of an image.
        keep_in: the folder for copies of modules.

    Raises:
        UserError: it does not build, or does not fit the images.
    """
    here = Path.cwd()
    with _quiet(), numpy_switched_off_again():
        _try(network, shape, classes, here)
        files = taking_part(here)
        folder = keep(files, keep_in)
        try:
            runs, work = _try(network, shape, classes, folder)
        except UserError as error:
            raise UserError(
                f"{error}\n(with copies of {', '.join(files) or 'no file'} alone, which are what "
                "trains; allowed: modules that read no other files beside themselves)"
            ) from error
        note = _note(network, runs, folder)
    known = replace(network, _source_=identity(files), _folder_=str(folder), _work_=work)
    return Tried(known, note)


def _try(network: Custom, shape: Shape, classes: int, folder: Path) -> tuple[gluon.Block, int]:
    """Build a network from a folder, and train it for one step.

    Returns:
        It as it runs, and its multiplications for one image.
    """
    field = f"model._target_={network._target_}"
    enter(folder)
    arguments = json.loads(network._arguments_)
    net = make(str(network._target_), arguments, shape, classes, folder)
    if not isinstance(net, gluon.Block):
        kind = type(net).__name__
        raise UserError(
            f"{field}: returned a {kind}; allowed is a network: a HybridBlock, or a Block"
        )
    _check_registered(field, net, folder)
    side = "×".join(map(str, shape))
    given = f"given {IMAGES} images of {side}"
    try:
        with numpy_switched_off_again():
            initialized(net, mx.init.Xavier(magnitude=3), shape, mx.cpu())
        runs = as_it_runs(net)
        with _counting(net) as work, autograd.record():
            scores = runs(nd.zeros((IMAGES, *shape)))
    except (Exception, SystemExit) as error:  # whatever somebody else's code raises
        raise UserError(f"{field}: {given}: {_told(error, net, folder)}") from error
    _check_scores(f"{field}: {given}", scores, classes, _defined(net, folder))
    _check_gradients(field, net, scores)
    return runs, sum(work)


def _check_scores(begin: str, scores: Any, classes: int, at: str) -> None:
    wanted = (IMAGES, classes)
    returned = scores.shape if isinstance(scores, nd.NDArray) else type(scores).__name__
    if returned != wanted:
        raise UserError(
            f"{begin}: returned {returned}{at}; allowed is {wanted}, {classes} scores for each "
            "image, one for each class of the dataset"
        )


def _check_gradients(field: str, net: gluon.Block, scores: Any) -> None:
    """See that every parameter takes part: Gluon's Trainer refuses others."""
    truth = nd.zeros(IMAGES)
    with autograd.record():
        loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, truth)
    loss.backward()
    nd.waitall()
    for key, each in net._collect_params_with_prefix().items():
        if each.grad_req != "null" and not each.list_data()[0]._fresh_grad:
            raise UserError(
                f"{field}: its parameter {key} takes no part in the scores; allowed are parameters "
                "that do, or grad_req='null'"
            )


def _check_registered(field: str, net: gluon.Block, folder: Path) -> None:
    """See that no block keeps others where Gluon does not find them."""
    for block in _blocks(net):
        registered = {id(each) for each in block._children.values()}
        for key, value in vars(block).items():
            if key.startswith("_") and key in vars(gluon.Block(prefix="")):
                continue
            values = value.values() if isinstance(value, dict) else value
            if not isinstance(values, list | tuple | type({}.values())):
                continue
            if any(isinstance(each, gluon.Block) and id(each) not in registered for each in values):
                at = _defined(block, folder, rf"self\.{re.escape(key)}\b")
                kind = type(value).__name__
                raise UserError(
                    f"{field}: {type(block).__name__}.{key} keeps layers in a {kind}, where Gluon "
                    f"does not find them{at}; allowed is nn.HybridSequential, or "
                    "self.register_child for each"
                )


def _blocks(net: gluon.Block) -> Iterator[gluon.Block]:
    yield net
    for each in net._children.values():
        yield from _blocks(each)


def _defined(block: gluon.Block, folder: Path, pattern: str = "") -> str:
    """Return `` (my_nets.py:12)``: where a block's class begins, or has this pattern."""
    try:
        file = Path(str(inspect.getsourcefile(type(block))))
        lines, first = inspect.getsourcelines(type(block))
        place = file.relative_to(folder.resolve())
    except (OSError, TypeError, ValueError):
        return ""  # of a package, or made by no file
    found = [number for number, line in enumerate(lines) if pattern and re.search(pattern, line)]
    return f" ({place}:{first + (found[0] if found else 0)})"


def _told(error: BaseException, net: gluon.Block, folder: Path) -> str:
    """Return an error in one line, with the user's line, or else where the network's class is."""
    text = told(error, folder)
    at = _defined(net, folder)
    return text if at.partition(":")[0].strip(" (") in text and at else text + at


@contextlib.contextmanager
def _counting(net: gluon.Block) -> Iterator[list[int]]:
    """Count the multiplications for one image of each layer with a weight, as it is used."""
    counted: list[int] = []

    def count(block: gluon.Block, inputs: Any, output: Any) -> None:
        weight = block._reg_params["weight"]
        positions = output.shape[2:] if isinstance(output, nd.NDArray) else ()
        counted.append(math.prod(weight.shape) * math.prod(positions))

    layers = [each for each in _blocks(net) if "weight" in getattr(each, "_reg_params", {})]
    handles = [each.register_forward_hook(count) for each in layers]
    try:
        yield counted
    finally:
        for each in handles:
            each.detach()


def _note(network: Custom, runs: gluon.Block, folder: Path) -> str:
    """Return a line about how a network runs; nothing if that is in one graph."""
    begin = f"model._target_={network._target_}: "
    if isinstance(runs, ForNumpy):
        at = _defined(runs.net, folder)
        return f"{begin}is for mxnet.np{at}: it trains, but its model cannot be served"
    if isinstance(runs, Eager):
        return (
            f"{begin}runs eagerly, operator by operator: {why_eager(runs.net)}"
            f"{_defined(runs.net, folder)}; its model cannot be served. A HybridBlock with "
            "hybrid_forward(self, F, x), which asks for no shape, is one graph: faster, and served"
        )
    return ""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep from the terminal what a user's module prints, and what MXNet warns of."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
