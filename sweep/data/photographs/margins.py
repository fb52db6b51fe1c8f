"""A margin around a picture that a digit fills: its background is looked for around the ink."""

import numpy as np

from sweep.data.photographs.background import Grey

PAPER = 0.15  # of the picture's contrast: what differs less from the paper is paper
INK = 0.5  # of it: what differs more is ink
RIM = 0.6  # of the rim that is paper at least, with all four corners
FULLEST, LEAST_FULL = 0.6, 0.15  # of a picture that is ink, if a digit fills it
LINE = 0.95  # of a row or a column that is ink: then that is a line, and no part of a digit
MARGIN = 0.35  # of the longer side, that is put on each side


def is_filled(pixels: Grey) -> bool:
    """Return whether ink fills a picture, on paper that still is around it.

    Args:
        pixels: (channels, h, w) float32, 0 (black) to 1.
    """
    rim = _rim(pixels)
    apart = np.abs(pixels - np.median(rim, axis=1)[:, None, None]).max(axis=0)  # (h, w)
    contrast = float(apart.max())
    corners = apart[[0, 0, -1, -1], [0, -1, 0, -1]]
    is_ink = apart > INK * contrast
    has_lines = max(is_ink.mean(axis=0).max(), is_ink.mean(axis=1).max()) > LINE
    return not has_lines and bool(
        (corners < PAPER * contrast).all()
        and (_rim(apart[None]) < PAPER * contrast).mean() >= RIM
        and LEAST_FULL < is_ink.mean() < FULLEST
    )


def with_margin(pixels: Grey) -> Grey:
    """Return the picture with paper around it, of the tone that its rim mostly has."""
    size = round(MARGIN * max(pixels.shape[1:]))
    paper = np.median(_rim(pixels), axis=1)
    return np.stack(
        [
            np.pad(channel, size, constant_values=tone)
            for channel, tone in zip(pixels, paper, strict=True)
        ]
    )


def _rim(pixels: Grey) -> Grey:
    """Return what is along the edges: (channels, n)."""
    edges = (pixels[:, 0], pixels[:, -1], pixels[:, 1:-1, 0], pixels[:, 1:-1, -1])
    found: Grey = np.concatenate(edges, axis=1)
    return found
