"""What a program prints to: an output that nobody reads any more, or that is full.

Neither is a reason for a traceback, and a full one none to end a sweep, whose record is elsewhere.
The same goes for errors: a terminal may have been closed.
"""

import contextlib
import io
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, TextIO

ERRORS = 2  # the descriptor


def for_a_reader(application: Callable[[], object], output: int = 1) -> None:
    """Run a program; end it in silence, as SIGPIPE would, when its output is not read any more.

    Where the output is full, the program goes on without. It has failed then, whatever it says.

    Args:
        application: prints, and may end by SystemExit.
        output: the descriptor that it prints to.

    Raises:
        SystemExit: the application's; or with 1, if it has none to tell and something was lost.
    """
    try:
        with _lenient(output) as printed:
            try:
                application()
            finally:
                sys.stdout.flush()
                if printed.is_lost and not _has_failed():
                    sys.exit(1)
    except BrokenPipeError:
        if not _is_read(output):
            os._exit(128 + signal.SIGPIPE)
        raise


class _Output(io.FileIO):
    """A standard output that may be full.

    Attributes:
        is_lost: whether something could not be written.
    """

    is_lost = False
    _is_broken = False

    def write(self, data: Any) -> int:
        """Write; where that is not possible, say so once.

        Raises:
            BrokenPipeError: nobody reads any more. That is told once: the program is to end, and
                what it prints meanwhile needs no reader. Nor does the end after a Ctrl-C, which has
                ended what read, too.
        """
        try:
            return super().write(data)
        except BrokenPipeError as error:
            if not self._is_broken and not isinstance(error.__context__, KeyboardInterrupt):
                self._is_broken = True
                raise
        except OSError as error:
            if not self.is_lost:
                self.is_lost = True
                lost = "what would be printed from here on is lost"
                print(f"The output cannot be written: {error.strerror}; {lost}.", file=sys.stderr)
        return memoryview(data).nbytes


class _Errors(io.FileIO):
    """A standard error output that may be full, or a terminal that was closed."""

    def write(self, data: Any) -> int:
        """Write; where that is not possible, nobody can be told."""
        with contextlib.suppress(OSError):
            return super().write(data)
        return memoryview(data).nbytes


@contextlib.contextmanager
def _lenient(output: int) -> Iterator[_Output]:
    """Let all that is printed meanwhile go to outputs that may be full."""
    printed = _Output(output, "w", closefd=False)
    with contextlib.ExitStack() as redirected:
        redirected.enter_context(contextlib.redirect_stdout(_like(sys.stdout, printed)))
        if sys.stderr:  # or it was closed when the program started
            errors = _like(sys.stderr, _Errors(ERRORS, "w", closefd=False))
            redirected.enter_context(contextlib.redirect_stderr(errors))
            redirected.callback(errors.flush)
        yield printed


def _like(usual: TextIO, file: io.FileIO) -> io.TextIOWrapper:
    """Return a stream that writes as the usual one does, to this file."""
    usual.flush()
    is_unbuffered = getattr(usual, "write_through", False)  # as PYTHONUNBUFFERED wants it
    return io.TextIOWrapper(
        file if is_unbuffered else io.BufferedWriter(file),  # as Python does
        encoding=usual.encoding,
        errors=usual.errors,
        newline="\n",
        line_buffering=getattr(usual, "line_buffering", False),
        write_through=is_unbuffered,
    )


def _has_failed() -> bool:
    """Return whether the program is being ended by anything but a success."""
    error = sys.exc_info()[1]
    return error is not None and not (isinstance(error, SystemExit) and error.code in (None, 0))


def _is_read(output: int) -> bool:
    """Return whether the output has a reader; it has none after ``| head`` has ended."""
    events = select.poll()
    events.register(output, 0)  # errors are always told
    return not any(each & select.POLLERR for _, each in events.poll(0))
