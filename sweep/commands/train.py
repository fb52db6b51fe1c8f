"""The Hydra application: ``sweep model=lenet optim.lr=0.1,0.2 --multirun``."""

import os
import sys

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from sweep import signals
from sweep.commands.arguments import check_arguments, explain
from sweep.config.compose import CONF, parse
from sweep.display.run import RunDisplay
from sweep.errors import RunFailed, UserError, leave
from sweep.runs.events import Listener
from sweep.runs.membership import membership_of
from sweep.search.pruning import judge_of


def main() -> None:
    """Run the application; exit with 0, 1 (a run failed), 2 (wrong input) or 130 (interrupted)."""
    # Hydra then raises what goes wrong, instead of printing it with half a traceback.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        check_arguments(sys.argv[1:])
        hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except (UserError, RunFailed) as error:
        leave(error.exit_code, str(error))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.stdout.flush()
        # At once: a request to a server that is away must not keep it.
        os._exit(signals.EXIT_CODE)
    except Exception as error:
        if (text := explain(error, sys.argv[1:])) is None:
            raise
        leave(UserError.exit_code, text)


def task(composed: DictConfig, tell: Listener | None = None) -> float:
    """Train one configuration and return its score: the seam between Hydra's jobs and our runs.

    Args:
        composed: by Hydra, without its own part.
        tell: is told how the run gets on; None to show it here.
    """
    membership = membership_of()
    try:
        config = parse(composed)
        # MXNet reads its number of threads once, when it is loaded; so it is not imported above.
        os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
        from sweep.runs.execute import execute
        from sweep.sweeps.single import train_single
        from sweep.tracking import prepare_mlflow

        prepare_mlflow()
        signals.let_crashes_end_the_process()
        overrides, tell = HydraConfig.get().overrides.task, tell or RunDisplay()
        if membership is None:
            return train_single(config, overrides, tell)
        return execute(config, overrides, tell, membership, judge_of(config, membership))
    except (UserError, RunFailed) as error:
        if membership:
            raise  # the sweep counts it, and goes on
        leave(error.exit_code, str(error))  # before Hydra adds a line of its own
