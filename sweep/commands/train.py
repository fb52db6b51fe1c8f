"""What Hydra calls for each job: the seam between its jobs and our runs."""

import os

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from sweep.config.compose import parse
from sweep.display.run import RunDisplay
from sweep.errors import RunFailed, UserError, leave
from sweep.runs.events import Listener


def task(composed: DictConfig, tell: Listener | None = None) -> float:
    """Train one configuration and return its score.

    Args:
        composed: by Hydra, without its own part.
        tell: is told how the run gets on; None to show it here.
    """
    try:
        config = parse(composed)
        # MXNet reads its number of threads once, when it is loaded; so it is not imported above.
        os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
        from sweep.runs.execute import execute

        return execute(config, HydraConfig.get().overrides.task, tell or RunDisplay())
    except (UserError, RunFailed) as error:
        if composed.tracking.sweep_id:
            raise  # the sweep counts it, and goes on
        leave(error.exit_code, str(error))  # before Hydra adds a line of its own
