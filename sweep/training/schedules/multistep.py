"""A learning rate that falls after given epochs: ``schedule=multistep``."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sweep.config.choices import SCHEDULES
from sweep.config.fields import STRICT, Count, Share, allowed
from sweep.config.params import as_text
from sweep.config.schedules import Schedule
from sweep.errors import UserError

Milestones = Annotated[
    tuple[Count, ...],
    Field(min_length=1),
    allowed("a list of one or more whole numbers, each 1 or more, as in [5,8]"),
]


@SCHEDULES.registers("multistep")
@dataclass(frozen=True, config=STRICT)
class MultiStep(Schedule):
    """The learning rate times ``gamma`` after each of the epochs ``milestones``."""

    name: Literal["multistep"]
    milestones: Milestones
    gamma: Share

    def check(self, epochs: int) -> None:
        """Check that the rate falls at each milestone."""
        super().check(epochs)
        given = f"schedule.milestones={as_text(self.milestones)}"
        if list(self.milestones) != sorted(set(self.milestones)):
            raise UserError(f"{given}: allowed is each once, in their order")
        if self.milestones[-1] >= epochs:
            raise UserError(
                f"{given}: the rate never falls after epoch {self.milestones[-1]} with "
                f"epochs={epochs}; allowed are epochs before the last, each less than {epochs}"
            )

    def after_warmup(self, time: float, epochs: int) -> float:
        """Return a power of ``gamma``."""
        return self.gamma ** sum(time >= each for each in self.milestones)
