"""A learning rate that falls every so many epochs: ``schedule=step``."""

from typing import Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Count, Share
from sweep.config.schedules import Schedule
from sweep.errors import UserError


@SCHEDULES.registers("step")
@dataclass(frozen=True, config=STRICT)
class Step(Schedule):
    """The learning rate times ``gamma`` after every ``every`` epochs."""

    name: Literal["step"]
    every: Count
    gamma: Share

    def check(self, epochs: int) -> None:
        """Check that the rate falls at all."""
        super().check(epochs)
        if self.every >= epochs:
            raise UserError(
                f"schedule.every={self.every}: the rate never falls with epochs={epochs}; allowed "
                f"is less than {epochs}"
            )

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return a power of ``gamma``."""
        return self.gamma ** int(time // self.every)
