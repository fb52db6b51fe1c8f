"""The runs of a sweep on all cores of this machine, each in a process of its own.

A run takes as many cores as it has threads, and a GPU of its own if it trains on one.
"""

import math
import time

from hydra import version
from hydra.core.utils import JobRuntime
from hydra.types import HydraContext

from sweep import workers
from sweep.deaths import cause_of_death, out_of_memory_kills
from sweep.devices import find_gpus
from sweep.running import Job, Running
from sweep.schema import Config
from sweep.slots import Lease, Slots
from sweep.worker import Task, work

DRAWING = "sweep.run_drawing"  # what runs with figures need


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
        context = workers.context(job.config.threads_per_run)
        receiver, sender = context.Pipe(duplex=False)
        name, base = JobRuntime.instance().get("name"), str(version.getbase())
        process = context.Process(
            target=work,
            args=(
                *(self._task, job.composed, self._hydra_context, name, base),
                *(lease.environment(), sender),
            ),
            daemon=True,
        )
        killed_before = out_of_memory_kills()
        workers.start(process)
        sender.close()  # so that the run's end closes the last one
        deadline = time.monotonic() + (job.config.run_timeout or math.inf)
        return Running(
            *(job, lease, process, receiver, deadline),
            lambda: cause_of_death(process.exitcode, killed_before),
        )
