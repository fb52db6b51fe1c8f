"""A curve in one line of a terminal: ``▁▄▆▇██``."""

import math
from collections.abc import Sequence
from itertools import pairwise

BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.-=*#"
MISSING = " "


def sparkline(values: Sequence[float], width: int, plain: bool = False) -> str:
    """Return a letter for each value, the higher the larger; what is not finite is empty.

    Args:
        values: in their order.
        width: in letters; of more values than that, each letter is the mean of some.
        plain: whether only ASCII can be shown.
    """
    bars = PLAIN_BARS if plain else BARS
    drawn = _thinned(values, width)
    finite = [value for value in drawn if math.isfinite(value)]
    if not finite:
        return MISSING * len(drawn)
    low, high = min(finite), max(finite)
    return "".join(_bar(value, low, high, bars) for value in drawn)


def _bar(value: float, low: float, high: float, bars: str) -> str:
    if not math.isfinite(value):
        return MISSING
    share = (value - low) / (high - low) if high > low else 0.0
    return bars[min(int(share * len(bars)), len(bars) - 1)]


def _thinned(values: Sequence[float], width: int) -> list[float]:
    if len(values) <= width:
        return list(values)
    ends = [place * len(values) // width for place in range(width + 1)]
    return [sum(values[begin:end]) / (end - begin) for begin, end in pairwise(ends)]
