"""What can launch runs, by name: each launcher is a module of ``sweep/execution/launchers/``.

Its file in ``conf/hydra/launcher/`` has its settings.
"""

import copy
import resource
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf, read_write

from sweep.config.registry import Registry
from sweep.config.schema import Config
from sweep.display.sweep import SweepDisplay
from sweep.errors import UserError
from sweep.execution.job import Executor, Job
from sweep.execution.local.fork_server import drop_guess
from sweep.execution.source import JobSource
from sweep.execution.worker import Application

if TYPE_CHECKING:
    from sweep.execution.steering import Steering

OF_HYDRA = ("_target_", "engine")  # of hydra.launcher: what says which class and launcher it is
OPEN_FILES = 1 << 16  # for thousands of runs at once; some programs close as many as are allowed


class Launcher(ABC):
    """Trains as many runs at once as there is room for, each in a process of its own.

    Attributes:
        may_fork: whether this very process may be forked while runs train, as it is by
            ``os.fork`` and by ``multiprocessing`` where that forks.
    """

    may_fork = True

    def __init__(self, composed: DictConfig, application: Application) -> None:
        """Take what all runs have in common.

        Args:
            composed: Hydra's whole configuration, of the sweep.
            application: whose runs they are.
        """
        self.application = application
        self._composed = composed
        self._settings: dict[int, dict[str, Any]] = {}

    @abstractmethod
    def prepare(self, config: Config) -> None:
        """Let what runs such as this one need be loaded meanwhile.

        Raises:
            UserError: what the launcher needs is not installed.
        """

    @abstractmethod
    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs runs such as this one can have.

        Raises:
            UserError: where they are to be trained, they cannot be.
        """

    @abstractmethod
    def executor(self, config: Config) -> Executor:
        """Return what starts runs such as this one."""

    def at_once(self, configs: Sequence[Config]) -> int | None:
        """Return how many of these runs are trained at once; None if nobody knows yet."""
        return configs[0].n_jobs

    def check(self, configs: Sequence[Config]) -> None:  # noqa: B027 - most launchers can do all
        """Check that runs can be launched.

        Raises:
            UserError: they have something that this launcher cannot do.
        """

    def check_mxnet(self, config: Config) -> None:  # noqa: B027 - elsewhere each run sees
        """Check that MXNet can be loaded for runs such as this one, which takes seconds.

        Raises:
            UserError: it cannot.
        """

    def check_source(self) -> None:  # noqa: B027
        """Check that runs can be launched that are not known beforehand.

        Raises:
            UserError: they cannot.
        """

    def close(self) -> None:  # noqa: B027 - most launchers hold nothing
        """Give back what the launcher holds, when all runs have ended."""

    def train(
        self,
        config: Config,
        jobs: Sequence[Job],
        source: JobSource | None = None,
        steering: "Steering | None" = None,
    ) -> list[JobReturn]:
        """Train all runs, and show how they get on; return their results, by their numbers.

        A job that was stopped, because another failed or a user wanted it, has the status UNKNOWN.

        Args:
            config: of one of the runs.
            jobs: each with a number of its own.
            source: of more of them, if there are.
            steering: what users ask of the sweep meanwhile; None if they cannot.
        """
        # It imports MLflow, which takes long: not before all is composed.
        from sweep.execution.scheduler import Scheduler
        from sweep.execution.stuck import StuckRuns

        Path(self._composed.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        allow_open_files()
        try:
            executor = self.executor(config)
            drop_guess()
            with SweepDisplay() as display:
                listener = StuckRuns(display, config)
                scheduler = Scheduler(executor, jobs, listener, source, steering=steering)
                results = scheduler.run()
        finally:
            self.close()
        numbers = {*results, *(job.number for job in jobs)}
        return [results.get(number, JobReturn()) for number in sorted(numbers)]

    def settings(self, config: Config) -> dict[str, Any]:
        """Return ``hydra.launcher`` for such a run: its threads, and so its CPUs, are its own."""
        threads = config.threads_per_run
        if threads not in self._settings:
            composed = copy.deepcopy(self._composed)
            with read_write(composed):
                composed.threads_per_run = threads
            self._settings[threads] = _given(composed.hydra.launcher)
        return self._settings[threads]


LAUNCHERS: Registry[type[Launcher]] = Registry("hydra/launcher", "sweep.execution.launchers")


def _given(node: DictConfig) -> dict[str, Any]:
    """Return what is not null, at any depth, but what is Hydra's own."""

    def clean(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: clean(each) for key, each in value.items() if each is not None}

    values = cast(dict[str, Any], clean(OmegaConf.to_container(node, resolve=True)))
    return {key: each for key, each in values.items() if key not in OF_HYDRA}


def allow_open_files() -> None:
    """Let this process open as many files as it may: each run that it waits for takes up to three.

    Of the usual 1,024, which a process may raise, some hundred runs at once would leave none.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # a system that refuses leaves it as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def check_gpu(config: Config, has_gpu: bool, key: str, allowed: str) -> None:
    """Check that a run that needs a GPU is given one.

    Args:
        config: the run's.
        has_gpu: whether it is given one.
        key: the setting that gives it one.
        allowed: its values that do so.

    Raises:
        UserError: it needs one, and has none.
    """
    if config.context == "gpu" and not has_gpu:
        raise UserError(
            f"context=gpu: {key} gives runs no GPU; allowed are context=cpu, or {key} ({allowed})"
        )
