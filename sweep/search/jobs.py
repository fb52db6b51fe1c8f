"""The jobs of a search, suggested one by one, each from what became of those before."""

import math
import shutil
import time

from hydra.core.utils import JobReturn, JobStatus
from optuna.trial import FrozenTrial, TrialState

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.display.console import count, show_lines
from sweep.errors import Pruned, UserError
from sweep.execution.job import Job
from sweep.runs.membership import Membership
from sweep.runs.resume import prior_runs
from sweep.search.plan import Plan
from sweep.search.study import Study
from sweep.sweeps.checks import Prepared
from sweep.sweeps.compose import Composer
from sweep.tracking import RunInfo, kept_value, read_points

LEFT_OPEN = ("PAUSED", "KILLED", "RUNNING")  # what a run is that may be closed as PRUNED
AGAIN_SECONDS = 5.0  # after which a storage that was away is asked again


class TrialJobs:
    """What a study suggests, until it has as many trials as it shall have.

    Trials that were begun by an interrupted search come first: their runs go on. Where runs pause,
    the best that may go on does so before anything new is suggested.

    Attributes:
        error: why nothing more could be suggested, if there was to be more.
    """

    def __init__(
        self, plan: Plan, study: Study, prepared: Prepared, composer: Composer, sweep_id: str
    ) -> None:
        """Take what a job is made from; the time in which more is suggested begins now.

        Args:
            plan: the search.
            study: that suggests.
            prepared: what the runs have in common.
            composer: makes runs from suggested values.
            sweep_id: the parent run.
        """
        self._plan, self._study, self._prepared = plan, study, prepared
        self._composer, self._sweep_id = composer, sweep_id
        self._begun = study.begun()
        self._busy: set[int] = set()  # trials whose jobs have not ended
        self._killed: set[int] = set()  # trials that do not go on here, for a user wanted it so
        self._is_exhausted, self._is_over, self._ask_again = False, False, 0.0
        budget = plan.config.search.time_budget
        self._end = None if budget is None else time.monotonic() + budget
        self.error: UserError | None = None

    def next(self) -> Job | None:
        """Return the next job; None if there is no more, or none can be had now."""
        while trial := self._next_trial():
            membership = Membership(self._sweep_id, self._study.name, trial.number)
            try:
                job = self._prepared.started(self._job(trial), membership)
                self._busy.add(trial.number)
                return job
            except UserError as error:  # of all values together: each alone was checked before
                show_lines(f"run {trial.number} cannot be trained: {error}")
                if not self._is_told_as_failed(trial):
                    return None
        return None

    def _is_told_as_failed(self, trial: FrozenTrial) -> bool:
        """Tell the study that a trial cannot be trained; it is asked again where it is away."""
        try:
            self._study.tell(trial.number, TrialState.FAIL, None, "none")
        except UserError as error:
            self.error, self._ask_again = error, time.monotonic() + AGAIN_SECONDS
            self._begun.append(trial)
            return False
        return True

    def _job(self, trial: FrozenTrial) -> Job:
        return self._composer.job(trial.number, self._plan.space.overrides(trial.params))

    def _next_trial(self) -> FrozenTrial | None:
        if self._begun:
            return self._begun.pop(0)
        if time.monotonic() < self._ask_again:
            return None
        try:
            trial = self._study.promote(self._busy | self._killed) or self._suggested()
            if trial is None and not self._busy and not self._unfinished():
                trial = self._study.promote_last()
        except UserError as error:  # the storage is away; what trains goes on meanwhile
            self.error, self._ask_again = error, time.monotonic() + AGAIN_SECONDS
            return None
        self.error, self._is_over = None, trial is None
        return trial

    def _unfinished(self) -> list[FrozenTrial]:
        """Return the trials that others wait for; not those that were killed."""
        return [each for each in self._study.begun() if each.number not in self._killed]

    def _suggested(self) -> FrozenTrial | None:
        is_over = self._end is not None and time.monotonic() >= self._end
        if is_over or self._is_exhausted:
            return None
        trial = self._study.ask(self._plan.n_trials)
        self._is_exhausted = trial is None
        return trial

    def finished(self, job: Job, result: JobReturn) -> None:
        """Tell the study what became of a job, as it is recorded.

        What failed, but did not diverge, is not told: the same command goes on with it, as it does
        with what a user has killed, which the others do not wait for meanwhile. Neither is
        what cannot be told, since record or storage are away.
        """
        self._busy.discard(job.number)
        if result.status == JobStatus.UNKNOWN:
            self._killed.add(job.number)
        self._is_over = False  # it may let another go on
        try:
            past = self._recorded(job.config)
            if past is None:
                return
            if past.finished and result.status == JobStatus.COMPLETED:
                self._complete(job.number, past)
            elif past.pruned or past.diverged:
                self._study.tell(job.number, TrialState.PRUNED, None, past.run_id)
        except UserError as error:
            show_lines(f"run {job.number}: the same command tells the study of it: {error}")

    def close(self) -> None:
        """Close the paused trials, since no more go on: as PRUNED, with the epoch and the reason.

        If the search was stopped, or some trial has not ended, the same command goes on, and closes
        them then.

        Raises:
            UserError: record or storage cannot be used; the same command closes what is left.
        """
        is_over = self._is_over and not self._busy and not self._unfinished()
        closed = [self._close(each) for each in self._study.paused()] if is_over else []
        if number := sum(closed):
            show_lines(f"{count(number, 'paused run')} did not go on: closed as PRUNED")

    def _close(self, trial: FrozenTrial) -> bool:
        """Close a paused trial; return whether it is PRUNED now.

        Runs of other folders of checkpoints are left as they are: what they wait for cannot be told
        from here. So is what another search is at work on, with its trial.
        """
        config, locks = self._job(trial).config, self._prepared.locks
        fingerprint = self._prepared.fingerprint(config)
        with locks.try_hold(fingerprint) as is_free:
            known = prior_runs(self._prepared.tracker.find_runs(fingerprint), locks.folder_id)
            if known.trained:
                self._complete(trial.number, known.trained)  # another search has trained it
            elif is_free:
                if known.begun and known.begun.state in LEFT_OPEN:
                    self._prune(known.begun, max(trial.intermediate_values))
                run_id = known.begun.run_id if known.begun else "none"
                self._study.tell(trial.number, TrialState.PRUNED, None, run_id)
            return is_free and not known.trained

    def _complete(self, number: int, past: RunInfo) -> None:
        def curve() -> dict[int, float]:
            uri = self._plan.config.tracking.uri
            points = read_points(uri, [past.run_id], [self._pruned_by])
            return {epoch: value for _, epoch, _, value in points}

        self._study.fill_in(number, curve)
        values = [kept_value(past, each) for each in self._plan.objectives]
        if any(map(math.isnan, values)):  # of a user's own metric: not known, and so never the best
            self._study.tell(number, TrialState.PRUNED, None, past.run_id)
            return
        self._study.tell(number, TrialState.COMPLETE, values, past.run_id)

    def _prune(self, past: RunInfo, epoch: int) -> None:
        """Close a paused run, in the record and where its checkpoints are."""
        pruner = self._plan.config.search.pruner
        better = f"others went on, with a better {self._pruned_by}"
        reason = f"{pruner} paused it after epoch {epoch}: {better}"
        self._prepared.tracker.close_if_running(past.run_id, reason)  # nobody holds its lock
        self._prepared.tracker.prune_paused(past.run_id, Pruned(epoch, reason))
        if not self._plan.config.keep_states:
            shutil.rmtree(self._prepared.locks.folder / past.run_id, ignore_errors=True)

    @property
    def _pruned_by(self) -> str:
        return self._plan.config.search.prune_by or score_metric(self._plan.config)

    def _recorded(self, config: Config) -> RunInfo | None:
        """Return the run that is FINISHED, or else the newest."""
        past = self._prepared.tracker.find_runs(self._prepared.fingerprint(config))
        return next(iter(sorted(past, key=lambda run: not run.finished)), None)
