"""A learning rate that falls as a power of what is left: ``schedule=poly``."""

import math
from typing import ClassVar, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Fraction, Positive
from sweep.config.schedules import Schedule


@SCHEDULES.registers("poly")
@dataclass(frozen=True, config=STRICT)
class Poly(Schedule):
    """From the learning rate to ``final`` of it, batch by batch; a line where ``power`` is 1."""

    reads: ClassVar[tuple[str, ...]] = ("epochs",)

    name: Literal["poly"]
    power: Positive
    final: Fraction

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return 1 in the beginning, and ``final`` at the end."""
        return self.final + (1 - self.final) * math.pow(1 - self.progress(time, epochs), self.power)
