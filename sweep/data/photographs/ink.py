"""The ink of a picture: what stands out from its background, without specks, frames and lines."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sweep.data.photographs.background import (
    GOES_ON,
    MIRRORED,
    Grey,
    Mask,
    contrast,
    contrast_beside,
    filled,
)
from sweep.data.photographs.frames import inside_frame, is_around
from sweep.data.photographs.margins import is_filled, with_margin
from sweep.data.photographs.pieces import Pieces, slim
from sweep.data.photographs.ruled_lines import without_lines

NOISES = 4.0  # how many of the background's deviations something has to stand out
LEAST = 0.02  # of black to white, that it has to stand out at least
EDGE = 0.2  # of the strongest edge: weaker ones do not count where ink ends
FRAMES_EDGE = 4  # pixels beside a frame that it shines into
ROUNDS = 3  # of leaving out what is no ink: its edges had a say in where ink ends

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class Ink:
    """The ink of a picture.

    Attributes:
        level: (h, w), how far it stands out; the background is 0, give or take its noise.
        labels: (h, w), the number of the piece that a pixel belongs to, from 1; 0 for none.
        pieces: how many there are.
        stroke: how wide the strokes are, in pixels.
        sign: -1 if the ink is darker than its background, else 1.
        left_out: how many specks, frames and lines, in that order.
        frame: (h, w), where there is a frame.
    """

    level: Grey
    labels: Labels
    pieces: int
    stroke: float
    sign: int
    left_out: tuple[int, int, int]
    frame: Mask


def find_ink(pixels: Grey) -> Ink | None:
    """Find the ink in a picture; None if nothing stands out.

    It is looked for twice: once to know how wide the strokes are, and once beside a background that
    is then known better. Darker and lighter ink are both tried, and what stands out more is taken:
    of what is no frame, so that a frame in another tone does not decide.

    Args:
        pixels: (channels, h, w) float32, 0 (black) to 1.
    """
    rows, columns = inside_frame(pixels)
    inner = pixels[:, rows, columns]
    frames, edges = int(inner.shape != pixels.shape), 0
    if is_filled(pixels) and not is_around(pixels, (rows, columns)):
        inner, frames = with_margin(pixels), 0
    found = _looked_for(inner, GOES_ON)
    # What a page lies on is no part of the background, and no ink. Mirrored, it stands out.
    seen = [*found, *_looked_for(inner, MIRRORED)]
    if any(each.frame.any() for each in seen):
        around = np.any([each.frame for each in seen], axis=0)
        more, edges = _frames_and_lines(around)
        frames += more
        inner = filled(inner, ndimage.binary_dilation(around, iterations=FRAMES_EDGE))
        found = _looked_for(inner, GOES_ON)
    if not found:
        return None
    first = _standing_out_most(found, inner)
    grown = ndimage.binary_dilation(first.labels > 0, iterations=max(2, round(first.stroke / 3)))
    rest = contrast_beside(inner, grown, first.stroke)
    # Beside the closer background it may be on the other side of it.
    sign = -1 if float(rest[first.labels > 0].mean()) < 0 else 1
    ink = _segmented(rest, sign, max(0.6, first.stroke / 8)) or first
    specks, last_frames, lines = ink.left_out
    return replace(ink, left_out=(specks, frames + last_frames, edges + lines))


def _frames_and_lines(around: Mask) -> tuple[int, int]:
    """Return how many of the things that no ink can be are frames, and how many lines are."""
    labels, number = ndimage.label(around)
    boxes = ndimage.find_objects(labels)
    extents = np.array([max(each.stop - each.start for each in box) for box in boxes])
    lines = int(slim(np.bincount(labels.ravel())[1:], extents, around.shape).sum())
    return number - lines, lines


def _looked_for(pixels: Grey, beyond: str) -> list[Ink]:
    """Return the ink that is darker than its background and what is lighter, where there is."""
    rest = contrast(pixels, beyond)
    tried = [_segmented(rest, sign, 1.0) for sign in (-1, 1)]
    return [each for each in tried if each]


def _standing_out_most(found: list[Ink], pixels: Grey) -> Ink:
    """Return the ink that is in the picture, whatever is taken to be beyond its edges."""
    if len(found) == 1:
        return found[0]
    again = {each.sign: _weight(each) for each in _looked_for(pixels, MIRRORED)}
    return max(found, key=lambda ink: min(_weight(ink), again.get(ink.sign, 0.0)))


def _weight(ink: Ink) -> float:
    """Return how much stands out, and how far: the background's own noise is near it."""
    return float((np.clip(ink.level, 0, None)[ink.labels > 0] ** 3).sum())


def _segmented(rest: Grey, sign: int, blur: float) -> Ink | None:
    level = ndimage.gaussian_filter(sign * rest, blur)
    some = level[::2, ::2]
    noise = 1.4826 * float(np.median(np.abs(some - np.median(some))))
    least = max(LEAST, NOISES * noise)
    allowed, frame = np.ones(level.shape, bool), np.zeros(level.shape, bool)
    specks = frames = lines = 0
    ink: Ink | None = None
    for _ in range(ROUNDS):
        threshold = _threshold(level, allowed, least)
        if threshold is None:
            break
        mask = (level > threshold) & allowed
        cleaned, crossing = without_lines(level, mask)
        if crossing and ((cleaned > threshold) & allowed).any():
            level, lines = cleaned, lines + crossing
            mask = (level > threshold) & allowed
        pieces = Pieces(mask, level)
        sorted_out = pieces.sorted_out()
        specks, lines = specks + sorted_out.specks, lines + sorted_out.lines
        frames += len(sorted_out.frames) - sorted_out.lines
        frame |= np.isin(pieces.labels, sorted_out.frames)
        kept = np.isin(pieces.labels, sorted_out.ink)
        allowed &= ~ndimage.binary_dilation(mask & ~kept, iterations=2 + round(2 * blur))
        labels, number = ndimage.label(kept, np.ones((3, 3), bool))
        stroke = 4 * float(pieces.depth[kept].mean())
        ink = Ink(level, labels, number, stroke, sign, (specks, frames, lines), frame)
        if not (sorted_out.specks or len(sorted_out.frames) or crossing):
            break
    return ink


def _threshold(level: Grey, allowed: Mask, least: float) -> float | None:
    """Return from where on there is ink: the mean of the level on the edges of what stands out.

    On a blurred edge this is half the way up, however much ink there is: Kittler, Illingworth and
    Föglein, Threshold selection based on a simple image statistic, 1985.
    """
    edges = ndimage.gaussian_gradient_magnitude(level, 0.7)
    counts = allowed & (level > least / 2)
    if not counts.any():
        return None
    counts &= edges > EDGE * float(np.quantile(edges[counts], 0.99))
    weights = edges[counts].astype(np.float64) ** 2
    if not weights.sum():
        return None
    threshold = float((weights * level[counts]).sum() / weights.sum())
    return max(threshold, least) if (level[allowed] > max(threshold, least)).any() else None
