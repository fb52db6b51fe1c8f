"""The same learning rate all the time: ``schedule=constant``."""

from typing import Annotated, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Before
from sweep.config.schedules import Schedule


@SCHEDULES.registers("constant")
@dataclass(frozen=True, config=STRICT)
class Constant(Schedule):
    """The learning rate as it is, but for a warm-up."""

    name: Annotated[Literal["constant"], Before("constant")]

    @property
    def varies(self) -> bool:
        """Whether there is a warm-up."""
        return self.warmup_epochs > 0

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return 1."""
        return 1.0
