"""The jobs of a search, suggested one by one, each from what became of those before."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig
from optuna.trial import FrozenTrial, TrialState

from sweep.config.schema import Config
from sweep.display.console import show_lines
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.search.space import Space
from sweep.search.study import Study
from sweep.sweeps.checks import Combination, Prepared
from sweep.tracking import FAILURE, PastRun, kept_value
from sweep.training.session import DIVERGED

Compose = Callable[[Sequence[str]], Combination]
MakeJob = Callable[[int, DictConfig, Callable[[], bool]], Job]
AGAIN_SECONDS = 5.0  # after which a storage that was away is asked again


class Suggested:
    """What a study suggests, until it has as many trials as it shall have.

    Trials that were begun by an interrupted search come first: their runs go on.

    Attributes:
        error: why nothing more could be suggested, if there was to be more.
    """

    def __init__(
        self,
        study: Study,
        space: Space,
        prepared: Prepared,
        objectives: Sequence[str],
        n_trials: int,
        time_budget: float | None,
        sweep_id: str,
        compose: Compose,
        make_job: MakeJob,
    ) -> None:
        """Take what a job is made from; the time in which more is suggested begins now.

        Args:
            study: that suggests.
            space: what is searched.
            prepared: what the runs have in common.
            objectives: the metrics that the study is told.
            n_trials: of the study in all.
            time_budget: seconds in which more is suggested; None for as long as it takes.
            sweep_id: the parent run.
            compose: returns the run of these overrides.
            make_job: returns the job of this number, and of what was composed.
        """
        self._study, self._space, self._prepared = study, space, prepared
        self._objectives, self._n_trials = objectives, n_trials
        self._sweep_id, self._compose, self._make_job = sweep_id, compose, make_job
        self._begun = study.begun()
        self._is_exhausted, self._ask_again = False, 0.0
        self._end = None if time_budget is None else time.monotonic() + time_budget
        self.error: UserError | None = None

    def next(self) -> Job | None:
        """Return the next job; None if there is no more, or none can be had now."""
        while trial := self._next_trial():
            try:
                combination = self._compose(self._space.overrides(trial.params))
            except UserError as error:  # of all values together: each alone was checked before
                show_lines(f"run {trial.number} cannot be trained: {error}")
                self._study.tell(trial.number, TrialState.FAIL, None, "none")
                continue
            return self._job(trial.number, combination)
        return None

    def _next_trial(self) -> FrozenTrial | None:
        if self._begun:
            return self._begun.pop(0)
        is_over = self._end is not None and time.monotonic() >= self._end
        if is_over or self._is_exhausted or time.monotonic() < self._ask_again:
            return None
        try:
            trial = self._study.ask(self._n_trials)
        except UserError as error:  # the storage is away; what trains goes on meanwhile
            self.error, self._ask_again = error, time.monotonic() + AGAIN_SECONDS
            return None
        self.error, self._is_exhausted = None, trial is None
        return trial

    def _job(self, number: int, combination: Combination) -> Job:
        composed, config, prepared = combination.composed, combination.config, self._prepared
        composed.tracking.sweep_id = self._sweep_id
        composed.context = prepared.device(config)
        composed.search.study, composed.search.trial = self._study.name, number
        is_claimed = partial(prepared.claims.is_claimed, prepared.fingerprint(config))
        return self._make_job(number, composed, is_claimed)

    def end(self, job: Job, result: JobReturn) -> None:
        """Tell the study what became of a job, as it is recorded.

        What failed, but did not diverge, is not told: the same command goes on with it. Neither is
        what cannot be told, since record or storage are away.
        """
        try:
            past = self._recorded(job.config)
            if past is None:
                return
            if past.finished and result.status == JobStatus.COMPLETED:
                values = [kept_value(past, each) for each in self._objectives]
                self._study.tell(job.number, TrialState.COMPLETE, values, past.run_id)
            elif past.pruned or past.tags.get(FAILURE, "").startswith(DIVERGED):
                self._study.tell(job.number, TrialState.PRUNED, None, past.run_id)
        except UserError as error:
            show_lines(f"run {job.number}: the same command tells the study of it: {error}")

    def _recorded(self, config: Config) -> PastRun | None:
        """Return the run that is FINISHED, or else the newest."""
        past = self._prepared.tracker.past_runs(self._prepared.fingerprint(config))
        return next(iter(sorted(past, key=lambda run: not run.finished)), None)
