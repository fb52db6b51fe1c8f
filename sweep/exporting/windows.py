"""Where the windows of a convolution or a pooling lie on an image, whatever its dimensions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sweep.exporting.node import NOT_SAID, Node


@dataclass(frozen=True)
class Windows:
    """The windows along each dimension of an image.

    Attributes:
        sides: of the image, without its channels.
        kernel: how many pixels a window has.
        stride: from a window to the next.
        dilate: from a pixel of a window to the next.
        pad: pixels that are added before the first, and as many after the last.
        ceil: whether a last window may begin that the image does not fill.
    """

    sides: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]
    ceil: bool = False

    @property
    def counts(self) -> tuple[int, ...]:
        """How many windows there are."""
        rounded = math.ceil if self.ceil else math.floor
        room = [
            side + 2 * pad - span
            for side, pad, span in zip(self.sides, self.pad, self._spans, strict=True)
        ]
        return tuple(rounded(each / s) + 1 for each, s in zip(room, self.stride, strict=True))

    @property
    def after(self) -> tuple[int, ...]:
        """How many pixels have to be added after the last so that the last window is filled."""
        ends = zip(self.counts, self.stride, self._spans, self.sides, self.pad, strict=True)
        return tuple(max(0, (n - 1) * s + span - side - pad) for n, s, span, side, pad in ends)

    @property
    def has_one_outside(self) -> bool:
        """Whether the last window begins after the image."""
        last = zip(self.counts, self.stride, self.sides, self.pad, strict=True)
        return any((n - 1) * s >= side + pad for n, s, side, pad in last)

    @property
    def _spans(self) -> tuple[int, ...]:
        return tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilate, strict=True))

    def of(self, x: NDArray[np.float32], filling: float = 0.0) -> NDArray[np.float32]:
        """Return what each window sees: (n, channels, windows along each, pixels along each).

        Args:
            x: (n, channels, along each dimension).
            filling: of the pixels that are added.
        """
        added = [(0, 0), (0, 0), *zip(self.pad, self.after, strict=True)]
        padded = np.pad(x, added, constant_values=filling)
        dimensions = tuple(range(2, x.ndim))
        view: Any = sliding_window_view  # its types know one dimension
        seen: NDArray[np.float32] = view(padded, self._spans, dimensions)
        steps = [
            slice(0, (n - 1) * s + 1, s) for n, s in zip(self.counts, self.stride, strict=True)
        ]
        pixels = [slice(None, None, d) for d in self.dilate]
        part: NDArray[np.float32] = seen[(slice(None), slice(None), *steps, *pixels)]
        return part

    def pixels(self, with_padding: bool) -> NDArray[np.float32]:
        """Return how many pixels each window has for a mean, (1, 1, windows along each).

        Those after the padding, which only ``ceil`` brings, are never counted.

        Args:
            with_padding: whether the pixels that ``pad`` adds are counted.
        """
        image = np.ones((1, 1, *self.sides), np.float32)
        if with_padding:
            added = [(0, 0), (0, 0), *((each, each) for each in self.pad)]
            image = np.pad(image, added, constant_values=1)
            sides = tuple(image.shape[2:])
            none = (0,) * len(self.pad)
            counted = Windows(sides, self.kernel, self.stride, self.dilate, none, self.ceil)
            return counted.pixels(with_padding=False)
        found: NDArray[np.float32] = self.of(image).sum(axis=self._inner)
        return found

    @property
    def _inner(self) -> tuple[int, ...]:
        return tuple(range(-len(self.kernel), 0))


def windows_of(node: Node, shape: Sequence[int]) -> Windows:
    """Return the windows of a convolution or a pooling on images (n, channels, along each).

    Raises:
        UserError: it works on the whole of something else, as on images with their channels last;
            or its windows are none.
    """
    node.needs("layout", NOT_SAID, "NCW", "NCHW", "NCDHW")
    sides = tuple(shape[2:])
    kernel = node.numbers("kernel")
    ones, zeros = (1,) * len(sides), (0,) * len(sides)
    if len(kernel) != len(sides):
        raise node.cannot(f"kernel={kernel} does not fit {len(sides)} dimensions")
    convention = node.needs("pooling_convention", NOT_SAID, "valid", "full")
    stride, dilate = (node.numbers(key, ones) or ones for key in ("stride", "dilate"))
    pad = node.numbers("pad", zeros) or zeros
    least = {"kernel": (kernel, 1), "stride": (stride, 1), "dilate": (dilate, 1), "pad": (pad, 0)}
    for key, (numbers, lowest) in least.items():
        if any(each is None or each < lowest for each in numbers):
            raise node.cannot(f"{key}={numbers}: allowed are numbers from {lowest}")
    windows = Windows(sides, kernel, stride, dilate, pad, convention == "full")
    if windows.ceil and windows.has_one_outside:
        raise node.cannot("its last window sees nothing of the image")
    return windows
