"""Checks that parameters are those of a graph, and finds out which images it takes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.images import Shape
from sweep.networks.params_file import Broken
from sweep.networks.symbols.graph import DATA, Graph
from sweep.networks.symbols.operators import told
from sweep.networks.symbols.shapes import Checked, check_shapes

# Sides that networks were made for: MNIST, CIFAR, small photographs, ImageNet.
USUAL_SIDES = (28, 32, 64, 96, 128, 224, 227, 256, 299)
SHOWN = 8  # parameters in a message

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Fitting:
    """A graph with its parameters.

    Attributes:
        image: the shape of one: channels, height, width.
        checked: what is known of the graph for such images.
    """

    image: Shape
    checked: Checked


def fitting(
    graph: Graph, arrays: Arrays, unused: Sequence[str], sides: tuple[int, int] | None
) -> Fitting:
    """Find out which images a network takes, by its parameters, and check these.

    Args:
        graph: up to the scores.
        arrays: the parameters by name.
        unused: names of other parts of the network that the scores do not need.
        sides: height and width of images; None to find them out.

    Raises:
        Broken: the parameters are not those of the graph, images of this size do not fit, or
            those of several do.
    """
    _check_names(graph, arrays, unused)
    _check_values(graph, arrays)
    shapes = {name: each.shape for name, each in arrays.items()}
    found, reasons = [], list[str]()
    candidates = _candidates(graph, shapes, sides)
    for image in candidates:
        try:
            checked = check_shapes(graph, image, shapes)
            _check_sizes(checked, shapes)
            found.append(Fitting(image, checked))
        except Broken as error:
            reasons.append(str(error))
    if not found:
        given = f"{sides[0]}×{sides[1]} pixels" if sides else "any usual size"
        raise Broken(f"does not take images of {given}: {min(reasons, key=len)}")
    if len(found) > 1 and not sides:
        several = ", ".join(told(each.image[1:]) for each in found)
        raise Broken(f"takes images of several sizes ({several}); the size has to be given")
    return found[0]


def _check_names(graph: Graph, arrays: Arrays, unused: Sequence[str]) -> None:
    """Check that all parameters are there, and no others."""
    wanted = [each for each in graph.variables if each != DATA]
    missing = [each for each in wanted if each not in arrays]
    others = [
        f"{name} ({told(each.shape)})"
        for name, each in arrays.items()
        if name not in wanted and name not in unused
    ]
    if missing or others:
        parts = [f"it has no {_listed(missing)}"] * bool(missing)
        parts += [f"it has {_listed(others)}, which the network has not"] * bool(others)
        raise Broken(f"has the parameters of another network: {'; '.join(parts)}")


def _check_values(graph: Graph, arrays: Arrays) -> None:
    for name in graph.variables:
        if name == DATA:
            continue
        if arrays[name].dtype != np.float32:
            raise Broken(f"has {name} as {arrays[name].dtype}; allowed is float32")
        if not np.isfinite(arrays[name]).all():
            raise Broken(f"has numbers in {name} that are not finite")


def _check_sizes(checked: Checked, shapes: Mapping[str, tuple[int, ...]]) -> None:
    different = [
        f"{name} ({told(shapes[name])} there, {told(wanted)} here)"
        for name, wanted in checked.parameters.items()
        if shapes[name] != wanted
    ]
    if different:
        raise Broken(f"the parameters have other shapes: {_listed(different)}")


def _candidates(
    graph: Graph, shapes: Mapping[str, tuple[int, ...]], sides: tuple[int, int] | None
) -> list[Shape]:
    """Return the shapes of images that the network may be for."""
    sizes = [sides] if sides else [(side, side) for side in USUAL_SIDES]
    node, weight = _first_layer(graph, shapes)
    if len(weight) != 2:  # a convolution, which has its channels
        groups = int(node.get("num_group", "1")) if len(weight) > 2 else 1
        channels = [weight[1] * groups] if len(weight) > 2 else [3, 1]
        return [(each, *size) for each in channels for size in sizes]
    values = weight[1]
    fit = [(values // math.prod(size), *size) for size in sizes if not values % math.prod(size)]
    fit = [each for each in fit if each[0] in (1, 3)] or fit[:1]
    if sides:
        return fit or [(1, *sides)]
    return fit[:1] or [(1, 1, values)]


def _first_layer(
    graph: Graph, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[Mapping[str, str], tuple[int, ...]]:
    """Return the attributes of the first layer that has a weight, and the weight's shape."""
    for node in graph.nodes:
        for number, _ in node.inputs[1:2]:
            shape = shapes.get(graph.nodes[number].name, ())
            if node.operator in ("Convolution", "Convolution_v1", "FullyConnected") and shape:
                return node.attributes, shape
    return {}, ()


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"
