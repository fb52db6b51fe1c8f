"""Straight lines that go through a whole picture: ruled and graph paper."""

import math

import numpy as np
from scipy import ndimage

from sweep.data.photographs.background import Grey, Mask

LEAST_SHARE = 0.7  # of its way through the picture that is dark, where a line is
END = 0.04  # of its way, at both of its ends, that is dark as well
STEEPEST = 8  # degrees between a line and the picture's edges
STEPS = 33  # of angles that are tried
THICKEST = 0.03  # of the picture's shorter side


def without_lines(ink: Grey, mask: Mask) -> tuple[Grey, int]:
    """Return how much ink is where, without lines, and how many there were.

    Where a stroke crosses a line it goes on.

    Args:
        ink: (h, w), 0 where there is none.
        mask: (h, w), where it is.
    """
    level, level_count = _without_level(ink, mask)
    upright, upright_count = _without_level(level.T, mask.T)
    return upright.T, level_count + upright_count


def _without_level(ink: Grey, mask: Mask) -> tuple[Grey, int]:
    """Return it without the lines from the left to the right."""
    lines = _lines(mask)
    _, count = ndimage.label(lines)
    if not count:
        return ink, 0
    # A line is some pixels thick: what is left of a stroke above and below it is joined again.
    thickness = math.ceil(lines.sum(axis=0).max() / count)
    gap = 2 * min(thickness, _thickest(mask)) + 3
    cut = np.where(lines, 0, ink)
    return np.where(lines, ndimage.grey_closing(cut, size=(gap, 1)), ink), count


def _reaches_both_ends(dark: Mask) -> bool:
    """Return whether a line goes through: a stroke, however long, ends within the picture.

    Args:
        dark: (n,), where it is, from one edge of the picture to the other.
    """
    near = max(1, round(END * len(dark)))
    return bool(dark[:near].mean() > LEAST_SHARE and dark[-near:].mean() > LEAST_SHARE)


def _thickest(mask: Mask) -> int:
    return max(2, round(THICKEST * min(mask.shape)))


def _lines(mask: Mask) -> Mask:
    """Return where there are lines that are level, or nearly, by Hough's transform."""
    height, width = mask.shape
    found = np.zeros_like(mask)
    rows, columns = mask.nonzero()
    if not len(rows):
        return found
    middle = columns - (width - 1) / 2
    every = np.arange(width) - (width - 1) / 2
    for slope in np.tan(np.radians(np.linspace(-STEEPEST, STEEPEST, STEPS))):
        # Half a pixel of tolerance: a line that is drawn has steps.
        crossed = np.rint(rows - slope * middle).astype(np.int64)
        inside = (crossed >= 0) & (crossed < height)
        counts = np.bincount(crossed[inside], minlength=height)
        for row in (counts >= LEAST_SHARE * width).nonzero()[0]:
            along = np.rint(row + slope * every).astype(np.int64)
            across = ((along >= 0) & (along < height)).nonzero()[0]
            path = along[across], across
            if _reaches_both_ends(mask[path]):
                found[path] = True
    if not found.any():
        return found
    # Strokes are thicker than lines: what is dark far above and below is none of the line.
    thickest = _thickest(mask)
    near: Mask = ndimage.binary_dilation(found, np.ones((3, 1), bool))
    runs, count = ndimage.label(near)
    for number, place in enumerate(ndimage.find_objects(runs), 1):
        part = runs[place] == number
        if np.median(part.sum(axis=0)) > thickest + 4:
            near[place][part] = False
    return near
