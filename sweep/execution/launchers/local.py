"""``hydra/launcher=local``: the cores and GPUs of this machine."""

from sweep.config.schema import Config
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.execution.local import executor as this_machine


@LAUNCHERS.registers("local")
class LocalLauncher(Launcher):
    """Trains as many runs at once as there are cores, each in a fresh process."""

    def prepare(self, config: Config) -> None:
        """Start the server from which runs are forked."""
        this_machine.prepare(config)

    def count_gpus(self, config: Config) -> int:
        """Return how many GPUs MXNet sees here."""
        return this_machine.count_gpus(config)

    def executor(self, config: Config) -> this_machine.LocalExecutor:
        """Return this machine."""
        return this_machine.LocalExecutor(config, self.application)
