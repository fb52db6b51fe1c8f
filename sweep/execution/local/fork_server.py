"""Fresh processes, forked from a server that has imported all that a run needs.

Such a process starts in tens of milliseconds, and shares the memory of what was imported. Where
there is no fork server, processes are spawned, which takes seconds.
"""

import contextlib
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess, SpawnContext
from multiprocessing.process import BaseProcess
from multiprocessing.util import Finalize, get_temp_dir
from typing import Any, TypeVar

from sweep.execution.local.guarded import guard
from sweep.execution.local.process import LocalProcess
from sweep.signals import kept_waiting, leave_the_terminal
from sweep.variables import environment_variables

Answer = TypeVar("Answer")
HAS_FORK_SERVER = "forkserver" in multiprocessing.get_all_start_methods()
START_ATTEMPTS = 5
PAUSE_SECONDS = 0.1
ANSWER_SECONDS = 600.0
THREADS = "OMP_NUM_THREADS"  # a variable that MXNet reads when it is loaded
PRELOAD = "sweep.execution.local.preload"  # what all runs need
DRAWING = "sweep.runs.drawing"  # what runs with figures need besides
SERVER_DIES = "the process that others are forked from ends each time before it has forked one"
LAST = -1000  # a priority of what multiprocessing does when the process ends
_server_threads: int | None = None
_is_certain = False  # whether it is known what runs need, and not only guessed


class NoAnswer(ChildProcessError):
    """A process has not answered in time."""


def guess_server(threads: int, *also: str) -> None:
    """Let a server import what runs probably need; :func:`start_server` knows what they do.

    Where it cannot be started, that is said when it is needed. The arguments are the same.
    """
    if HAS_FORK_SERVER and _server_threads is None:
        with contextlib.suppress(OSError), environment_variables({THREADS: str(threads)}):
            _begin_server(threads, also)


def drop_guess() -> None:
    """End a server that was started on a guess, if it has turned out that runs need none."""
    if _server_threads is not None and not _is_certain:
        _end_server()


def start_server(threads: int, *also: str) -> None:
    """Let the server import what runs need, in the background.

    Args:
        threads: of MXNet.
        also: modules that these runs need besides what all need.
    """
    global _is_certain
    os.environ[THREADS] = str(threads)
    if not HAS_FORK_SERVER or _is_certain:
        return
    _is_certain = True
    if _server_threads not in (None, threads):
        _end_server()
    if _server_threads is None:
        with contextlib.suppress(OSError):  # of a path too long for its socket: then we spawn
            _begin_server(threads, also)


def _begin_server(threads: int, also: Sequence[str]) -> None:
    global _server_threads
    forkserver.set_forkserver_preload([*also, PRELOAD])
    # In this process alone, after multiprocessing has ended its daemons and waited for all other
    # processes: a user's may come from the same server, which alone knows when they end.
    Finalize(None, _kill, exitpriority=LAST)
    _ensure_server()
    _server_threads = threads


def _end_server() -> None:
    """End the server, so that another one can be started."""
    global _server_threads
    _kill()
    if ours := _server():
        ours._stop()
    _server_threads = None


def _leave_server() -> None:
    """End a server whose socket was removed, with its folder perhaps; the next one has another."""
    _kill()
    if ours := _server():
        with contextlib.suppress(FileNotFoundError):
            ours._stop()
    with contextlib.suppress(FileExistsError):
        os.mkdir(get_temp_dir(), 0o700)  # multiprocessing does not look whether it is there


def _ensure_server() -> None:
    """Start the server if there is none.

    In a process with one thread, signals wait: one that came before we know the server's number
    would leave it behind. In the server they wait until it knows what to do: see ``preload``.
    """
    resource_tracker.ensure_running()  # which would let them come
    with kept_waiting():
        forkserver.ensure_running()


def kill_server() -> None:
    """Kill the server at once, with what multiprocessing would remove at an orderly end."""
    _kill()
    if folder := multiprocessing.current_process()._config.get("tempdir"):  # type: ignore[attr-defined]
        shutil.rmtree(folder, ignore_errors=True)


def _kill() -> None:
    # It may still import what nobody needs, and would keep our output open.
    process_id: int | None = getattr(_server(), "_forkserver_pid", None)
    if process_id:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)


def _server() -> Any:
    """Return what multiprocessing knows of the server."""
    return getattr(forkserver, "_forkserver", None)


def context(threads: int) -> ForkServerContext | SpawnContext:
    """Return how to start a process in which MXNet has so many threads.

    MXNet reads their number when it is loaded, so that only the server's own number can be forked.
    """
    os.environ[THREADS] = str(threads)  # a spawned process gets it from here
    if threads == _server_threads:
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def start(process: BaseProcess) -> None:
    """Start a process of :func:`context`; again, from a new server, if the server dies meanwhile.

    A server is as good as dead if its socket is gone: some systems clear what is old in /tmp.

    Raises:
        ChildProcessError: so many servers have died that there must be a reason.
        OSError: the system has no process left, say.
    """
    for attempts_left in reversed(range(START_ATTEMPTS)):
        try:
            if isinstance(process, ForkServerProcess):
                _ensure_server()
            process.start()
            guard(process)
            return
        except FileNotFoundError:
            if not attempts_left:
                raise
            _leave_server()
        except (EOFError, ConnectionError) as error:
            if not attempts_left:
                raise ChildProcessError(SERVER_DIES) from error
            time.sleep(PAUSE_SECONDS)  # until the system knows that the server is dead


def call(
    function: Callable[[], Answer], threads: int, seconds: float | None = ANSWER_SECONDS
) -> Answer:
    """Return what a function returns in a fresh process; raise what it raises.

    Args:
        function: can be pickled.
        threads: of MXNet.
        seconds: to wait for its answer; None for as long as it takes.

    Raises:
        ChildProcessError: the process died before it answered, or so did what forks it.
        NoAnswer: it has not answered in time.
    """
    starts = context(threads)
    receiver, sender = starts.Pipe(duplex=False)
    process = starts.Process(target=_answer, args=(function, sender), daemon=True)
    start(process)
    sender.close()
    asked = LocalProcess(process)
    try:
        if not receiver.poll(seconds):
            what = f"the process that was asked has not answered in {seconds:g} seconds"
            raise NoAnswer(what)
        answer = receiver.recv()
    except EOFError:
        asked.join()
        what = f"the process that was asked ended with exit code {asked.exitcode}"
        raise ChildProcessError(what) from None
    finally:
        asked.kill()  # which has nothing more to do, or hangs: Ctrl-C is to end that, too
        asked.join()
    if isinstance(answer, Exception):
        raise answer
    returned: Answer = answer
    return returned


def _answer(function: Callable[[], Answer], sender: Connection) -> None:
    leave_the_terminal()
    try:
        answer: Answer | Exception = function()
    except Exception as error:  # of whatever kind: who asked shall have it
        answer = error
    with contextlib.suppress(BrokenPipeError):  # who asked is gone
        sender.send(answer)
