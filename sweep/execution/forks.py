"""Makes processes that a run's code starts (pools) end with the run."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux: https://man7.org/linux/man-pages/man2/prctl.2.html


def begin() -> None:
    """Let this process start others, which it forks where it can, and which end with it.

    A daemon could start none, as the workers of a DataLoader, and a process that a server has
    forked would start them by another server, with which they would end.
    """
    multiprocessing.current_process().daemon = False
    how = "fork" if sys.platform == "linux" else None
    multiprocessing.set_start_method(how, force=True)
    forks = _Forks()
    os.register_at_fork(
        before=forks.before, after_in_parent=forks.in_parent, after_in_child=forks.in_child
    )


def end_others() -> None:
    """Kill what this process has started and Python would wait for; daemons Python ends itself."""
    for each in multiprocessing.active_children():
        if not each.daemon:  # a pool's worker may hold a lock that the pool needs to end
            each.kill()


class _Forks:
    """Lets what is forked end by SIGTERM without a word, or with the process that forked it.

    Workers of a pool wait for ever for one that was killed. Only Linux can end them then. It does
    so when the thread that forked them ends, and the main thread alone lives as long as the
    process: a pool replaces workers from another thread.

    A SIGTERM that comes before what is forked has its own way to take it would be lost, and a pool
    that sent it would wait for ever. So it is kept until then.
    """

    def __init__(self) -> None:
        self._system = ctypes.CDLL(None)  # loaded here: a child shall load nothing
        self._forking = threading.local()

    def before(self) -> None:
        """Note which process is about to fork, if its main thread is."""
        is_main = threading.current_thread() is threading.main_thread()
        self._forking.process = os.getpid() if is_main else None
        self._forking.blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def in_parent(self) -> None:
        """Take signals as before."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.blocked)

    def in_child(self) -> None:
        """Let this process end with the one that has forked it."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._forking.blocked)
        if self._forking.process is None or not hasattr(self._system, "prctl"):
            return
        self._system.prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != self._forking.process:  # it was gone before
            os.kill(os.getpid(), signal.SIGKILL)
