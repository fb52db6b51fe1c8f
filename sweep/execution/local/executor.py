"""The runs of a sweep on all cores of this machine, each in a process of its own.

A run takes as many cores as it has threads, and a GPU of its own if it trains on one.
"""

from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from omegaconf import DictConfig

from sweep.config.schema import Config
from sweep.execution.capacity import LocalCapacity, Resources
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills
from sweep.execution.gpus import find_gpus, may_have_gpus
from sweep.execution.job import Job, Running
from sweep.execution.local import fork_server
from sweep.execution.local.process import LocalProcess
from sweep.execution.watch import Watch
from sweep.execution.worker import Application, job_of_hydra, work


def prepare(config: Config) -> None:
    """Let the processes from which runs are forked load what such a run needs, meanwhile."""
    fork_server.start_server(
        config.threads_per_run, *([fork_server.DRAWING] if config.figures else [])
    )


def count_gpus(config: Config) -> int:
    """Return how many GPUs there are for runs such as this one.

    Raises:
        UserError: MXNet cannot be loaded, if it had to be.
    """
    return len(find_gpus(config.threads_per_run)) if may_have_gpus() else 0


def check_mxnet(config: Config) -> None:
    """Check that MXNet can be loaded for runs such as this one, which takes seconds.

    Raises:
        UserError: it cannot.
    """
    find_gpus(config.threads_per_run)


class LocalExecutor:
    """Trains runs in fresh processes of this machine.

    Attributes:
        capacity: its cores and GPUs.
    """

    def __init__(self, config: Config, application: Application) -> None:
        """Count what there is.

        Args:
            config: of one of the runs.
            application: whose runs they are.
        """
        prepare(config)
        self.capacity = LocalCapacity(config.n_jobs, find_gpus(config.threads_per_run))
        self._application = application

    def start(self, job: Job, resources: Resources) -> Running:
        """Start a run in a process of its own.

        Raises:
            OSError: the system has none left for it.
        """
        killed_before = out_of_memory_kills()
        started, connection = start_process(
            self._application,
            job.composed,
            threads=job.config.threads_per_run,
            environment=resources.environment(),
        )
        process = LocalProcess(started)
        return Running(
            job=job,
            resources=resources,
            process=process,
            connection=connection,
            watch=Watch(job.config, process),
            exit_reason=lambda: cause_of_death(process.exitcode, killed_before),
        )


def start_process(
    application: Application, composed: DictConfig, threads: int, environment: Mapping[str, str]
) -> tuple[BaseProcess, Connection]:
    """Start a fresh process in which MXNet has so many threads; return it, and what it sends.

    Raises:
        OSError: it cannot be started.
    """
    context = fork_server.context(threads)
    receiver, sender = context.Pipe(duplex=False)
    job = partial(job_of_hydra, application, composed, environment)
    process = context.Process(target=work, args=(job, sender), daemon=True)
    with sender:  # no longer than here, so that the run's end closes the last one
        fork_server.start(process)
    return process, receiver
