"""What an epoch measured, which epoch is kept, and when a run stops early."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sweep.config.metrics import direction_of
from sweep.config.schema import EarlyStopping


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch measured.

    Attributes:
        epoch: counted from 1.
        metrics: ``train/loss`` and ``train/accuracy``, averaged over the epoch while it trained;
            ``val/…`` and ``test/…``, measured after it, where asked for; ``epoch_seconds``;
            ``images_per_second``, training images over the time of the training pass; ``lr``, the
            learning rate of the last batch, where it changes.
        timestamp_ms: when it ended, in milliseconds since 1970, as MLflow counts.
    """

    epoch: int
    metrics: dict[str, float]
    timestamp_ms: int = field(default_factory=lambda: int(time.time() * 1000), compare=False)


@dataclass(frozen=True)
class Selection:
    """The best epoch so far, by the monitored metric; the last one where there is none.

    As in most frameworks (Keras's ``EarlyStopping``, say), an epoch counts as better only if it
    is better by more than ``min_delta``; of equal ones the first is kept. What is no number, as a
    user's own metric may be, is worse than any.

    Attributes:
        measured: what ``metrics`` is, where a user's own say which end is better.
    """

    monitor: str | None
    stopping: EarlyStopping
    epoch: int = 0
    best: float = math.nan
    epochs_without_improvement: int = 0
    measured: tuple[str, ...] = ()

    def advance(self, record: EpochRecord) -> "Selection":
        """Return the selection after one more epoch."""
        if self.monitor is None:
            return replace(self, epoch=record.epoch)
        value = record.metrics[self.monitor]
        gain = value - self.best
        if direction_of(self.monitor, self.measured) == "min":
            gain = -gain
        is_first = math.isnan(self.best) and not math.isnan(value)
        if self.epoch == 0 or is_first or gain > self.stopping.min_delta:
            return replace(self, epoch=record.epoch, best=value, epochs_without_improvement=0)
        return replace(self, epochs_without_improvement=self.epochs_without_improvement + 1)

    def advance_over(self, records: Iterable[EpochRecord]) -> "Selection":
        """Return the selection after these epochs too."""
        selection = self
        for record in records:
            selection = selection.advance(record)
        return selection

    @property
    def should_stop(self) -> bool:
        """Whether the metric has not improved for ``patience`` epochs."""
        patience = self.stopping.patience
        return patience is not None and self.epochs_without_improvement >= patience
