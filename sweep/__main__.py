"""The Hydra application: ``python -m sweep model=lenet optim.lr=0.1,0.2 --multirun``."""

import os
import signal
import sys
from typing import NoReturn

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from sweep.config import CONF, GROUPS, fields, parse
from sweep.errors import RunFailed, UserError, explain_composition, is_composition_error

INTERRUPTED = 128 + signal.SIGINT


def task(composed: DictConfig) -> float:
    """Train one configuration and return its score: what Hydra calls for each job."""
    try:
        config = parse(composed)
        # MXNet reads its number of threads once, when it is loaded; so it is not imported above.
        os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
        from sweep.run import execute

        return execute(config, HydraConfig.get().overrides.task)
    except (UserError, RunFailed) as error:
        if composed.tracking.sweep_id:
            raise  # the sweep counts it, and goes on
        _exit(error.exit_code, str(error))  # before Hydra adds a line of its own


def main() -> None:
    """Run the application; exit with 0, 1 (a run failed), 2 (wrong input) or 130 (interrupted)."""
    # SIGTERM ends runs as Ctrl-C does: recorded as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Hydra then raises what goes wrong, instead of printing it with half a traceback.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except (UserError, RunFailed) as error:
        _exit(error.exit_code, str(error))
    except KeyboardInterrupt:
        _exit(INTERRUPTED, "Interrupted.")
    except Exception as error:
        if is_composition_error(error):
            _exit(UserError.exit_code, explain_composition(error, sys.argv[1:], fields(), GROUPS))
        if isinstance(error, OSError) and error.filename:
            _exit(UserError.exit_code, f"{error.filename}: {error.strerror}")
        raise


def _exit(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
