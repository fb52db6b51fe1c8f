"""The program: ``python -m sweep model=lenet optim.lr=0.1,0.2 --multirun``, or ``sweep``."""

import os
import select
import signal
import sys

ASKED = signal.getsignal(signal.SIGINT)
if ASKED is signal.default_int_handler:
    # While Python imports, for a second, there is nothing to end well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Run a command if the first argument is the name of one, or else Hydra's application."""
    from sweep import signals
    from sweep.commands import COMMANDS, COMPLETION_VARIABLE

    is_command = sys.argv[1:2] and sys.argv[1] in (*COMMANDS, "--version")
    if is_command or COMPLETION_VARIABLE in os.environ:
        from sweep.commands.cli import main as application
    else:
        from sweep.commands.train import main as application
    signals.let_none_be_lost()
    signal.signal(signal.SIGINT, ASKED)
    # SIGTERM ends runs as Ctrl-C does: recorded as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            application()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _is_read():
            os._exit(128 + signal.SIGPIPE)
        raise


def _is_read() -> bool:
    """Return whether the output has a reader; it has none after ``| head`` has ended."""
    output = select.poll()
    output.register(1, 0)  # errors are always told
    return not any(events & select.POLLERR for _, events in output.poll(0))


if __name__ == "__main__":
    main()
