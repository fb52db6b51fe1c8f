"""A run that is trained on another machine, as its sweep sees it: a process like those of its own.

What the run tells comes in a thread of its own, which hands it on through a pipe; so that the
scheduler waits for runs of all machines in one way.
"""

import math
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sweep.config.schema import Config
from sweep.errors import RunFailed, UserError
from sweep.execution.capacity import Resources
from sweep.execution.job import Job, Running, failure
from sweep.execution.remote.agent import Assignment, Ending, Message, environment
from sweep.execution.watch import Elsewhere
from sweep.execution.worker import STOPPED, Application
from sweep.runs.events import Ended, Recorded
from sweep.runs.locks import RunLocks
from sweep.uris import redacted, resolve_uri

PATIENCE_SECONDS = 10.0  # for an engine to say that a run has ended which it was told to end


def check_shared(config: Config, n_machines: int) -> None:
    """See that what runs write to can be shared by the machines on which they are trained.

    Raises:
        UserError: it is a database's file, which one machine writes to.
    """
    databases = {"tracking.uri": (resolve_uri(config.tracking.uri), "an MLflow server")}
    if config.search.pruner:
        databases["search.storage"] = (config.search.storage, "PostgreSQL, say")
    for field, (address, allowed) in databases.items():
        if n_machines > 1 and address.startswith("sqlite"):
            raise UserError(
                f"{field}={redacted(address)}: is a file, to which {n_machines} machines cannot "
                f"write at once; allowed here: the address of {allowed}"
            )


def assignment(job: Job, application: Application) -> Assignment:
    """Return what another machine needs to know of a run."""
    return Assignment(
        application=application,
        composed=job.composed,
        config=job.config,
        environment=environment(),
        folder=os.getcwd(),
        folder_id=RunLocks(Path(job.config.checkpoint_dir)).folder_id,
    )


class Remote:
    """Stands for a run's process on another machine.

    Attributes:
        connection: gives what the run tells; ends when the run does.
        exitcode: as ``multiprocessing`` has it, if it is known.
        reason: why it died, if it did.
    """

    def __init__(
        self,
        job: Job,
        messages: Iterable[Message],
        terminate: Callable[[], None],
        kill: Callable[[], None],
    ) -> None:
        """Listen to a run.

        Args:
            job: the run.
            messages: what comes from there; they end when the run does, or can be heard no more.
            terminate: tells the run to stop; the messages then end soon.
            kill: ends the run.
        """
        self.connection, self._sender = multiprocessing.Pipe(duplex=False)
        self.exitcode: int | None = None
        self.reason = "nothing more was heard of it"
        self._job, self._messages = job, messages
        self._terminate, self._kill = terminate, kill
        self._stopped, self._patience_end = False, math.inf
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def terminate(self) -> None:
        """Tell it to stop."""
        self._stopped = True
        self._terminate()

    def kill(self) -> None:
        """Make it stop."""
        self._stopped, self._patience_end = True, time.monotonic() + PATIENCE_SECONDS
        self._kill()

    def join(self) -> None:
        """Wait until it has ended, or does not seem to end."""
        latest = min(self._patience_end, time.monotonic() + PATIENCE_SECONDS)
        self._thread.join(max(0.0, latest - time.monotonic()))

    def _listen(self) -> None:
        try:
            self._pass_on()
        except Exception as error:  # whatever an engine raises; the run shall not go on unheard
            self.reason = f"nothing more can be heard of it: {error!r}"
            self._kill()

    def _pass_on(self) -> None:
        is_open = False
        with suppress(BrokenPipeError), self._sender:  # the sweep may have hung up
            for message in self._messages:
                match message:
                    case Ending():
                        self.exitcode, self.reason = message.exit_code, message.reason
                    case RunFailed():
                        self._sender.send(failure(self._job, message))
                    case _:
                        is_open = isinstance(message, Recorded) or is_open
                        is_open = is_open and not isinstance(message, Ended)
                        self._sender.send(message)
            if self._stopped:
                self.exitcode = STOPPED
                if is_open:  # it closes its record, or else the sweep does
                    self._sender.send(Ended("KILLED"))


def follow(
    job: Job,
    resources: Resources,
    messages: Iterable[Message],
    terminate: Callable[[], None],
    kill: Callable[[], None],
) -> Running:
    """Return a run that was started on another machine; see :class:`Remote`."""
    process = Remote(job, messages, terminate, kill)
    return Running(
        job=job,
        resources=resources,
        process=process,
        connection=process.connection,
        watch=Elsewhere(),
        exit_reason=lambda: process.reason,
    )
