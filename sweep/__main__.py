"""The program: ``python -m sweep model=lenet optim.lr=0.1,0.2 --multirun``, or ``sweep``."""

import os
import signal
import sys

ASKED = signal.getsignal(signal.SIGINT)
if ASKED is signal.default_int_handler:
    # While Python imports, for a second, there is nothing to end well.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Run a command if the first argument is the name of one, or else Hydra's application."""
    from sweep import garbage, signals
    from sweep.commands import COMMANDS, COMPLETION_VARIABLE
    from sweep.pipes import for_a_reader
    from sweep.progress import asks_to_train, tell

    garbage.look_seldom()
    is_command = sys.argv[1:2] and sys.argv[1] in COMMANDS
    if not is_command and "--version" in sys.argv:
        sys.argv[1:], is_command = ["--version"], True  # Hydra would print its own
    if is_command or COMPLETION_VARIABLE in os.environ:
        from sweep.commands.cli import main as application
    else:
        if asks_to_train(sys.argv[1:]):
            tell("Reading the configuration ...")
            from sweep.execution.local.early import start_as_typed

            start_as_typed(sys.argv[1:])
        from sweep.commands.train import main as application
    signals.let_none_be_lost()
    signal.signal(signal.SIGINT, ASKED)
    # These end runs as Ctrl-C does: recorded as KILLED.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is after nohup
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    for_a_reader(application)


if __name__ == "__main__":
    main()
