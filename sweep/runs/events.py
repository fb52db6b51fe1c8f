"""What a run tells while it trains, and whether it goes on after an epoch.

Whoever listens draws what it tells, or sends it on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sweep.config.schema import Config
from sweep.training.selection import EpochRecord

CLAIMED = "another process trains this combination: waiting for it"
SHARED = "another process trains its first epochs: waiting for them"
PAUSED = "PAUSED"  # how a run ended that goes on later
UNDECIDED = "UNDECIDED"  # the same, if its search decides so


@dataclass(frozen=True)
class Notice:
    """Something that a user should know, and need do nothing about."""

    text: str


@dataclass(frozen=True)
class AlreadyTrained:
    """The same combination was trained before, as this run; it is not trained again."""

    name: str
    run_id: str


@dataclass(frozen=True)
class Resolved:
    """What a run trains is known; another process that goes on with it trains the same."""

    config: Config


@dataclass(frozen=True)
class Recorded:
    """The run has a record, which must be closed if its process dies."""

    run_id: str


@dataclass(frozen=True)
class Started:
    """A run is recorded and begins to train, for so many epochs at most, or goes on after some."""

    name: str
    run_id: str
    epochs: int
    epochs_before: int = 0


@dataclass(frozen=True)
class EpochKept:
    """A run has trained; this epoch was kept, and this was measured or concluded at the end."""

    epoch: EpochRecord
    summary: Mapping[str, float]


@dataclass(frozen=True)
class Alive:
    """The run has got on by a step since it last told anything."""


class Waiting(Alive):
    """The run sends something to the record, and waits until that is done."""


@dataclass(frozen=True)
class Retried:
    """A run's process died for this reason, and another one goes on with it."""

    reason: str
    retry: int
    max_retries: int


@dataclass(frozen=True)
class Ended:
    """A run's record is closed; with the reason, if any.

    Attributes:
        status: FINISHED, FAILED, PRUNED, KILLED, PAUSED or UNDECIDED.
        reason: why.
    """

    status: str
    reason: str = ""


Event = (
    Notice
    | AlreadyTrained
    | Resolved
    | Recorded
    | Started
    | EpochRecord
    | EpochKept
    | Retried
    | Ended
)
Listener = Callable[[Event], None]

# Is given a run's epochs so far, and whether no more are missing; raises Pruned to end it,
# or Paused to let it wait.
Judge = Callable[[Sequence[EpochRecord], bool], None]


def always_goes_on(records: Sequence[EpochRecord], is_over: bool) -> None:
    """Let a run go on, whatever its epochs measured."""
