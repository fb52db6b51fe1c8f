"""Runs as jobs of submitit: of SLURM, or of this machine.

submitit brings a run to a machine, and again if it was preempted there or its time was up; what the
run tells comes back through a file in its folder, which all machines share.
"""

import logging
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, Literal, NoReturn, TextIO

import submitit

from sweep.config.schema import Config
from sweep.display.console import silent
from sweep.errors import RunFailed, UserError
from sweep.execution.capacity import Capacity, Resources
from sweep.execution.job import Job, Running
from sweep.execution.remote.agent import Assignment, Ending, Message, by_a_fork, train
from sweep.execution.remote.event_file import ProgressFile, to_line
from sweep.execution.remote.proxy import assignment, follow
from sweep.execution.slurm.queue import LOOK_SECONDS, Queue
from sweep.execution.worker import Application, not_begun
from sweep.variables import environment_variables

Cluster = Literal["local", "slurm"]
POLL_SECONDS = 0.5
WARNED_SECONDS = 120.0  # for SLURM to end a job that it has warned; its own KillWait is 30
REFUSED_SECONDS = 30.0  # until a job is submitted again that SLURM did not take
GENERIC = (  # as submitit calls what all its clusters know
    *("name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node"),
    *("tasks_per_node", "stderr_to_stdout"),
)

submitit.SlurmJob.watcher = Queue(delay_s=LOOK_SECONDS)
_submitit = threading.Lock()  # it is not made for threads
logging.getLogger("submitit").setLevel(logging.CRITICAL)  # the terminal is the sweep's


class Warned(BaseException):
    """The job will be ended, or queued again."""


def _warn(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # the record is being closed: that shall not be cut short
    raise Warned


@dataclass(frozen=True)
class Submission:
    """What a job does, on whichever machine it is, and however often it is brought to one."""

    given: Assignment
    progress: Path

    def __call__(self) -> None:
        """Train the run, and write down what it tells.

        SLURM sends SIGTERM first, and not to all processes of a job: so the run is stopped here. If
        nothing comes after it, the run goes on.
        """
        with self.progress.open("a") as stream:
            while True:
                signal.signal(signal.SIGTERM, _warn)  # submitit ignores it
                try:
                    for message in train(self.given, by_a_fork):
                        _write(stream, message)
                    return
                except Warned:
                    _write(stream, Ending(None, "it was told to end by SIGTERM"))
                    time.sleep(WARNED_SECONDS)

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Return what goes on in the next job: the run itself knows where it was."""
        # submitit asks before it has the job queued again, which shall not be cut short.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return submitit.helpers.DelayedSubmission(self)


def _write(stream: TextIO, message: Message) -> None:
    stream.write(to_line(message))
    stream.flush()


def check_options(cluster: Cluster, parameters: Mapping[str, Any]) -> None:
    """Check that jobs can have these parameters.

    Raises:
        UserError: submitit does not know them, or not these values.
    """
    with TemporaryDirectory() as folder:
        try:
            create_executor(cluster, {**parameters, "submitit_folder": folder})
        except (AssertionError, NameError, TypeError, ValueError) as error:
            raise UserError(f"hydra.launcher: {str(error).splitlines()[0]}") from error


def create_executor(cluster: Cluster, parameters: Mapping[str, Any]) -> submitit.AutoExecutor:
    """Return what submits jobs of these parameters, named as Hydra's plugin for submitit does."""
    values, prefix = dict(parameters), f"{cluster}_"
    retries = {f"{prefix}max_num_timeout": values.pop("max_num_timeout", 0)}
    values.pop("array_parallelism", None)  # of runs at once: the scheduler sees to it
    executor = submitit.AutoExecutor(values.pop("submitit_folder"), cluster, **retries)
    named = {key if key in GENERIC else prefix + key: each for key, each in values.items()}
    executor.update_parameters(**named)
    return executor


class SubmititExecutor:
    """Trains each run in a job of its own.

    Attributes:
        capacity: how many jobs there may be at once.
    """

    def __init__(
        self,
        cluster: Cluster,
        capacity: Capacity,
        parameters: Callable[[Config], Mapping[str, Any]],
        application: Application,
    ) -> None:
        """Take what all runs have in common.

        Args:
            cluster: as submitit calls it.
            capacity: how many jobs there may be at once.
            parameters: returns what a run's job gets, as Hydra's plugin for submitit names it.
            application: whose runs they are.
        """
        self.capacity, self._cluster, self._parameters = capacity, cluster, parameters
        self._application = application
        self._has_taken = False

    def start(self, job: Job, resources: Resources) -> Running:
        """Submit a run."""
        try:
            job.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            failed = [not_begun(job.composed, error)]
            return follow(job, resources, failed, terminate=_nothing, kill=_nothing)
        # A job that was believed dead may write on: so each has a file of its own.
        progress = (job.folder / f"progress-{uuid.uuid4().hex[:8]}.jsonl").absolute()
        given = assignment(_without_addresses(job), self._application)
        given = replace(given, environment=resources.environment())  # a job inherits the others
        executor = create_executor(self._cluster, self._parameters(job.config))
        cancelled = threading.Event()
        try:
            # Whatever a job imports first has as many threads as its run.
            threads = {"OMP_NUM_THREADS": str(job.config.threads_per_run)}
            with _submitit, silent(), _heeding_interrupts(), environment_variables(threads):
                submitted = executor.submit(Submission(given, progress))
        except submitit.core.utils.FailedJobError as error:
            refusal = f"SLURM did not take its job: {' '.join(str(error).split())}"
            messages = _refused(refusal, cancelled) if self._has_taken else [RunFailed(refusal)]
            return follow(job, resources, messages, terminate=cancelled.set, kill=cancelled.set)
        except OSError as error:  # submitit could not write what it submits
            failed = [not_begun(job.composed, error)]
            return follow(job, resources, failed, terminate=_nothing, kill=_nothing)
        self._has_taken = True

        def cancel() -> None:
            cancelled.set()
            with _submitit:
                submitted.cancel(check=False)

        messages = _messages(submitted, progress, cancelled)
        return follow(job, resources, messages, terminate=cancel, kill=cancel)


def _nothing() -> None:
    """Stop a run that was not begun."""


def _without_addresses(job: Job) -> Job:
    """Return the job without addresses, which may hold passwords: a file is made of it.

    The job has them from what was composed, where they may be names of variables.
    """
    tracking = replace(job.config.tracking, uri=None)
    search = replace(job.config.search, storage="sqlite://")
    return replace(job, config=replace(job.config, tracking=tracking, search=search))


def _refused(refusal: str, cancelled: threading.Event) -> Iterator[Message]:
    """Say after a while that SLURM did not take a job, which took others: it is full, or away."""
    cancelled.wait(REFUSED_SECONDS)
    yield Ending(None, f"{refusal} (n_jobs=NUMBER has fewer in the queue at once)")


@contextmanager
def _heeding_interrupts() -> Iterator[None]:
    """Start processes that do not ignore SIGINT, as they would behind ``&`` in a script.

    It is how submitit stops those of this machine.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _messages(
    submitted: "submitit.Job[None]", progress: Path, cancelled: threading.Event
) -> Iterator[Message]:
    """Yield what a run tells; at last an Ending, with the reason if its job was lost."""
    file, told = ProgressFile(progress), ""
    while True:
        with _submitit:
            is_done = submitted.done()
        for message in file.news():
            if not isinstance(message, Ending):
                yield message
            elif message.exit_code is None and not cancelled.is_set():
                told = message.reason  # whether it is over, or queued again, SLURM tells
            else:
                yield message
                return
        if is_done:
            with _submitit:
                end = _end(submitted, told)
                submitted.cancel(check=False)  # or it might go on beside its successor
            yield end
            return
        time.sleep(POLL_SECONDS)


def _end(submitted: "submitit.Job[None]", told: str) -> Message:
    """Say what became of a job that is over, and whose run has told no more than this."""
    submitted.get_info(mode="force")
    state, log = submitted.state, submitted.paths.stderr
    raised = submitted.exception() if submitted.paths.result_pickle.exists() else None
    if state == "CANCELLED" and not raised:
        return RunFailed(f"its job {submitted.job_id} was cancelled")
    errors = re.findall(r"^[\w.]+Error: (.+)$", str(raised), re.MULTILINE)
    what = errors[-1] if errors else told or state
    return Ending(None, f"its job {submitted.job_id} ended ({what}); its log is {log}")
