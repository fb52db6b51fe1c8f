"""Where Hydra finds the launchers of ``hydra/launcher=local`` and so on."""

import copy
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from sweep.config.compose import own_part, parse
from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.execution.capacity import Places, Slots
from sweep.execution.gpus import find_gpus
from sweep.execution.job import Job
from sweep.execution.local.place import ThisMachine, count_gpus, prepare
from sweep.execution.scheduler import Place, Room, Suggestions, launch
from sweep.optional import need


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


class EngineLauncher(ScheduledLauncher):
    """Trains runs by an engine that has machines, or a queue, of its own."""

    def __init__(self) -> None:
        """Take nothing; Hydra sets all."""
        super().__init__()
        self._settings: dict[int, dict[str, Any]] = {}

    def settings(self, config: Config) -> dict[str, Any]:
        """Return ``hydra.launcher`` for such a run: its threads, and so its CPUs, are its own."""
        threads = config.threads_per_run
        if threads not in self._settings:
            composed = copy.deepcopy(self.config)
            assert composed is not None
            with read_write(composed):
                composed.threads_per_run = threads
            self._settings[threads] = _given(composed.hydra.launcher)
        return self._settings[threads]


def _given(node: DictConfig) -> dict[str, Any]:
    """Return what is not null, at any depth, but the class that Hydra makes."""

    def clean(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: clean(each) for key, each in value.items() if each is not None}

    values = cast(dict[str, Any], clean(OmegaConf.to_container(node, resolve=True)))
    del values["_target_"]
    return values


class RayLauncher(EngineLauncher):
    """Trains runs on the machines of a Ray cluster, or on this one's cores by Ray."""

    def __init__(self, ray: DictConfig) -> None:
        """Take ``hydra.launcher.ray``, laid out as Hydra's own plugin for Ray has it.

        Args:
            ray: ``init``, as ``ray.init`` takes it, and ``remote``, as ``ray.remote`` does.
        """
        super().__init__()

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
        from sweep.execution.ray.cluster import check
        from sweep.execution.ray.connection import connect

        settings = self.settings(config)["ray"]
        has_gpu = bool(settings["remote"].get("num_gpus"))
        _check_gpu(config, has_gpu, "hydra.launcher.ray.remote.num_gpus", "1, or 0.5 to share one")
        connect(settings["init"])
        check(config, settings["remote"])
        return int(has_gpu)

    def place(self, config: Config) -> Place:
        """Return the cluster."""
        from sweep.execution.ray.cluster import RayCluster
        from sweep.execution.ray.connection import connect

        assert self.hydra_context and self.task_function
        connect(self.settings(config)["ray"]["init"])
        return RayCluster(config, self._remote, self.task_function, self.hydra_context)

    def _remote(self, config: Config) -> dict[str, Any]:
        return cast(dict[str, Any], self.settings(config)["ray"]["remote"])

    def _launch(
        self, config: Config, jobs: Sequence[Job], suggestions: Suggestions | None
    ) -> Sequence[JobReturn]:
        """Train jobs; then leave the cluster, or end it if it is the sweep's own."""
        try:
            return super()._launch(config, jobs, suggestions)
        finally:
            import ray

            ray.shutdown()


class SubmititLauncher(EngineLauncher):
    """Trains each run in a job of submitit."""

    cluster: Literal["local", "slurm"]

    def __init__(self, **parameters: Any) -> None:
        """Take ``hydra.launcher``, laid out as Hydra's own plugin for submitit has it."""
        super().__init__()

    def prepare(self, config: Config) -> None:
        """See that submitit is installed."""
        need("slurm", "submitit", f"hydra/launcher=submitit_{self.cluster} needs submitit")

    def count_gpus(self, config: Config) -> int:
        """Return 1 if runs such as this one are given a GPU.

        Raises:
            UserError: SLURM does not answer; or it gives a run no GPU that needs one.
        """
        settings = self.settings(config)
        has_gpu = any(settings.get(key) for key in ("gpus_per_node", "gpus_per_task", "gres"))
        _check_gpu(config, has_gpu, "hydra.launcher.gpus_per_node", "1")
        from sweep.execution.slurm.jobs import check_options
        from sweep.execution.slurm.queue import check_slurm

        if self.cluster == "slurm":
            check_slurm(config, settings.get("partition"))
        check_options(self.cluster, settings)
        return int(has_gpu)

    def place(self, config: Config) -> Place:
        """Return where jobs are trained."""
        from sweep.execution.slurm.jobs import SubmititJobs

        assert self.hydra_context and self.task_function
        given = self.settings, self.task_function, self.hydra_context
        return SubmititJobs(self.cluster, self.room(config), *given)

    @abstractmethod
    def room(self, config: Config) -> Room:
        """Return how many jobs there may be at once."""


class SubmititLocalLauncher(SubmititLauncher):
    """Trains each run in a job of this machine."""

    cluster = "local"

    def room(self, config: Config) -> Room:
        """Return this machine's cores, and those of its GPUs that runs use."""
        return Slots(config.n_jobs, find_gpus(config.threads_per_run))


class SubmititSlurmLauncher(SubmititLauncher):
    """Trains each run in a job of SLURM."""

    cluster = "slurm"

    def room(self, config: Config) -> Room:
        """Return so many places as jobs may be submitted at once; SLURM queues them."""
        return Places(config.n_jobs or self.settings(config).get("array_parallelism", sys.maxsize))


def _check_gpu(config: Config, has_gpu: bool, key: str, allowed: str) -> None:
    if config.context == "gpu" and not has_gpu:
        raise UserError(
            f"context=gpu: {key} gives runs no GPU; allowed are context=cpu, or {key} ({allowed})"
        )
