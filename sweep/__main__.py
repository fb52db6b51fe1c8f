"""The Hydra application: ``python -m sweep model=lenet optim.lr=0.1,0.2 --multirun``."""

import os
import signal
import sys

ASKED = signal.getsignal(signal.SIGINT)
if ASKED is signal.default_int_handler:
    # While Python imports, for a second, there is nothing to end well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import hydra  # noqa: E402

from sweep import signals as interrupts  # noqa: E402
from sweep.commands.train import task  # noqa: E402
from sweep.config.compose import CONF, GROUPS, fields  # noqa: E402
from sweep.config.explain import explain_composition, is_composition_error  # noqa: E402
from sweep.errors import RunFailed, UserError, leave  # noqa: E402


def main() -> None:
    """Run the application; exit with 0, 1 (a run failed), 2 (wrong input) or 130 (interrupted)."""
    interrupts.let_none_be_lost()
    signal.signal(signal.SIGINT, ASKED)
    # SIGTERM ends runs as Ctrl-C does: recorded as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Hydra then raises what goes wrong, instead of printing it with half a traceback.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except (UserError, RunFailed) as error:
        leave(error.exit_code, str(error))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.stdout.flush()
        # At once: a request to a server that is away must not keep it.
        os._exit(interrupts.EXIT_CODE)
    except Exception as error:
        if is_composition_error(error):
            leave(UserError.exit_code, explain_composition(error, sys.argv[1:], fields(), GROUPS))
        if isinstance(error, OSError) and error.filename:
            leave(UserError.exit_code, f"{error.filename}: {error.strerror}")
        raise


if __name__ == "__main__":
    main()
