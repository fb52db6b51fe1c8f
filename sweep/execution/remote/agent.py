"""A run on another machine than its sweep's: whether it can be trained there, and its process.

Whatever engine brings a run there (Ray, submitit) calls :func:`train`, and carries what it yields
to the sweep. A run has a process of its own there too: so it is trained, stopped and recorded as on
the sweep's machine. It is forked from a server, where the engine's process stays for the next run,
and from that process itself, where it is there for one alone.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from sweep.config.schema import Config
from sweep.errors import RunFailed
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills
from sweep.execution.local import executor, forked
from sweep.execution.local.process import LOST, LocalProcess
from sweep.execution.watch import Watch, only_ended
from sweep.execution.worker import STOPPED, Application, job_of_hydra
from sweep.runs.events import Alive, Event
from sweep.runs.locks import ID_FILE

POLL_SECONDS = 0.2  # to see an interrupt, which does not end a wait; and the time
GRACE_SECONDS = 3.0  # for a run to close its record; less than the sweep's own
# Variables that a run has from its sweep: by their beginnings, the last three of clouds that keep
# MLflow's artifacts; and by their names, in capitals or not, how the network is reached.
GIVEN = ("MLFLOW_", "MXNET_", "SWEEP_", "AWS_", "AZURE_", "GOOGLE_")
NETWORK = {
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
}


@dataclass(frozen=True)
class Assignment:
    """A run that is to be trained on another machine.

    Attributes:
        application: whose run it is.
        composed: Hydra's whole configuration of the run.
        config: the run's part of it, checked.
        environment: variables that its process gets; they may hold passwords.
        folder: in which the sweep's command was given; relative paths mean the same from there.
        folder_id: of ``checkpoint_dir``; see sweep/runs/locks.py.
    """

    application: Application
    composed: DictConfig
    config: Config
    environment: Mapping[str, str]
    folder: str
    folder_id: str


@dataclass(frozen=True)
class Ending:
    """How a run's process ended: its exit code, as ``multiprocessing`` has it, and why.

    None where it was not the run that ended: all of its machine, or of its job, was ended.
    """

    exit_code: int | None
    reason: str


Message = Event | JobReturn | RunFailed | Ending
Start = Callable[[Assignment], tuple[BaseProcess, Connection]]  # the process, and what it sends


def environment() -> dict[str, str]:
    """Return the variables of this process that its runs have on other machines too."""
    return {
        key: value
        for key, value in os.environ.items()
        if key.startswith(GIVEN) or key.upper() in NETWORK
    }


def by_a_server(given: Assignment) -> tuple[BaseProcess, Connection]:
    """Start a run in a fork of a server that stays: only the first one waits for imports."""
    executor.prepare(given.config)
    return executor.start_process(
        given.application,
        given.composed,
        threads=given.config.threads_per_run,
        environment=given.environment,
    )


def by_a_fork(given: Assignment) -> tuple[BaseProcess, Connection]:
    """Start a run in a fork of this process: what is imported here is not imported again."""
    os.environ["OMP_NUM_THREADS"] = str(given.config.threads_per_run)  # before MXNet is loaded
    job = partial(job_of_hydra, given.application, given.composed, given.environment)
    return forked.start(job)


def train(given: Assignment, start: Start) -> Iterator[Message]:
    """Train a run in a process of this machine. Whoever stops listening, stops it.

    Args:
        given: the run.
        start: starts its process: :func:`by_a_server` or :func:`by_a_fork`.

    Yields:
        What the run tells, and its JobReturn; at last an Ending. A RunFailed instead of all that,
        if it cannot be trained here.
    """
    try:
        _enter(given)
    except OSError as error:
        yield RunFailed(f"on {socket.gethostname()}: {error.filename}: {error.strerror}")
        return
    except RunFailed as error:
        yield error
        return
    _forget_main()
    killed_before = out_of_memory_kills()
    started, connection = start(given)
    process = LocalProcess(started)
    watch = Watch(given.config, process)
    try:
        yield from _messages(connection, watch)
        process.join()
    finally:
        _stop(process)
    exit_code = process.exitcode
    if watch.reason is not None:  # whether it stopped at the first word or not: it did not end well
        exit_code, reason = -signal.SIGKILL, watch.reason
    elif exit_code in (STOPPED, LOST):
        exit_code, reason = None, "its process was stopped by SIGTERM, which the sweep did not send"
    else:
        reason = cause_of_death(exit_code, killed_before)
    yield Ending(exit_code, f"on {socket.gethostname()}: {reason}")


def _enter(given: Assignment) -> None:
    """Go to the folder of the sweep's command; see that it is the same folder here.

    Raises:
        OSError, RunFailed: it is not.
    """
    here = f"on {socket.gethostname()}"
    try:
        os.chdir(given.folder)
    except FileNotFoundError:
        raise RunFailed(
            f"{here} there is no folder {given.folder}, in which the sweep's command was given; "
            "the machines must share it"
        ) from None
    folder = given.config.checkpoint_dir
    try:
        is_shared = Path(folder, ID_FILE).read_text() == given.folder_id
    except FileNotFoundError:
        is_shared = False
    if not is_shared:
        raise RunFailed(
            f"{here} checkpoint_dir={folder} is not the sweep's folder; the machines must share it"
        )


def _forget_main() -> None:
    """Keep processes from importing the program of the engine, as ``multiprocessing`` has it."""
    vars(sys.modules["__main__"]).pop("__file__", None)
    sys.modules["__main__"].__spec__ = None


def _messages(connection: Connection, watch: Watch) -> Iterator[Event | JobReturn]:
    """Yield what a process sends, until it has ended, or was ended since it hung."""
    while True:
        if connection.poll(max(0.0, min(watch.seconds_left, POLL_SECONDS))):
            try:
                message = connection.recv()
            except (EOFError, OSError):
                return
            watch.heard(message)
            if not (isinstance(message, Alive) or only_ended(watch, message)):
                yield message
        watch.look()
        if watch.is_dead and not connection.poll():  # what it has started holds the line
            return


def _stop(process: LocalProcess) -> None:
    """Let a process that goes on end: in good order, or in the end by force."""
    if process.exitcode is None:
        process.terminate()
        process.join(GRACE_SECONDS)
        process.kill()
        process.join()
