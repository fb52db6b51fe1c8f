"""A learning rate that falls along half a cosine: ``schedule=cosine``."""

import math
from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Fraction
from sweep.config.schedules import Schedule


@SCHEDULES.registers("cosine")
@dataclass(frozen=True, config=STRICT)
class Cosine(Schedule):
    """From the learning rate to ``final`` of it, batch by batch (Loshchilov, Hutter 2017)."""

    reads: ClassVar[tuple[str, ...]] = ("epochs",)

    name: Literal["cosine"]
    final: Fraction

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return 1 in the beginning, and ``final`` at the end."""
        falling = (1 + math.cos(math.pi * self.progress(time, epochs))) / 2
        return self.final + (1 - self.final) * falling
