"""Launchers of other packages, such as Hydra's basic and joblib: they train as they do it."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, open_dict

from sweep.config.loaders import FrozenConfigLoader
from sweep.config.schema import Config
from sweep.errors import UserError, in_full
from sweep.execution.job import Job, failure
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.execution.local import executor as this_machine
from sweep.execution.local.fork_server import drop_guess
from sweep.execution.source import JobSource
from sweep.execution.worker import without_beginning

if TYPE_CHECKING:
    from sweep.execution.steering import Steering


class ForeignLauncher:
    """A launcher that is not ours, used as one of ours is.

    Attributes:
        may_fork: whether this very process may be forked while runs train: they may do so in it.
    """

    may_fork = True

    def __init__(self, launcher: Any, composed: DictConfig) -> None:
        """Take the launcher, and Hydra's whole configuration of the sweep.

        Args:
            launcher: one of Hydra's, which all have a ``hydra_context`` that their base class
                lacks.
            composed: Hydra's whole configuration, of the sweep.
        """
        self._launcher = launcher
        self._name = composed.hydra.runtime.choices["hydra/launcher"]

    def prepare(self, config: Config) -> None:
        """Let what runs such as this one need be loaded meanwhile."""
        this_machine.prepare(config)

    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs MXNet sees here."""
        return this_machine.count_gpus(config)

    def check_mxnet(self, config: Config) -> None:
        """Check that MXNet can be loaded here."""
        this_machine.check_mxnet(config)

    def at_once(self, configs: Sequence[Config]) -> int | None:
        """Return that nobody knows how many runs are trained at once."""
        return None

    def close(self) -> None:
        """Hold nothing that is to be given back."""

    def check(self, configs: Sequence[Config]) -> None:
        """Check what needs a fresh process for each run, which other launchers do not give it.

        Raises:
            UserError: a run has something that this launcher cannot do.
        """
        own = ", ".join(LAUNCHERS.names())
        threads = dict.fromkeys(str(config.threads_per_run) for config in configs)
        if len(threads) > 1:
            raise UserError(
                f"threads_per_run={','.join(threads)}: cannot be swept over with "
                f"hydra/launcher={self._name}, which trains several runs in one process, where "
                f"MXNet's threads cannot change; allowed launchers: {own}"
            )
        for config in configs:
            if config.run_timeout is not None:
                raise UserError(
                    f"run_timeout={in_full(config.run_timeout)}: hydra/launcher={self._name} "
                    "cannot stop a run that takes too long; allowed is null, or one of the "
                    f"launchers {own}"
                )
            if isinstance(config.stall_timeout, float):
                raise UserError(
                    f"stall_timeout={config.stall_timeout:g}: hydra/launcher={self._name} cannot "
                    f"end a run that hangs; allowed is auto, or one of the launchers {own}"
                )
            if config.on_failure == "stop":
                raise UserError(
                    f"on_failure=stop: hydra/launcher={self._name} cannot stop runs; allowed is "
                    f"continue, or one of the launchers {own}"
                )

    def check_source(self) -> None:
        """Say that runs must be known beforehand.

        Raises:
            UserError: always.
        """
        raise UserError(
            f"hydra/launcher={self._name}: cannot be given runs one by one; allowed with "
            f"hydra/sweeper=optuna and seed=auto: {', '.join(LAUNCHERS.names())}"
        )

    def train(
        self,
        config: Config,
        jobs: Sequence[Job],
        source: JobSource | None = None,
        steering: "Steering | None" = None,
    ) -> Sequence[JobReturn]:
        """Train all runs; return their results.

        Args:
            config: of one of the runs.
            jobs: what to train.
            source: there is none, as :meth:`check_source` says.
            steering: is not begun: what trains here cannot be asked for anything.
        """
        assert source is None
        drop_guess()
        results = _those_without_folder(jobs)
        begun = [job for job in jobs if job.number not in results]
        results |= dict(zip((job.number for job in begun), self._launch(begun), strict=True))
        for job in jobs:  # what its own code has recorded already is not recorded again
            if results[job.number].status == JobStatus.FAILED:
                job.record_failure(results[job.number]._return_value)
        return [results[job.number] for job in jobs]

    def _launch(self, jobs: Sequence[Job]) -> Sequence[JobReturn]:
        if not jobs:
            return []
        composed = {job.overrides: job.composed for job in jobs}
        loader = FrozenConfigLoader(self._launcher.hydra_context.config_loader, composed)
        context = replace(self._launcher.hydra_context, config_loader=loader)
        self._launcher.hydra_context = context
        results: Sequence[JobReturn] = self._launcher.launch(
            [job.overrides for job in jobs], initial_job_idx=0
        )
        return results


AnyLauncher = Launcher | ForeignLauncher


def _those_without_folder(jobs: Sequence[Job]) -> dict[int, JobReturn]:
    """Make the folders of all jobs; return what became of those that can have none, by number.

    Hydra would make them before the jobs' own code begins, and end all jobs where one has none.
    """
    results = {}
    number = 0  # that Hydra will give it
    for job in jobs:
        numbered = _numbered(job, number)
        try:
            numbered.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            results[job.number] = failure(numbered, without_beginning(error))
        else:
            number += 1
    return results


def _numbered(job: Job, number: int) -> Job:
    composed = copy.deepcopy(job.composed)
    with open_dict(composed):
        composed.hydra.job.num, composed.hydra.job.id = number, str(number)
    return replace(job, compose=lambda: composed)
