"""Where Hydra finds the launchers of ``hydra/launcher=local`` and so on; see sweep/schedule.py."""

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from sweep.config import own_part, parse
from sweep.errors import UserError
from sweep.extras import need
from sweep.launcher import ThisMachine, count_gpus, prepare
from sweep.running import Job
from sweep.schedule import Place, Suggestions, launch
from sweep.schema import Config

PLUGINS = {  # of Hydra's own, with the names that both have a launcher of
    "hydra_plugins.hydra_ray_launcher._config": ("ray",),
    "hydra_plugins.hydra_submitit_launcher.config": ("submitit_local", "submitit_slurm"),
}


def _take_over_names() -> None:
    """Let Hydra find our files in ``conf/hydra/launcher/`` alone.

    It would check them against what its plugins of the same names register, and warn that it will
    not always do so. Imported here, they do not register it again.
    """
    for module, names in PLUGINS.items():
        with suppress(ImportError):  # it is an extra
            import_module(module)
            for name in names:
                del ConfigStore.instance().repo["hydra"]["launcher"][f"{name}.yaml"]


_take_over_names()


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
        return self.launch_jobs(jobs)

    def job(self, number: int, composed: DictConfig, is_claimed: Callable[[], bool]) -> Job:
        """Return a job with its number."""
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        return Job(number, composed, parse(own_part(composed)), is_claimed)

    def launch_jobs(
        self, jobs: Sequence[Job], suggestions: Suggestions | None = None
    ) -> Sequence[JobReturn]:
        """Train jobs, and those that are suggested when these have ended; at least one of them."""
        assert self.config is not None
        Path(self.config.hydra.sweep.dir).mkdir(parents=True, exist_ok=True)
        return launch(self.place(jobs[0].config), jobs, suggestions)


class LocalLauncher(ScheduledLauncher):
    """Trains as many runs at once as there are cores, each in a fresh process."""

    def place(self, config: Config) -> Place:
        """Return this machine."""
        assert self.hydra_context and self.task_function
        return ThisMachine(config, self.task_function, self.hydra_context)


class RayLauncher(ScheduledLauncher):
    """Trains runs on the machines of a Ray cluster, or on this one's cores by Ray."""

    def __init__(self, ray: DictConfig) -> None:
        """Take ``hydra.launcher.ray``, laid out as Hydra's own plugin for Ray has it.

        Args:
            ray: ``init``, as ``ray.init`` takes it, and ``remote``, as ``ray.remote`` does.
        """
        super().__init__()
        self._init = ray.init
        self._remotes: dict[int, dict[str, Any]] = {}

    def prepare(self, config: Config) -> None:
        """See that Ray is installed."""
        what = "hydra/launcher=ray needs Ray"
        need("ray", "ray", what)
        need("ray", "hydra_plugins.hydra_ray_launcher", f"{what} for Hydra")

    def count_gpus(self, config: Config) -> int:
        """Return 1 if runs such as this one are given a GPU, or a part of one.

        Raises:
            UserError: there is no such cluster; or it has not what such a run needs.
        """
        from sweep.ray_cluster import check

        remote = self._remote(config)
        if config.context == "gpu" and not remote.get("num_gpus"):
            raise UserError(
                "context=gpu: hydra.launcher.ray.remote.num_gpus gives runs no GPU; allowed are "
                "context=cpu, or a num_gpus above 0 (0.5: two runs share one)"
            )
        self._connect()
        check(config, remote)
        return 1 if remote.get("num_gpus") else 0

    def place(self, config: Config) -> Place:
        """Return the cluster."""
        from sweep.ray_cluster import RayCluster

        assert self.hydra_context and self.task_function
        self._connect()
        return RayCluster(config, self._remote, self.task_function, self.hydra_context)

    def launch_jobs(
        self, jobs: Sequence[Job], suggestions: Suggestions | None = None
    ) -> Sequence[JobReturn]:
        """Train jobs; then leave the cluster, or end it if it is the sweep's own."""
        try:
            return super().launch_jobs(jobs, suggestions)
        finally:
            import ray

            ray.shutdown()

    def _connect(self) -> None:
        from sweep.ray_cluster import connect

        connect(_values(self._init))

    def _remote(self, config: Config) -> dict[str, Any]:
        """Return what a run asks of Ray: by default as many CPUs as it has threads."""
        threads = config.threads_per_run
        if threads not in self._remotes:
            composed = copy.deepcopy(self.config)
            assert composed is not None
            with read_write(composed):
                composed.threads_per_run = threads
            self._remotes[threads] = _values(composed.hydra.launcher.ray.remote)
        return self._remotes[threads]


def _values(node: DictConfig) -> dict[str, Any]:
    """Return what is set there."""
    values = cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    return {key: value for key, value in values.items() if value is not None}
