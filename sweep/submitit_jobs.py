"""Runs as jobs of submitit: of SLURM, or of this machine.

submitit brings a run to a machine, and again if it was preempted there or its time was up; what the
run tells comes back through a file in its folder, which all machines share.
"""

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import submitit
from hydra.types import HydraContext
from submitit.slurm.slurm import SlurmInfoWatcher

from sweep.errors import UserError
from sweep.node import Assignment, Ending, Message, train
from sweep.progress_file import ProgressFile, to_line
from sweep.remote import assignment, check_shared, follow
from sweep.running import Job, Running
from sweep.schedule import Room
from sweep.schema import Config
from sweep.slots import Lease
from sweep.terminal import silent
from sweep.worker import Task

PROGRESS = "progress.jsonl"
POLL_SECONDS = 0.5
LOOK_SECONDS = 15  # until a job that was lost is missed; submitit's own is 600
NODES = ("sinfo", "--noheader", "--Node", "--format=%N")  # a line for each, of each partition
ANSWER_SECONDS = 10.0  # for SLURM to say that it is there
GENERIC = (  # as submitit calls what all its clusters know
    *("name", "timeout_min", "mem_gb", "nodes", "cpus_per_task", "gpus_per_node"),
    *("tasks_per_node", "stderr_to_stdout"),
)

_submitit = threading.Lock()  # it is not made for threads
logging.getLogger("submitit").setLevel(logging.CRITICAL)  # the terminal is the sweep's


class Queue(SlurmInfoWatcher):
    """Looks after jobs by ``squeue``: submitit's ``sacct`` needs a database, which few have."""

    def update(self) -> None:
        """Look at all jobs. One that has left the queue, minutes after its end, is GONE."""
        command = ["squeue", "--me", "--noheader", "--states=all", "--format=%i %T"]
        told = subprocess.run(command, capture_output=True, text=True)
        self._num_calls += 1
        self._last_status_check = time.time()
        if told.returncode:  # SLURM is away; it will be back
            return
        states = dict(line.split() for line in told.stdout.splitlines())
        for job in self._registered - self._finished:
            self._info_dict[job] = {"State": states.get(job, "GONE")}
            if self.is_done(job, mode="cache"):
                self._finished.add(job)


submitit.SlurmJob.watcher = Queue(delay_s=LOOK_SECONDS)


@dataclass(frozen=True)
class Submission:
    """What a job does, on whichever machine it is, and however often it is brought to one."""

    given: Assignment
    progress: Path

    def __call__(self) -> None:
        """Train the run, and write down what it tells."""
        with self.progress.open("a") as stream:
            for message in train(self.given):
                stream.write(to_line(message))
                stream.flush()

    def checkpoint(self) -> submitit.helpers.DelayedSubmission:
        """Return what goes on in the next job: the run itself knows where it was."""
        return submitit.helpers.DelayedSubmission(self)


def check_slurm(config: Config) -> None:
    """Check within seconds that SLURM answers, and that its machines can share the record.

    Raises:
        UserError: it does not, or is not here; or they cannot.
    """
    what = "hydra/launcher=submitit_slurm"
    if missing := [each for each in ("sbatch", "srun", "squeue") if not shutil.which(each)]:
        raise UserError(
            f"{what}: there is no {missing[0]} here; the sweep has to be started on a machine from "
            "which SLURM takes jobs. hydra/launcher=submitit_local needs no SLURM"
        )
    try:
        told = subprocess.run(NODES, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"{what}: SLURM has not answered in {ANSWER_SECONDS:g} seconds") from None
    if told.returncode:
        raise UserError(f"{what}: SLURM does not answer: {' '.join(told.stderr.split())}")
    check_shared(config, len({*told.stdout.split()}))


class SubmititJobs:
    """Trains each run in a job of its own.

    Attributes:
        slots: how many jobs there may be at once.
    """

    def __init__(
        self,
        cluster: Literal["local", "slurm"],
        slots: Room,
        parameters: Callable[[Config], Mapping[str, Any]],
        task: Task,
        hydra_context: HydraContext,
    ) -> None:
        """Take what all runs have in common.

        Args:
            cluster: as submitit calls it.
            slots: how many jobs there may be at once.
            parameters: returns what a run's job gets, as Hydra's plugin for submitit names it.
            task: trains a run; it is given its configuration and a listener.
            hydra_context: for Hydra's callbacks.
        """
        self.slots, self._cluster, self._parameters = slots, cluster, parameters
        self._task, self._hydra_context = task, hydra_context

    def start(self, job: Job, lease: Lease) -> Running:
        """Submit a run."""
        job.folder.mkdir(parents=True, exist_ok=True)
        progress = (job.folder / PROGRESS).absolute()
        progress.unlink(missing_ok=True)  # of a job that died
        given = assignment(job, self._task, self._hydra_context)
        # What is submitted is written to a file. So passwords are not: jobs inherit the variables.
        given = replace(given, environment=lease.environment())
        with _submitit, silent():
            submitted = self._executor(job.config).submit(Submission(given, progress))
        cancel = self._canceller(submitted)
        return follow(job, lease, _messages(submitted, progress), cancel, cancel)

    def _executor(self, config: Config) -> submitit.AutoExecutor:
        values = dict(self._parameters(config))
        prefix = f"{self._cluster}_"
        retries = {f"{prefix}max_num_timeout": values.pop("max_num_timeout", 0)}
        values.pop("array_parallelism", None)  # of runs at once: the scheduler sees to it
        executor = submitit.AutoExecutor(values.pop("submitit_folder"), self._cluster, **retries)
        named = {key if key in GENERIC else prefix + key: each for key, each in values.items()}
        executor.update_parameters(**named)
        return executor

    def _canceller(self, submitted: "submitit.Job[None]") -> Callable[[], None]:
        def cancel() -> None:
            with _submitit:
                submitted.cancel(check=False)

        return cancel


def _messages(submitted: "submitit.Job[None]", progress: Path) -> Iterator[Message]:
    """Yield what a run tells; at last an Ending, with the reason if its job was lost."""
    file = ProgressFile(progress)
    while True:
        with _submitit:
            is_done = submitted.done()
        for message in file.news():
            yield message
            if isinstance(message, Ending):
                return
        if is_done:
            state, log = submitted.state, submitted.paths.stderr
            yield Ending(None, f"its job {submitted.job_id} ended ({state}); its log is {log}")
            return
        time.sleep(POLL_SECONDS)
