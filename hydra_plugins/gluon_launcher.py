"""Where Hydra finds the launcher of ``hydra/launcher=local``; see sweep/launcher.py."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, open_dict

from sweep.config import own_part, parse
from sweep.launcher import launch
from sweep.running import Job


class LocalLauncher(BasicLauncher):
    """Trains as many runs at once as there are cores, each in a fresh process."""

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
        assert self.hydra_context and self.config is not None and self.task_function
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        jobs = []
        for number, each in composed.items():
            with open_dict(each):
                each.hydra.job.num, each.hydra.job.id = number, str(number)
            claimed = is_claimed.get(number, lambda: False)
            jobs.append(Job(number, each, parse(own_part(each)), claimed))
        return launch(jobs, self.task_function, self.hydra_context)
