"""What a run tells while it trains. Whoever listens draws it, or sends it on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sweep.epochs import EpochRecord


@dataclass(frozen=True)
class Started:
    """A run is recorded and begins to train, for so many epochs at most."""

    name: str
    run_id: str
    epochs: int


@dataclass(frozen=True)
class Kept:
    """A run has trained; this epoch was kept, and this was measured or concluded at the end."""

    epoch: EpochRecord
    summary: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """A run's record is closed: FINISHED, FAILED or KILLED; with the reason if it failed."""

    status: str
    reason: str = ""


Event = Started | EpochRecord | Kept | Ended
Listener = Callable[[Event], None]
