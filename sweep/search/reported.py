"""A trial in the process that trains it: what it reports, and whether it goes on."""

from collections.abc import Sequence

import optuna
from optuna.samplers import RandomSampler
from optuna.trial import Trial

from sweep.config.schema import Search
from sweep.search.one_metric import reporting_storage
from sweep.search.pausing import GOAL, Pauses, stopping

PRUNED = "pruned_after_epoch"  # an attribute of a trial


class ReportedTrial:
    """A trial in the process that trains it: it reports, and asks whether it goes on.

    Attributes:
        pauses: whether it is others that decide that, while it waits.
    """

    def __init__(
        self,
        search: Search,
        study: str,
        trial: int,
        epochs: int,
        measured: Sequence[str] = (),
    ) -> None:
        """Open a trial of a study, whose runs have so many epochs.

        Args:
            search: its settings.
            study: the name of the study.
            trial: the number of the trial.
            epochs: of each run.
            measured: what ``metrics`` is, where a user's own say which end is better.
        """
        opened = optuna.load_study(
            storage=reporting_storage(search, measured),
            study_name=study,
            sampler=RandomSampler(),  # nothing is suggested here
            pruner=stopping(search, epochs),
        )
        known = opened.get_trials(deepcopy=False)[trial]
        pauses = Pauses(search, epochs)
        self.pauses, self._goal, self._epochs = pauses.any, pauses.goal(known), epochs
        self._last = known.last_step or 0
        self._trial = Trial(opened, known._trial_id)

    def report(self, epoch: int, value: float) -> None:
        """Report what an epoch reached, unless it was reported before."""
        if epoch > self._last:
            self._trial.report(value, epoch)
            self._last = epoch

    def end(self, curve: Sequence[tuple[int, float]]) -> None:
        """Report each epoch of a run that is over, with what it reached.

        One that ends at its rung does not wait there, even if its process is killed before the
        study is told of its end.
        """
        if self.pauses and self._goal < self._epochs:
            self._trial.set_user_attr(GOAL, self._epochs)
        for each in curve:
            self.report(*each)

    def goes_on_after(self, epoch: int, value: float) -> bool:
        """Report what an epoch reached, and return whether the trial goes on; again if asked again.

        An epoch that others have followed went on. Optuna's successive halving gives another answer
        the second time, so that the first is kept. What pauses does so after the same epoch each
        time; a run that has trained more, for another trial of the same values, reports no more.
        """
        if self.pauses:
            if epoch <= self._goal:
                self.report(epoch, value)
            return epoch < self._goal
        if epoch < self._last:
            return True
        if PRUNED in self._trial.user_attrs:
            return False
        self.report(epoch, value)
        if self._trial.should_prune():
            self._trial.set_user_attr(PRUNED, epoch)
            return False
        return True
