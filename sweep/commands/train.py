"""The Hydra application: ``sweep model=lenet optim.lr=0.1,0.2 --multirun``."""

import math
import os
import sys
from collections.abc import Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from sweep import signals
from sweep.commands.arguments import check_arguments, check_place, explain
from sweep.commands.flags import (
    asks_for_dry_run,
    folders_of_hydra,
    for_the_sweeper,
    with_overrides_for_flags,
)
from sweep.config.compose import CONF, parse
from sweep.config.hydra_flags import help_unchecked
from sweep.config.own_launchers import own_launchers
from sweep.config.own_sweepers import NO_DRY_RUN
from sweep.display.run import RunDisplay
from sweep.errors import RunFailed, UserError, leave
from sweep.execution.local.fork_server import kill_server
from sweep.runs.events import Listener
from sweep.runs.membership import membership_of
from sweep.search.pruning import judge_of


def main() -> None:
    """Run the application; exit with 0, 1 (a run failed), 2 (wrong input) or 130 (interrupted)."""
    # Hydra then raises what goes wrong, instead of printing it with half a traceback.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        sys.argv[1:] = with_overrides_for_flags(sys.argv[1:])
        check_arguments(sys.argv[1:])
        check_place()
        folders = folders_of_hydra(for_the_sweeper(sys.argv[1:]))
        with own_launchers(), help_unchecked(), folders as arguments:
            sys.argv[1:] = arguments
            hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except (UserError, RunFailed) as error:
        leave(error.exit_code, str(error))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.stdout.flush()
        kill_server()
        # At once: a request to a server that is away must not keep it.
        os._exit(signals.EXIT_CODE)
    except BrokenPipeError:  # nobody reads what is printed: the process ends at once
        kill_server()
        raise
    except Exception as error:
        if (text := explain(error, sys.argv[1:])) is None:
            raise
        leave(UserError.exit_code, text)


def _check_dry_run(overrides: Sequence[str]) -> None:
    """See that Hydra was told beforehand to write nothing.

    Raises:
        UserError: it was not.
    """
    if HydraConfig.get().mode is RunMode.MULTIRUN:
        raise UserError(NO_DRY_RUN)
    if not asks_for_dry_run(overrides):
        raise UserError(
            "dry_run=true: is in a file, or refers to another field, of which Hydra knows too late "
            "to write nothing; allowed is --dry-run in the command"
        )


def task(composed: DictConfig, tell: Listener | None = None) -> float:
    """Train one configuration and return its score: the seam between Hydra's jobs and our runs.

    Args:
        composed: by Hydra, without its own part.
        tell: is told how the run gets on; None to show it here.
    """
    membership = membership_of()
    # The folder of the command, and no other, has the record and what relative paths mean.
    os.chdir(HydraConfig.get().runtime.cwd)
    try:
        config = parse(composed)
        # MXNet reads its number of threads once, when it is loaded; so it is not imported above.
        os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
        from sweep.tracking import prepare_mlflow

        prepare_mlflow()
        overrides = HydraConfig.get().overrides.task
        if config.dry_run:
            _check_dry_run(overrides)
            from sweep.execution.local.executor import check_mxnet, count_gpus
            from sweep.sweeps.dry_run import rehearse

            check_mxnet(config)
            rehearse([config], count_gpus, at_once=len)
            return math.nan
        if membership is None:
            from sweep.sweeps.single import train_single

            return train_single(config, overrides, tell or RunDisplay())
        from sweep.runs.execute import execute

        if tell is None:  # this is the process of the command: one of Hydra's own launchers
            signals.let_the_second_end_the_process()
            tell = RunDisplay()
        signals.let_crashes_end_the_process()
        return execute(config, overrides, tell, membership, judge_of(config, membership))
    except (UserError, RunFailed) as error:
        if membership:
            raise  # the sweep counts it, and goes on
        leave(error.exit_code, str(error))  # before Hydra adds a line of its own
