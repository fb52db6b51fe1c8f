"""A learning rate that rises, and then falls to almost nothing: ``schedule=one_cycle``."""

import math
from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Fraction, Inside, Share
from sweep.config.schedules import Schedule


@SCHEDULES.registers("one_cycle")
@dataclass(frozen=True, config=STRICT)
class OneCycle(Schedule):
    """From ``start`` of the learning rate up to all of it, then down to ``final`` of it.

    As Smith and Topin (2018) have it, along halves of cosines, as fastai and PyTorch draw it. The
    momentum stays as it is.
    """

    reads: ClassVar[tuple[str, ...]] = ("epochs",)

    name: Literal["one_cycle"]
    peak: Inside
    start: Share
    final: Fraction

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return 1 where ``peak`` of the run is over, and less before and after."""
        progress = self.progress(time, epochs)
        if progress < self.peak:
            return _between(self.start, 1.0, progress / self.peak)
        return _between(1.0, self.final, (progress - self.peak) / (1 - self.peak))


def _between(first: float, last: float, part: float) -> float:
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2
