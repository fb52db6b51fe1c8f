"""The digits of a picture, one by one: which pieces of ink belong together, and in which order."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from sweep.data.photographs.background import Grey
from sweep.data.photographs.ink import Ink

Box = tuple[int, int, int, int]  # top, bottom, left, right, in pixels

OVERLAP = 0.35  # of the narrower of two pieces that the other covers, if they are one digit
LOWER = 0.65  # of the taller one's height: beside it, a lower piece is a part of it
APART_DOWN, APART_ACROSS = 0.3, 0.12  # of the taller one's height: parts are at most so far apart
SMALLEST = 0.4  # of the longest digit's extent: what is smaller is none
FULL = 0.85  # of the strokes' levels: what is above this quantile is full ink
FAINT = 0.15  # of full ink: what is below is none


@dataclass(frozen=True)
class Digit:
    """A digit that was found in a picture.

    Attributes:
        ink: (h, w) float32, 0 (none) to 1, of what is around it.
        stroke: how wide its strokes are, in pixels.
    """

    ink: Grey
    stroke: float


@dataclass(frozen=True)
class _Group:
    """Pieces that are one digit, by their places, and the box around them."""

    pieces: list[int]
    box: Box


def digits(ink: Ink) -> list[Digit]:
    """Return the digits in the order in which they are read: line by line, from the left."""
    groups = _without_crumbs(_together(_boxes(ink)))
    return [_digit(ink, each) for each in _in_reading_order(groups)]


def as_one(ink: Ink) -> Digit:
    """Return all of the ink as one digit."""
    return _digit(ink, _group(list(range(ink.pieces)), _boxes(ink)))


def _boxes(ink: Ink) -> list[Box]:
    places = ndimage.find_objects(ink.labels)
    return [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in places]


def _group(pieces: list[int], boxes: list[Box]) -> _Group:
    top, bottom, left, right = zip(*(boxes[each] for each in pieces), strict=True)
    return _Group(pieces, (min(top), max(bottom), min(left), max(right)))


def _together(boxes: list[Box]) -> list[_Group]:
    """Return which of the pieces are one digit."""
    count = len(boxes)
    joined = np.zeros((count, count), bool)
    for one in range(count):
        for other in range(one):
            joined[one, other] = _are_one(boxes[one], boxes[other])
    groups, number = connected_components(joined, directed=False)
    members = [(number == each).nonzero()[0].tolist() for each in range(groups)]
    return [_group(each, boxes) for each in members]


def _are_one(one: Box, other: Box) -> bool:
    """Return whether two pieces belong to one digit, as the two of a 5 whose bar is apart."""
    low, tall = sorted((one, other), key=lambda box: box[1] - box[0])
    height, across = tall[1] - tall[0], min(one[3], other[3]) - max(one[2], other[2])
    down = max(one[0], other[0]) - min(one[1], other[1])
    narrower = min(one[3] - one[2], other[3] - other[2])
    if across > OVERLAP * narrower:
        return down < APART_DOWN * height
    is_beside = -across < APART_ACROSS * height and down < 0
    return is_beside and low[1] - low[0] < LOWER * height


def _without_crumbs(groups: list[_Group]) -> list[_Group]:
    """Return the groups without what is near a digit, and no part of it."""
    extents = [_extent(each.box) for each in groups]
    least = SMALLEST * max(extents)
    return [group for group, extent in zip(groups, extents, strict=True) if extent >= least]


def _extent(box: Box) -> int:
    return max(box[1] - box[0], box[3] - box[2])


def _in_reading_order(groups: list[_Group]) -> list[_Group]:
    """Return the groups line by line; those of a line have their middles above its first's end."""
    left, ordered = sorted(groups, key=lambda group: group.box[0]), list[_Group]()
    while left:
        _, bottom, *_ = left[0].box
        line = [each for each in left if (each.box[0] + each.box[1]) / 2 < bottom]
        ordered += sorted(line, key=lambda group: group.box[2])
        left = [each for each in left if each not in line]
    return ordered


def _digit(ink: Ink, group: _Group) -> Digit:
    reach = max(1, round(ink.stroke / 3))  # a stroke's edge is beside what was found, and soft
    top, bottom, left, right = group.box
    around = (
        slice(max(top - reach, 0), bottom + reach),
        slice(max(left - reach, 0), right + reach),
    )
    level, labels = ink.level[around], ink.labels[around]
    core = np.isin(labels, [each + 1 for each in group.pieces])
    full = float(np.quantile(level[core], FULL))
    faint = FAINT * full
    near = ndimage.binary_dilation(core, iterations=reach) & (core | (labels == 0))
    shares = np.where(near, np.clip((level - faint) / (full - faint), 0, 1), 0)
    return Digit(shares.astype(np.float32), ink.stroke)
