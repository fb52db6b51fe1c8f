"""Where Hydra finds the launchers of ``hydra/launcher=local`` and so on; see sweep/schedule.py."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, open_dict

from sweep.config import own_part, parse
from sweep.launcher import ThisMachine, count_gpus, prepare
from sweep.running import Job
from sweep.schedule import Place, Suggestions, launch
from sweep.schema import Config


class ScheduledLauncher(BasicLauncher):
    """Trains as many runs at once as there is room for, each in a process of its own."""

    def prepare(self, config: Config) -> None:
        """Let what runs such as this one need be loaded meanwhile."""
        prepare(config)

    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs runs such as this one can have.

        Raises:
            UserError: MXNet cannot be loaded.
        """
        return count_gpus(config)

    @abstractmethod
    def place(self, config: Config) -> Place:
        """Return where runs such as this one are trained."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Compose the runs and train them all."""
        assert self.hydra_context and self.config is not None
        loader = self.hydra_context.config_loader
        composed = [loader.load_sweep_config(self.config, list(each)) for each in job_overrides]
        return self.launch_composed(dict(enumerate(composed, initial_job_idx)), {})

    def launch_composed(
        self, composed: Mapping[int, DictConfig], is_claimed: Mapping[int, Callable[[], bool]]
    ) -> Sequence[JobReturn]:
        """Train runs that are composed already.

        Args:
            composed: Hydra's configuration of each run, by its number.
            is_claimed: by a run's number, whether another sweep trains the same at this moment.
        """
        jobs = [
            self.job(number, each, is_claimed.get(number, lambda: False))
            for number, each in composed.items()
        ]
        return self._launch(jobs[0].config, jobs, None)

    def job(self, number: int, composed: DictConfig, is_claimed: Callable[[], bool]) -> Job:
        """Return a job with its number."""
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        return Job(number, composed, parse(own_part(composed)), is_claimed)

    def launch_suggested(self, config: Config, suggestions: Suggestions) -> Sequence[JobReturn]:
        """Train what is suggested, runs such as this one."""
        return self._launch(config, [], suggestions)

    def _launch(
        self, config: Config, jobs: Sequence[Job], suggestions: Suggestions | None
    ) -> Sequence[JobReturn]:
        assert self.config is not None
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        return launch(self.place(config), jobs, suggestions)


class LocalLauncher(ScheduledLauncher):
    """Trains as many runs at once as there are cores, each in a fresh process."""

    def place(self, config: Config) -> Place:
        """Return this machine."""
        assert self.hydra_context and self.task_function
        return ThisMachine(config, self.task_function, self.hydra_context)
