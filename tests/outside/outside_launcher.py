"""A launcher, from outside: this machine's, one run at a time."""

from dataclasses import replace

from sweep.execution.launcher import LAUNCHERS
from sweep.execution.launchers.local import LocalLauncher


@LAUNCHERS.registers("one_by_one")
class OneByOne(LocalLauncher):
    """Trains one run after another, each in a fresh process."""

    def executor(self, config):
        return super().executor(replace(config, n_jobs=1))
