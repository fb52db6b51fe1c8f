"""The pieces that ink is in, and which of what stands out is ink at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sweep.data.photographs.background import Grey, Mask

RIM = 0.3  # of the picture's rim that a piece is on, to be a frame
LONG, SLIM = 0.7, 0.06  # of the shorter side: what is on the rim, longer and slimmer is its edge
BLOB = 2.0  # what is not so many times longer than its strokes are wide is a hole or a dot
LARGE = 0.4  # of the main piece's extent: what is smaller is a digit's part, or a speck
CRUMB = 0.02  # of the main piece's area: what is smaller is a speck wherever it is
NEAR = 0.3  # of the main piece's extent: how far away from a large piece a part may be

Areas = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True)
class SortedOut:
    """What the pieces of a picture are.

    Attributes:
        ink: the numbers of those that are ink; one at least.
        specks: how many are specks, holes or staples.
        frames: the numbers of those that are a frame, what a page lies on, or lines at its edge.
        lines: how many of these are lines.
    """

    ink: NDArray[np.int64]
    specks: int
    frames: NDArray[np.int64]
    lines: int


def slim(area: Areas, extent: Areas, shape: tuple[int, ...]) -> Mask:
    """Return which pieces are as slim as a line, (n,).

    Args:
        area: of each, in pixels.
        extent: the longer side of its box.
        shape: of the picture.
    """
    found: Mask = area < SLIM * min(shape) * extent
    return found


class Pieces:
    """The connected pieces of what stands out.

    Attributes:
        labels: (h, w), the number of the piece that a pixel belongs to, from 1; 0 for none.
        depth: (h, w), how far a pixel is from the edge of its piece, in pixels.
    """

    def __init__(self, mask: Mask, level: Grey) -> None:
        """Take where something stands out, one pixel at least, and how far."""
        self.labels, count = ndimage.label(mask, np.ones((3, 3), bool))
        self.depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        self._boxes = np.array(
            [[y.start, y.stop, x.start, x.stop] for y, x in ndimage.find_objects(self.labels)]
        )
        top, bottom, left, right = self._boxes.T
        self._extent = np.maximum(bottom - top, right - left)

        def sums(values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
            flat = None if values is None else values.ravel()
            found = np.bincount(self.labels.ravel(), flat, count + 1)[1:]
            return found.astype(np.float64)

        self._area = sums()
        self._width = 4 * sums(self.depth) / self._area  # of a bar, the mean depth is a quarter
        self._weight = sums(np.clip(level, 0, None).astype(np.float64))

    def sorted_out(self) -> SortedOut:
        """Tell the ink from specks and frames.

        The main piece is the one with most ink that is no frame and no blob. Others are ink if they
        are about as large, or near one that is. What fills the picture is no frame.
        """
        frame = self._frames()
        if frame.all():
            frame[:] = False
        stroke = ~frame & (self._extent >= BLOB * self._width)
        if not stroke.any():
            stroke = ~frame
        main = np.where(stroke, self._weight, -1).argmax()
        extent, crumb = self._extent[main], CRUMB * self._area[main]
        large = stroke & (self._extent >= LARGE * extent) & (self._area >= crumb)
        ink = large.copy()
        for each in (~frame & ~large & (self._area >= crumb)).nonzero()[0]:
            ink[each] = self._gaps(each, large).min() < NEAR * extent
        return SortedOut(
            ink=ink.nonzero()[0] + 1,
            specks=int((~ink & ~frame).sum()),
            frames=frame.nonzero()[0] + 1,
            lines=int((frame & slim(self._area, self._extent, self.labels.shape)).sum()),
        )

    def _frames(self) -> Mask:
        """Return which pieces are on much of the rim, in a corner, or along an edge."""
        labels, shorter = self.labels, min(self.labels.shape)
        rim = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
        on_rim: NDArray[np.float64] = np.bincount(rim, minlength=len(self._area) + 1)[1:] / len(rim)
        found = on_rim > RIM
        corners = labels[[0, 0, -1, -1], [0, -1, 0, -1]]
        found[corners[corners > 0] - 1] = True
        is_slim = slim(self._area, self._extent, labels.shape)
        along_an_edge = (on_rim > 0) & is_slim & (self._extent > LONG * shorter)
        both: Mask = found | along_an_edge
        return both

    def _gaps(self, piece: int, others: Mask) -> NDArray[np.int64]:
        """Return how far a piece's box is from those of others: the larger of the two gaps."""
        top, bottom, left, right = self._boxes[others].T
        own_top, own_bottom, own_left, own_right = self._boxes[piece]
        down = np.maximum(top - own_bottom, own_top - bottom)
        across = np.maximum(left - own_right, own_left - right)
        gaps: NDArray[np.int64] = np.maximum(np.maximum(down, across), 0)
        return gaps
