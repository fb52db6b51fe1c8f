"""A run in a fork of this very process, which then does nothing but watch it.

So nothing is imported twice, and the run starts as fast as in the process itself; and it is heard,
ended and started again from outside as the runs of a sweep are. What is forked has not imported
MXNet, which would have one thread in a fork, and has opened no database, which would not survive
it. A run alone is trained so, and the run of a job that has no other.
"""

import importlib
import io
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import IO, Any

from hydra.core.utils import JobReturn

from sweep.errors import UserError
from sweep.execution.capacity import QueueCapacity, Resources
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills
from sweep.execution.job import Job, Running
from sweep.execution.local.fork_server import PRELOAD
from sweep.execution.local.guarded import guard
from sweep.execution.watch import Watch
from sweep.execution.worker import RUN_LOG, work
from sweep.garbage import look_as_usual
from sweep.runs.events import Listener
from sweep.signals import kept_waiting, write_stacks_to

FORK = multiprocessing.get_context("fork")

Train = Callable[[Listener], JobReturn]


class ForkedExecutor:
    """Trains one run, in a fork of this process; again in another, if that one dies.

    Attributes:
        capacity: of one run.
    """

    def __init__(self, train: Train) -> None:
        """Take what trains the run, or goes on with it."""
        self.capacity = QueueCapacity(jobs=1)
        self._train = train

    def start(self, job: Job, resources: Resources) -> Running:
        """Start the run.

        Raises:
            UserError: its log cannot be written.
        """
        killed_before = out_of_memory_kills()
        receiver, sender = FORK.Pipe(duplex=False)
        with _opened(job.folder) as log:
            arguments = (self._train, log, receiver, sender)
            # No daemon: that could start no processes, as a user's dataset may.
            process = FORK.Process(target=_train, args=arguments, daemon=False)
            with kept_waiting(), _input_left_open():
                process.start()
        guard(process)
        sender.close()
        name = str(job.folder / RUN_LOG)
        return Running(
            job=job,
            resources=resources,
            process=process,
            connection=receiver,
            watch=Watch(job.config, process, name),
            exit_reason=lambda: cause_of_death(process.exitcode, killed_before, name),
        )


def _opened(folder: Path) -> IO[str]:
    """Return the log of the run of this folder, open."""
    try:
        return open(folder / RUN_LOG, "a")
    except OSError as error:
        raise UserError(
            f"hydra.run.dir={folder}: {RUN_LOG} cannot be written there: {error.strerror}; "
            "allowed is a folder in which it can"
        ) from error


def _train(train: Train, log: IO[Any], receiver: Connection, sender: Connection) -> None:
    """Do it, in the fork. What is printed goes where it always did; what crashes, to the log."""
    receiver.close()  # the parent's
    look_as_usual()
    sys.stdin = sys.__stdin__
    if isinstance(sys.stdout, io.TextIOWrapper):  # nothing is lost if the process is killed
        sys.stdout.reconfigure(line_buffering=True)
    write_stacks_to(log)
    work(partial(_prepared, train), sender)


def start(run: Train) -> tuple[BaseProcess, Connection]:
    """Start the run of a job in a fork of this process; return the fork, and what it sends."""
    receiver, sender = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_begin, args=(run, receiver, sender), daemon=True)
    try:
        with kept_waiting():
            process.start()
        guard(process)
    except BaseException:  # the job was told to end: nobody would know of the fork
        if process.pid is not None:
            process.kill()
        raise
    sender.close()
    return process, receiver


def _begin(run: Train, receiver: Connection, sender: Connection) -> None:
    """Do it, in the fork, to which no signal means what it does to the job's process."""
    receiver.close()
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    write_stacks_to(sys.stderr)
    work(partial(_prepared, run), sender)


def _prepared(run: Train, tell: Listener) -> JobReturn:
    """Train a run when all that it needs is imported, as the server of fresh processes does it.

    What cannot be imported the run imports again, and says what is wrong.
    """
    with suppress(Exception):
        importlib.import_module(PRELOAD)
    return run(tell)


def call(function: Callable[..., object], *arguments: object) -> None:
    """Call a function in a fork of this process, which then keeps nothing of what it opened."""
    process: BaseProcess = FORK.Process(target=function, args=arguments, daemon=True)
    with kept_waiting():  # in the fork to its end, which is near
        process.start()
    guard(process)
    process.join()


@contextmanager
def _input_left_open() -> Iterator[None]:
    """Keep ``multiprocessing`` from closing it: a ``breakpoint()`` of the user's reads it."""
    kept, sys.stdin = sys.stdin, None
    try:
        yield
    finally:
        sys.stdin = kept
