"""A frame around a picture: a strip along its edge, in another tone than what is inside."""

import numpy as np

from sweep.data.photographs.background import Grey

WIDEST = 0.2  # of the picture's side, that a strip may take
LEAST_STEP = 0.08  # of black to white, from the strip to what is inside
MOST_ALIKE = 0.25  # of what is inside of a frame, that is more like it than like the rest
SOFT = 2  # pixels of its edge that belong to neither

Inside = tuple[slice, slice]  # rows and columns


def inside_frame(pixels: Grey) -> Inside:
    """Return the rows and columns that are inside of a frame: all of them if there is none.

    Args:
        pixels: (channels, h, w) float32, 0 (black) to 1.
    """
    rows, columns = _inside(pixels), _inside(pixels.transpose(0, 2, 1))
    return rows, columns


def is_around(pixels: Grey, inside: Inside) -> bool:
    """Return whether there is a strip on each side, and little in its tone inside.

    There is much around a digit that fills its picture: its paper.
    """
    lengths = zip(inside, pixels.shape[1:], strict=True)
    tone = np.median(pixels[:, 0], axis=1)[:, None, None]
    apart = np.abs(pixels[:, inside[0], inside[1]] - tone).max(axis=0)
    has_all = all(each.start > 0 and each.stop < length for each, length in lengths)
    return has_all and bool((apart < apart.max() / 2).mean() < MOST_ALIKE)


def _inside(pixels: Grey) -> slice:
    """Return the rows that are inside."""
    height = pixels.shape[1]
    top = _strip(pixels)
    bottom = _strip(pixels[:, ::-1])
    return slice(top, height - bottom)


def _strip(pixels: Grey) -> int:
    """Return how many rows at the top belong to a frame."""
    height = pixels.shape[1]
    widest = int(WIDEST * height)
    if widest <= SOFT:
        return 0
    typical = np.median(pixels, axis=2)  # (channels, h) of each row
    inner = np.median(typical[:, height // 4 : -(height // 4)], axis=1, keepdims=True)
    # Where most of a row changes towards what is inside, and what is above it is of another tone.
    apart = np.abs(typical[:, :widest] - inner).max(axis=0) > LEAST_STEP
    steps = np.median(np.abs(pixels[:, SOFT : widest + SOFT] - pixels[:, :widest]), axis=2)
    is_edge = apart & (steps.max(axis=0) > LEAST_STEP)
    if not (apart[0] and is_edge.any()):
        return 0
    return int(is_edge.nonzero()[0][-1]) + SOFT + 1
