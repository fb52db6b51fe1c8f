"""Ctrl-C and the like, which Python raises wherever it happens to be; crashes; and stacks."""

import faulthandler
import functools
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any

# Ctrl-C, what a system or a scheduler sends, and what comes when a terminal is closed.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
OF_THE_TERMINAL = (signal.SIGINT, signal.SIGHUP)  # which all of its processes get
EXIT_CODE = 128 + signal.SIGINT
AGAIN_SECONDS = 0.01
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE)
STACKS = signal.SIGUSR1  # lets a run's process write the stacks of its threads to its log

_log: IO[Any] | None = None  # where stacks go; None for where errors go


def let_none_be_lost() -> None:
    """Raise an interrupt again that came where Python only prints what is raised.

    That is in a ``__del__``, such as MXNet's arrays have, or in a callback from C; see
    https://docs.python.org/3/library/sys.html#sys.unraisablehook. The main thread must call this.
    """
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = _raise_again


@functools.cache
def let_the_second_end_the_process() -> None:
    """Let a second Ctrl-C end this process at once, where it trains itself and nobody watches it.

    Python handles none while its main thread is in a call of a library. But it writes each to a
    descriptor at once: https://docs.python.org/3/library/signal.html#signal.set_wakeup_fd. Only the
    main thread can set it; in another, it is left as it is.
    """
    if threading.current_thread() is threading.main_thread():
        receiver, sender = socket.socketpair()
        sender.setblocking(False)
        signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_count, args=(receiver, sender), daemon=True).start()


def _count(receiver: socket.socket, sender: socket.socket) -> None:
    """End the process at the second interrupt; the sender is kept, since it must stay open."""
    seen = 0
    while seen < 2:
        seen += receiver.recv(1)[0] == signal.SIGINT
    os._exit(EXIT_CODE)


@contextmanager
def kept_waiting() -> Iterator[None]:
    """Let what stops a program wait; in one that is started meanwhile, until it says otherwise."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def let_come() -> None:
    """Let what was :func:`kept_waiting` come, to a process that was started meanwhile."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def leave_the_terminal() -> None:
    """Ignore a terminal's signals in a process of a sweep: they are for whoever launched it."""
    for number in OF_THE_TERMINAL:
        signal.signal(number, signal.SIG_IGN)


def _raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(unraisable)


def write_stacks_to(log: IO[Any]) -> None:
    """Let this process write the stacks of its threads when it crashes, or is asked for them.

    Args:
        log: has a descriptor, and stays open.
    """
    global _log
    _log = log
    faulthandler.enable(log)
    faulthandler.register(STACKS, log)


def let_crashes_end_the_process() -> None:
    """Take back the handlers of crashes that MXNet sets when it is imported.

    They end the process in an orderly way, which can hang for ever. If ``faulthandler`` was
    enabled, it gets them, and writes the stack.
    """
    is_traced = faulthandler.is_enabled()
    faulthandler.disable()
    with suppress(ValueError):  # only the main thread may do this
        for crash in CRASHES:
            signal.signal(crash, signal.SIG_DFL)
    if is_traced:
        faulthandler.enable(_log or sys.stderr)
