"""A user's network tried before anything trains: built, and given images of the dataset's shape."""

import contextlib
import io
import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import Tried
from sweep.config.images import Shape
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
from sweep.networks.own_checks import (
    blocks,
    check_gradients,
    check_layers,
    check_parameters,
    defined,
    unchanged_state,
)
from sweep.networks.own_modules import enter, foreign, identity, keep, places, taking_part
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
        _check_copied(network, here, folder)
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
    check_layers(field, net, folder)
    given = f"{field}: given {IMAGES} images of {'×'.join(map(str, shape))}"
    images = nd.array(np.random.RandomState(0).uniform(size=(IMAGES, *shape)))
    with _explained(given, net, folder):
        with numpy_switched_off_again():
            initialized(net, mx.init.Xavier(magnitude=3), shape, mx.cpu())
        runs = as_it_runs(net)
        with _counting(net) as work, autograd.record():
            scores = runs(images)
        nd.waitall()
    _check_scores(given, scores, classes, defined(net, folder))
    check_parameters(field, net, folder)
    with _explained(f"{field}: trained for one step", net, folder):
        with autograd.record():
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, nd.zeros(IMAGES))
        loss.backward()
        nd.waitall()
    check_gradients(field, net)
    with _explained(f"{given} again", net, folder), unchanged_state(field, net, folder):
        with autograd.record():
            runs(images)
    with _explained(f"{given} in evaluation", net, folder):
        scores = runs(images)
        nd.waitall()
    _check_scores(f"{given} in evaluation", scores, classes, defined(net, folder))
    return runs, sum(work)


@contextlib.contextmanager
def _explained(begin: str, net: gluon.Block, folder: Path) -> Iterator[None]:
    """Turn whatever somebody else's code raises into one line."""
    try:
        yield
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"{begin}: {_told(error, net, folder)}") from error


def _check_copied(network: Custom, here: Path, folder: Path) -> None:
    """See that what takes part now are copies: otherwise runs would train from other files."""
    for name, file in places(here).items():
        if not file.is_relative_to(folder):
            raise UserError(
                f"model._target_={network._target_}: its module {name} is imported from {file}, "
                "and not from the copy of it that is to train; allowed are modules that are found "
                "without a change of sys.path, as in PYTHONPATH=FOLDER"
            )


def _check_scores(begin: str, scores: Any, classes: int, at: str) -> None:
    wanted = (IMAGES, classes)
    returned = scores.shape if isinstance(scores, nd.NDArray) else type(scores).__name__
    if returned != wanted:
        raise UserError(
            f"{begin}: returned {returned}{at}; allowed is {wanted}, {classes} scores for each "
            "image, one for each class of the dataset"
        )


def _told(error: BaseException, net: gluon.Block, folder: Path) -> str:
    """Return an error in one line, with the user's line, or else where the network's class is."""
    text = told(error, folder)
    at = defined(net, folder)
    return text if at.partition(":")[0].strip(" (") in text and at else text + at


@contextlib.contextmanager
def _counting(net: gluon.Block) -> Iterator[list[int]]:
    """Count the multiplications for one image of each layer with a weight, as it is used."""
    counted: list[int] = []

    def count(block: gluon.Block, inputs: Any, output: Any) -> None:
        weight = block._reg_params["weight"]
        positions = output.shape[2:] if isinstance(output, nd.NDArray) else ()
        counted.append(math.prod(weight.shape) * math.prod(positions))

    layers = [each for each in blocks(net) if "weight" in getattr(each, "_reg_params", {})]
    handles = [each.register_forward_hook(count) for each in layers]
    try:
        yield counted
    finally:
        for each in handles:
            each.detach()


def _note(network: Custom, runs: gluon.Block, folder: Path) -> str:
    """Return a line about what a network is not; nothing if it is in one graph, and recorded."""
    told = [_not_recorded(network, folder), _not_served(runs, folder)]
    text = "; ".join(each for each in told if each)
    return f"model._target_={network._target_}: {text}" if text else ""


def _not_recorded(network: Custom, folder: Path) -> str:
    file = foreign(str(network._target_).rpartition(".")[0], folder)
    if file is None:
        return ""
    return (
        f"{file} is not below the folder of the command, so it is neither recorded nor in the "
        "fingerprint"
    )


def _not_served(runs: gluon.Block, folder: Path) -> str:
    if isinstance(runs, ForNumpy):
        at = defined(runs.net, folder)
        return f"is for mxnet.np{at}: it trains, but its model cannot be served"
    if isinstance(runs, Eager):
        return (
            f"runs eagerly, operator by operator: {why_eager(runs.net)}"
            f"{defined(runs.net, folder)}; its model cannot be served. A HybridBlock with "
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
