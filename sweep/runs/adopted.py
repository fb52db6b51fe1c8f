"""Networks that were trained elsewhere: understood from their files, checked, and built.

Nothing of a file is given to MXNet before it was checked here, with its parameters.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sweep.backend.mxnet import gluon, mx, nd
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.config.tasks import Task
from sweep.data.splits import Dataset
from sweep.errors import UserError
from sweep.networks.blocks.eager import numpy_switched_off_again
from sweep.networks.blocks.symbol import refused
from sweep.networks.build import architecture, build_network
from sweep.networks.families.symbol import Symbol
from sweep.networks.matching import matched
from sweep.networks.params_file import Broken
from sweep.networks.summary import layers, rows_of
from sweep.networks.symbols.fitting import Arrays, fitting
from sweep.networks.symbols.graph import SHAPE
from sweep.networks.symbols.operators import told
from sweep.networks.symbols.outputs import Scores, SeveralOutputs, number_of_scores, scores_of
from sweep.networks.symbols.reading import read_graph
from sweep.networks.trained import PARAMETERS, Trained, read_trained
from sweep.runs.adopted_files import Files, arrays_of
from sweep.training.state import parameters, restore_parameters

Sides = tuple[int, int]  # of an image: height, width
MOST_VALUES = 2**26  # of parameters that are compared with fewer: 256 MiB
CHANNELS = (1, 3)  # that are tried where nothing tells how many there are
SEED = 0  # of what a network draws when it is built, and its file does not have


@dataclass(frozen=True)
class Adopted:
    """A network with the parameters of its file.

    Attributes:
        network: as ``model=`` has it.
        net: built.
        shape: of an image.
        outputs: scores of an image.
        task: what the scores are.
        output: the name of the output that was taken.
        graph: in the form of MXNet 1.9.1, up to the scores, if it is from a file.
        is_completed: whether the graph has shapes of parameters that follow from their file alone.
    """

    network: Network
    net: gluon.Block
    shape: Shape
    outputs: int
    task: Task
    output: str = ""
    graph: str = ""
    is_completed: bool = False


@dataclass(frozen=True)
class Understood:
    """The network of a graph's file, before it is known which images it takes.

    Attributes:
        files: that it is from.
        network: with what the files do not say.
        scores: the network up to its scores.
        arrays: the parameters by name.
        unused: names of other parts of the network that the scores do not need.
    """

    files: Files
    network: Symbol
    scores: Scores
    arrays: Arrays
    unused: Sequence[str]


def understood(files: Files, network: Symbol) -> Understood:
    """Return the network of a graph's file, as far as it follows from its files.

    Args:
        files: with a graph.
        network: with what the files do not say.

    Raises:
        UserError: a file is broken, or has no such output.
    """
    assert files.graph is not None
    arrays = arrays_of(files)
    try:
        graph = read_graph(files.contents[files.graph.name])
        scores = scores_of(graph, network.output, arrays)
    except SeveralOutputs as error:
        raise UserError(f"{files.graph}: {error}; allowed is --output NAME") from error
    except Broken as error:
        raise UserError(f"{files.graph}: {error}") from error
    unused = [each for each in graph.variables if each not in scores.graph.variables]
    return Understood(files, network, scores, arrays, unused)


def adopt_symbol(read: Understood, sides: Sides | None) -> Adopted:
    """Return the network of a graph's file, built.

    Args:
        read: what was understood of its files.
        sides: of an image; None to find them out.

    Raises:
        UserError: the files do not belong together, or images of this size do not fit.
    """
    files, scores, arrays = read.files, read.scores, read.arrays
    try:
        found = fitting(scores.graph, arrays, read.unused, sides)
        outputs = number_of_scores(found.checked.output)
    except Broken as error:
        raise UserError(f"{files.parameters}: {error}") from error
    given = found.checked.given
    shapes = {
        number: {SHAPE: str(given[each.name])}
        for number, each in enumerate(scores.graph.nodes)
        if each.operator is None and each.name in given
    }
    complete = scores.graph.with_attributes(shapes)
    network = read.network.of(complete)
    network.check(found.image)
    with _told(str(files.graph)):
        net = build_network(network, found.image, outputs, seed=SEED, context=mx.cpu())
        restore_parameters(net, {f"net/{key}": arrays[key] for key in parameters(net)})
        net(nd.zeros((1, *found.image))).wait_to_read()
    return Adopted(
        network,
        net,
        found.image,
        outputs,
        scores.task,
        scores.output,
        complete.to_json(),
        bool(shapes),
    )


def adopt_parameters(
    files: Files, network: Network, shapes: Sequence[Shape], outputs: int, task: Task
) -> Adopted:
    """Return a network of this program's, or of the user's, with the parameters of a file.

    Args:
        files: without a graph.
        network: as it was tried.
        shapes: of an image; those that are possible.
        outputs: scores of an image.
        task: what the scores are.

    Raises:
        UserError: the file is broken, or has the parameters of another network.
    """
    field = str(files.parameters)
    try:
        trained = read_trained({PARAMETERS: files.contents[files.parameters.name]})
    except Broken as error:
        raise UserError(f"{field}: {error}") from error
    reasons = list[UserError]()
    for shape in shapes:
        try:
            network.check(shape)
            _check_size(field, trained, network, shape, outputs)
            with _told(field):
                net = build_network(network, shape, outputs, seed=SEED, context=mx.cpu())
            found = matched(field, trained, net, network, shape, outputs)
        except UserError as error:
            reasons.append(error)
            continue
        if found.anew:
            raise UserError(
                f"{field}: is for another number of classes: {', '.join(found.anew)}; allowed is "
                "a dataset, or --classes, with as many"
            )
        restore_parameters(net, {f"net/{key}": each for key, each in found.arrays.items()})
        return Adopted(network, net, shape, outputs, task)
    raise reasons[0]


def _check_size(field: str, trained: Trained, network: Network, shape: Shape, outputs: int) -> None:
    """Check that a network is not too large to be built for a comparison, as far as is known."""
    with numpy_switched_off_again():
        net = network.build_plain(shape, outputs)
    shapes = [each.shape for each in net.collect_params().values()]
    here = sum(math.prod(each) for each in shapes if each and min(each) > 0)
    there = sum(each.size for each in trained.arrays.values())
    if here > max(there, MOST_VALUES):
        raise UserError(
            f"{field}: has {there:,} numbers, and the network {here:,} for images of "
            f"{told(shape)}; allowed are parameters of the same network"
        )


@contextmanager
def _told(field: str) -> Iterator[None]:
    """Turn what MXNet says about a network into a line for people."""
    try:
        yield
    except mx.MXNetError as error:
        raise UserError(f"{field}: {refused(error)}") from error


def possible_shapes(sides: Sides) -> list[Shape]:
    """Return the shapes that images of this size may have."""
    return [(channels, *sides) for channels in CHANNELS]


def check_dataset(adopted: Adopted, dataset: Dataset) -> None:
    """Check that a network can be measured on a dataset.

    Raises:
        UserError: it is for other images, or for another number of classes.
    """
    field = f"dataset={dataset.name}"
    if adopted.shape != dataset.shape:
        given, taken = told(dataset.shape), told(adopted.shape)
        raise UserError(f"{field}: has images of {given}; the network takes {taken}")
    if adopted.task == "regression" != dataset.task:
        raise UserError(f"{field}: has classes; the network predicts numbers ({adopted.output})")
    if adopted.outputs != dataset.outputs:
        what = "classes" if dataset.class_names else "numbers to predict"
        raise UserError(
            f"{field}: has {dataset.outputs} {what}; the network has {adopted.outputs} outputs"
        )


def layer_rows(adopted: Adopted) -> list[tuple[str, str, str, str]]:
    """Return a network's layers, and their sum, as they are shown; nothing if it is no graph."""
    symbol = architecture(adopted.network, adopted.shape, adopted.outputs)
    if symbol is None:
        return []
    return rows_of(layers(symbol, adopted.shape))
