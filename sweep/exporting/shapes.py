"""The shapes and types of all that a network computes, whatever the number of images."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from sweep.exporting.computing import values
from sweep.exporting.graph import Graph

Sides = tuple[int | None, ...]  # None for one that depends on the number of images
FEW = (2, 3)  # numbers of images of which the shapes are compared


@dataclass(frozen=True)
class Described:
    """What is known of a value before there are images.

    Attributes:
        sides: its shape.
        type: of its numbers.
    """

    sides: Sides
    type: np.dtype[Any]


@lru_cache(maxsize=1)  # for it takes seconds, and each format asks for it
def described(graph: Graph) -> Mapping[str, Described]:
    """Return the shape and type of each value, by name: it is computed of a few black images.

    Raises:
        UserError: an operator is not covered.
    """
    with np.errstate(all="ignore"):  # of black images, what divides may divide by 0
        one, other = (values(graph, np.zeros((count, *graph.shape), graph.takes)) for count in FEW)
    found = {
        name: Described(_common(one[name].shape, other[name].shape), one[name].dtype)
        for name in one
    }
    return MappingProxyType(found)


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> Sides:
    return tuple(a if a == b else None for a, b in zip(one, other, strict=True))
