"""How a search stands: how many of its trials are done, and how the others stand."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sweep.display.console import count, show_lines
from sweep.search.enqueued import check_room, enqueued, untried
from sweep.search.pausing import Pauses
from sweep.search.plan import Plan
from sweep.search.stored import recorded_trials
from sweep.search.study import Study


@dataclass(frozen=True)
class Standing:
    """How the trials of a study stand.

    Attributes:
        trials: how many there are.
        begun: how many of them have not ended, and do not wait.
        paused: how many wait at their rung.
    """

    trials: int
    begun: int
    paused: int

    def show(self, study: str, n_trials: int) -> None:
        """Print how much of a search is done."""
        done = self.trials - self.begun - self.paused
        unfinished = {"begun before": self.begun, "paused": self.paused}
        others = "".join(f", {number:,} {what}" for what, number in unfinished.items() if number)
        show_lines(f"  study {study}: {done:,} of {count(n_trials, 'trial')} done{others}")

    def missing(self, n_trials: int) -> int:
        """Return how many trials have not ended when there shall be so many."""
        return max(n_trials - self.trials, 0) + self.begun + self.paused


def standing(plan: Plan, study: Study) -> Standing:
    """Return how a study stands that was opened.

    Raises:
        UserError: it has no room for what is to be tried first.
    """
    found = Standing(study.count(), len(study.begun()), len(study.paused()))
    check_room(study.untried(), found.trials, plan.n_trials)
    return found


def runs_in_all(plan: Plan, study: Study, own: Collection[str]) -> int | None:
    """Return how many runs a search has had: trials with the same values share one.

    None while some of its trials have not ended.

    Args:
        plan: the search.
        study: that was opened.
        own: the ids of the runs below its parent run.

    Raises:
        UserError: the storage cannot be used.
    """
    is_over = not standing(plan, study).missing(plan.n_trials)
    return len({*own, *study.run_ids()}) if is_over else None


def recorded_standing(plan: Plan, name: str, about: Any) -> Standing:
    """Return the same of a study that may not be there yet; nothing is created.

    Args:
        plan: the search.
        name: of the study.
        about: what must be the same whenever it goes on; can be written as JSON.

    Raises:
        UserError: as for :func:`standing`, or the storage cannot be used, or the study is one of
            another search.
    """
    search = plan.config.search
    trials, pauses = recorded_trials(search, name, about), Pauses(search, plan.config.epochs)
    unfinished = [each for each in trials if not each.state.is_finished()]
    paused = sum(map(pauses.is_paused, unfinished))
    check_room(untried(enqueued(search, plan.space), trials), len(trials), plan.n_trials)
    return Standing(len(trials), len(unfinished) - paused, paused)
