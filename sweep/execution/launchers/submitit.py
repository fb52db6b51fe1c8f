"""``hydra/launcher=submitit_slurm`` and ``submitit_local``: jobs of SLURM, or of this machine.

submitit need not be installed; so it is imported where it is used.
"""

import sys
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from sweep.config.schema import Config
from sweep.execution.capacity import Capacity, LocalCapacity, QueueCapacity
from sweep.execution.gpus import find_gpus
from sweep.execution.launcher import LAUNCHERS, Launcher, check_gpu
from sweep.optional import need

if TYPE_CHECKING:
    from sweep.execution.slurm.jobs import SubmititExecutor

GPUS = ("gpus_per_node", "gpus_per_task", "gres")  # settings that give a job a GPU


class SubmititLauncher(Launcher):
    """Trains each run in a job of submitit.

    Its settings, ``hydra.launcher``, are laid out as Hydra's own plugin for submitit has them.

    Attributes:
        cluster: as submitit calls it.
    """

    cluster: ClassVar[Literal["local", "slurm"]]
    may_fork = False

    def prepare(self, config: Config) -> None:
        """See that submitit is installed."""
        need("slurm", "submitit", f"hydra/launcher=submitit_{self.cluster} needs submitit")

    def count_gpus(self, config: Config) -> int:
        """Return 1 if runs such as this one are given a GPU.

        Raises:
            UserError: submitit does not know the settings; or they give a run no GPU that needs it.
        """
        from sweep.execution.slurm.jobs import check_options

        settings = self.settings(config)
        has_gpu = any(settings.get(key) for key in GPUS)
        check_gpu(config, has_gpu, "hydra.launcher.gpus_per_node", "1")
        self.check_cluster(config)
        check_options(self.cluster, settings)
        return int(has_gpu)

    def executor(self, config: Config) -> "SubmititExecutor":
        """Return what submits jobs."""
        from sweep.execution.slurm.jobs import SubmititExecutor

        return SubmititExecutor(
            self.cluster, self.capacity(config), self.settings, self.application
        )

    @abstractmethod
    def capacity(self, config: Config) -> Capacity:
        """Return how many jobs there may be at once."""

    @abstractmethod
    def check_cluster(self, config: Config) -> None:
        """Check that jobs can be submitted.

        Raises:
            UserError: they cannot.
        """


@LAUNCHERS.registers("submitit_local")
class SubmititLocalLauncher(SubmititLauncher):
    """Trains each run in a job of this machine."""

    cluster = "local"

    def capacity(self, config: Config) -> Capacity:
        """Return this machine's cores, and those of its GPUs that runs use."""
        return LocalCapacity(config.n_jobs, find_gpus(config.threads_per_run))

    def check_cluster(self, config: Config) -> None:
        """This machine takes jobs."""


@LAUNCHERS.registers("submitit_slurm")
class SubmititSlurmLauncher(SubmititLauncher):
    """Trains each run in a job of SLURM."""

    cluster = "slurm"

    def capacity(self, config: Config) -> Capacity:
        """Return how many jobs may be submitted at once; SLURM queues them."""
        at_once = self.settings(config).get("array_parallelism", sys.maxsize)
        return QueueCapacity(config.n_jobs or at_once)

    def check_cluster(self, config: Config) -> None:
        """Check that SLURM answers, and that its machines can share the record."""
        from sweep.execution.slurm.queue import check_slurm

        check_slurm(config, self.settings(config).get("partition"))
