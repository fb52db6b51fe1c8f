"""What a learning-rate schedule has to be, to be chosen by name."""

from abc import ABC, abstractmethod
from dataclasses import field
from typing import Annotated, ClassVar

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, NonNegative
from sweep.errors import UserError, in_full


@dataclass(frozen=True, config=STRICT)
class Schedule(ABC):
    """How the learning rate changes while a run trains.

    Its factors are pure functions of their arguments, so a run that is resumed has the same.

    Attributes:
        reads: fields elsewhere in the configuration that the factors depend on. Runs that differ in
            one of them have no epoch in common.
        warmup_epochs: in which the rate rises in equal steps, up to the schedule's own.
    """

    reads: ClassVar[tuple[str, ...]] = ()

    name: str
    # Its default is in conf/config.yaml, for all schedules; here for those made in code.
    warmup_epochs: Annotated[NonNegative, Before(0.0)] = field(default=0.0, kw_only=True)

    @property
    def varies(self) -> bool:
        """Whether there is more than one rate."""
        return True

    def check(self, epochs: int) -> None:
        """Check that all of the schedule happens in so many epochs.

        Raises:
            UserError: naming the field and what is allowed.
        """
        if self.warmup_epochs and self.warmup_epochs >= epochs:
            raise UserError(
                f"schedule.warmup_epochs={in_full(self.warmup_epochs)}: nothing is left of "
                f"epochs={epochs}; allowed is less than {epochs}"
            )

    def factor(self, epoch: int, batch: int, batches: int, epochs: int) -> float:
        """Return what ``optim.lr`` is multiplied by for one batch.

        Args:
            epoch: from 1.
            batch: of the epoch, from 0.
            batches: of an epoch.
            epochs: of the run.
        """
        steps = (epoch - 1) * batches + batch
        warmup = self.warmup_epochs * batches
        if steps < warmup:
            return min((steps + 1) / warmup, 1.0) * self.after_warmup(self.warmup_epochs, epochs)
        return self.after_warmup(steps / batches, epochs)

    @abstractmethod
    def after_warmup(self, time: float, epochs: int) -> float:
        """Return the factor, from 0 on, of a batch after the warm-up.

        Args:
            time: epochs since the run began, before this batch: 1.5 is in the middle of the second.
            epochs: of the run.
        """

    def progress(self, time: float, epochs: int) -> float:
        """Return which part of the time after the warm-up is over, 0 to 1."""
        return (time - self.warmup_epochs) / (epochs - self.warmup_epochs)
