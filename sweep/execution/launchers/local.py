"""``hydra/launcher=local``: the cores and GPUs of this machine."""

from collections.abc import Sequence

from sweep.config.schema import Config
from sweep.execution.capacity import LocalCapacity
from sweep.execution.gpus import find_gpus
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.execution.local import executor as this_machine


@LAUNCHERS.registers("local")
class LocalLauncher(Launcher):
    """Trains as many runs at once as there are cores, each in a fresh process."""

    may_fork = False  # a server does it

    def prepare(self, config: Config) -> None:
        """Start the server from which runs are forked."""
        this_machine.prepare(config)

    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs MXNet sees here."""
        return this_machine.count_gpus(config)

    def check_mxnet(self, config: Config) -> None:
        """Check that MXNet can be loaded here."""
        this_machine.check_mxnet(config)

    def at_once(self, configs: Sequence[Config]) -> int:
        """Return how many there is room for."""
        gpus = find_gpus(configs[0].threads_per_run)
        return LocalCapacity(configs[0].n_jobs, gpus).count_at_once(configs)

    def executor(self, config: Config) -> this_machine.LocalExecutor:
        """Return this machine."""
        return this_machine.LocalExecutor(config, self.application)
