"""The runs of a sweep on all cores of this machine, each in a process of its own.

A run takes as many cores as it has threads, and a GPU of its own if it trains on one.
"""

import math
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from hydra import version
from hydra.core.utils import JobRuntime
from hydra.types import HydraContext
from omegaconf import DictConfig

from sweep.config.schema import Config
from sweep.execution.capacity import Lease, Slots
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills
from sweep.execution.gpus import find_gpus
from sweep.execution.job import Job, Running
from sweep.execution.local import fork_server as workers
from sweep.execution.worker import Task, Work, work

DRAWING = "sweep.runs.drawing"  # what runs with figures need


def prepare(config: Config) -> None:
    """Let the processes from which runs are forked load what such a run needs, meanwhile."""
    workers.start_server(config.threads_per_run, *([DRAWING] if config.figures else []))


def count_gpus(config: Config) -> int:
    """Return how many GPUs there are for runs such as this one.

    Raises:
        UserError: MXNet cannot be loaded.
    """
    return len(find_gpus(config.threads_per_run))


class ThisMachine:
    """Trains runs in fresh processes of this machine.

    Attributes:
        slots: its cores and GPUs.
    """

    def __init__(self, config: Config, task: Task, hydra_context: HydraContext) -> None:
        """Count what there is.

        Args:
            config: of one of the runs.
            task: trains a run; it is given its configuration and a listener.
            hydra_context: for Hydra's callbacks.
        """
        prepare(config)
        self.slots = Slots(config.n_jobs, find_gpus(config.threads_per_run))
        self._task, self._hydra_context = task, hydra_context

    def start(self, job: Job, lease: Lease) -> Running:
        """Start a run in a process of its own."""
        given = work_of(job.composed, self._task, self._hydra_context)
        killed_before = out_of_memory_kills()
        process, connection = start_process(given, job.config.threads_per_run, lease.environment())
        deadline = time.monotonic() + (job.config.run_timeout or math.inf)
        return Running(
            *(job, lease, process, connection, deadline),
            lambda: cause_of_death(process.exitcode, killed_before),
        )


def work_of(composed: DictConfig, task: Task, hydra_context: HydraContext) -> Work:
    """Return what the process of a run does, in the application that runs here."""
    name, base = JobRuntime.instance().get("name"), str(version.getbase())
    return Work(task, composed, hydra_context, name, base)


def start_process(
    given: Work, threads: int, environment: Mapping[str, str]
) -> tuple[BaseProcess, Connection]:
    """Start a fresh process in which MXNet has so many threads; return it, and what it sends."""
    context = workers.context(threads)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(given, environment, sender), daemon=True)
    workers.start(process)
    sender.close()  # so that the run's end closes the last one
    return process, receiver
