"""A user's network tried before anything trains: built, and given images of the dataset's shape."""

import contextlib
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.backend.seeding import seed_generators
from sweep.config.images import Shape, shape_text
from sweep.config.networks import Tried
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
    check_state,
    defined,
)
from sweep.networks.own_copies import quiet, tried_from_copies
from sweep.networks.own_target import explained, maker
from sweep.own_modules import enter

IMAGES = 2  # as many show whether a network keeps them apart
NEAR = 1e-4  # a graph may add in another order than the same operators one by one
TIMED = 3  # steps, of which the fastest counts
ALONE = (
    "; a batch may be a single image, whose dimension F.squeeze(x) takes away, too, and "
    "F.squeeze(x, axis=(2, 3)) does not"
)


def tried(network: Custom, shape: Shape, classes: int, keep_in: Path) -> Tried:
    """Try a network, and return it with what was found out.

    It is tried twice: from the folder of the command, or from its own if it has one, which shows
    what modules take part; then from copies of these alone, which is what trains.

    Args:
        network: with a target.
        shape: of an image.
        classes: scores of an image.
        keep_in: the folder for copies of modules.

    Raises:
        UserError: it does not build, or does not fit the images.
    """
    field = f"model._target_={network._target_}"
    here = network.source or Path.cwd()
    copied = tried_from_copies(
        field, [network.call.target], here, keep_in, partial(_try, network, shape, classes)
    )
    work, note = copied.found
    known = replace(network, _source_=copied.source, _folder_=str(copied.folder), _work_=work)
    notes = (copied.note, note, _seeded_by_itself(known, shape, classes))
    enter(copied.folder)  # as after the trial
    text = "; ".join(each for each in notes if each)
    return Tried(known, f"{field}: {text}" if text else "")


def _seeded_by_itself(network: Custom, shape: Shape, classes: int) -> str:
    """Return a line if MXNet draws the same for all seeds after the network was made."""
    drawn = set()
    for seed in range(2):
        with quiet(), numpy_switched_off_again():
            make = network.builder("cpu")
            seed_generators(seed)
            make(shape, classes)
        drawn.add(nd.random.uniform(shape=(1,)).asscalar())
    if len(drawn) > 1:
        return ""
    return (
        "its initial weights do not depend on seed, since it seeds MXNet itself when it is made: "
        "leave that out"
    )


def _try(network: Custom, shape: Shape, classes: int, folder: Path) -> tuple[int, str]:
    """Build a network from a folder, and train it for one step.

    Returns:
        Its multiplications for one image, and a line if it is no graph.
    """
    field = f"model._target_={network._target_}"
    net = maker(network.call.target, network.call.arguments, folder)(shape, classes)
    if not isinstance(net, gluon.Block):
        kind = type(net).__name__
        raise UserError(
            f"{field}: returned a {kind}; allowed is a network: a HybridBlock, or a Block"
        )
    check_layers(field, net, folder)
    at = defined(net, folder)
    images = nd.array(np.random.RandomState(0).uniform(size=(IMAGES, *shape)))
    given = f"{field}: given {_told(images)}"
    with explained(given, folder, at):
        with numpy_switched_off_again():
            initialized(net, mx.init.Xavier(magnitude=3), shape, mx.cpu())
        runs = as_it_runs(net)
        seed_generators(0)
        with _counting(net) as work, autograd.record():
            scores = runs(images)
        nd.waitall()
    _check_scores(given, scores, (IMAGES, classes), at)
    check_parameters(field, net, folder)
    with explained(f"{field}: trained for one step", folder, at):
        with autograd.record():
            loss = gluon.loss.SoftmaxCrossEntropyLoss()(scores, nd.zeros(IMAGES))
        loss.backward()
        nd.waitall()
    check_gradients(field, net)
    with explained(f"{given} again", folder, at):
        check_state(field, net, folder, runs, images)
    batches = [images, images[:1]]  # a model may be asked about one image
    for batch in batches:
        given = f"{field}: given {_told(batch)} in evaluation"
        with _hinting(batch), explained(given, folder, at):
            scores = runs(batch)
            nd.waitall()
            _check_scores(given, scores, (len(batch), classes), at)
    is_graph = isinstance(net, gluon.HybridBlock) and type(runs) is not Eager
    for batch in batches if is_graph else ():
        given = f"{field}: given {_told(batch)} in evaluation, in one graph"
        with _hinting(batch), explained(given, folder, at):
            _check_graph(given, runs, batch, at)
    return sum(work), _not_a_graph(runs, images, folder)


def _told(images: Any) -> str:
    count, *shape = images.shape
    return f"{count} image{'s' * (count > 1)} of {shape_text(shape)}"


@contextlib.contextmanager
def _hinting(images: Any) -> Iterator[None]:
    """Say what may be wrong of a network that does not take a single image."""
    try:
        yield
    except UserError as error:
        if len(images) > 1:
            raise
        raise UserError(f"{error}{ALONE}") from error


def _check_scores(begin: str, scores: Any, wanted: tuple[int, int], at: str) -> None:
    returned = scores.shape if isinstance(scores, nd.NDArray) else type(scores).__name__
    if returned != wanted:
        raise UserError(
            f"{begin}: returned {returned}{at}; allowed is {wanted}, {wanted[1]} scores for each "
            "image, one for each class, or number to predict, of the dataset"
        )


def _check_graph(begin: str, runs: gluon.Block, images: Any, at: str) -> None:
    """See that the graph of a network computes what its code does, whenever it is traced."""
    runs.hybridize(active=False)
    eagerly = _computed(runs, images)
    for _ in range(2):
        runs.hybridize(static_alloc=True, static_shape=True)  # which forgets the graph before
        traced = _computed(runs, images)
        near = NEAR * np.nan_to_num(np.abs(eagerly), posinf=0).max()
        if np.allclose(traced, eagerly, rtol=NEAR, atol=near, equal_nan=True):
            continue
        if not _draws(runs, images, eagerly):
            raise UserError(
                f"{begin}: its graph returns other scores than its code{at}, since Python runs "
                "once, when the graph is made; allowed are operators of F on x and on parameters "
                "alone, or a gluon.Block, which runs eagerly"
            )


def _draws(runs: gluon.Block, images: Any, eagerly: NDArray[np.float32]) -> bool:
    """Return whether MXNet draws for a network: in a graph it may do so in another order."""
    runs.hybridize(active=False)
    same, other = (_computed(runs, images, seed).tobytes() for seed in range(2))
    return same == eagerly.tobytes() != other


def _computed(runs: gluon.Block, images: Any, seed: int = 0) -> NDArray[np.float32]:
    """Return the scores, with what MXNet draws, if it draws any, from this seed."""
    mx.random.seed(seed)
    scores: NDArray[np.float32] = runs(images).asnumpy()
    return scores


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


def _calling_seconds(runs: gluon.Block, images: Any) -> float:
    """Return how long it takes to call the operators of a step, which MXNet computes meanwhile.

    For a network that is no graph, that is what a step costs besides what it computes, however
    many images there are; unless it waits for results.
    """
    nd.waitall()
    begin = time.perf_counter()
    with autograd.record():
        scores = runs(images)
    scores.backward()
    return time.perf_counter() - begin


def _not_a_graph(runs: gluon.Block, images: Any, folder: Path) -> str:
    if isinstance(runs, ForNumpy):
        at = defined(runs.net, folder)
        return f"is for mxnet.np{at}: its model carries its source, which runs where it is served"
    if isinstance(runs, Eager):
        seconds = min(_calling_seconds(runs, images) for _ in range(TIMED))
        nd.waitall()
        milliseconds = float(f"{1000 * seconds:.1g}")  # more figures differ from trial to trial
        return (
            f"runs eagerly, operator by operator: {why_eager(runs.net)}"
            f"{defined(runs.net, folder)}; its model carries its source, which runs where it is "
            "served. A HybridBlock with hybrid_forward(self, F, x), which asks for no shape and "
            f"has MXNet's operators alone, is one graph: it saves at most the {milliseconds:g} ms "
            "or so that the calls of a step take here, and is served without its source"
        )
    return ""
