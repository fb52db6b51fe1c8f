"""Ctrl-C and SIGTERM, which Python raises wherever it happens to be; and crashes."""

import contextlib
import faulthandler
import signal
import sys

EXIT_CODE = 128 + signal.SIGINT
AGAIN_SECONDS = 0.01
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE)


def let_none_be_lost() -> None:
    """Raise an interrupt again that came where Python only prints what is raised.

    That is in a ``__del__``, such as MXNet's arrays have, or in a callback from C; see
    https://docs.python.org/3/library/sys.html#sys.unraisablehook. The main thread must call this.
    """
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = _raise_again


def _raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


def let_crashes_end_the_process() -> None:
    """Take back the handlers of crashes that MXNet sets when it is imported.

    They end the process in an orderly way, which can hang for ever. If ``faulthandler`` was
    enabled, it gets them, and writes the stack.
    """
    is_traced = faulthandler.is_enabled()
    faulthandler.disable()
    with contextlib.suppress(ValueError):  # only the main thread may do this
        for crash in CRASHES:
            signal.signal(crash, signal.SIG_DFL)
    if is_traced:
        faulthandler.enable()
