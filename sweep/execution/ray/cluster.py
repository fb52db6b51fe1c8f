"""Runs on a Ray cluster: one task for each, on whichever machine has room.

The sweep itself is on a machine of the cluster, its own or one that ``ray start`` has joined to it.
What fails, Ray does not try again: the scheduler does, and closes the record first.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.execution.capacity import Resources
from sweep.execution.job import Job, Running
from sweep.execution.ray.connection import ray
from sweep.execution.remote.agent import Ending, Message, by_a_server, train
from sweep.execution.remote.proxy import assignment, check_shared, follow
from sweep.execution.worker import Application

nodes: Callable[[], list[dict[str, Any]]] = ray.nodes  # Ray has no types for these
cluster_resources: Callable[[], dict[str, float]] = ray.cluster_resources
COUNT_SECONDS = 1.0  # how old a count of the cluster's machines may be
TOLERANCE = 1e-6  # of sums of fractions
DEATHS = {
    ray.exceptions.NodeDiedError: "its machine died",
    ray.exceptions.WorkerCrashedError: "its machine died, or Ray's process there",
    ray.exceptions.OutOfMemoryError: "Ray ended it, since its machine was out of memory",
    ray.exceptions.TaskCancelledError: "it was cancelled",
    ray.exceptions.RuntimeEnvSetupError: "its machine could not set up hydra.launcher.ray.remote."
    "runtime_env",
}


def check(config: Config, remote: Mapping[str, Any]) -> None:
    """See that runs such as this one can be trained in the cluster.

    Raises:
        UserError: no machine of it has what a run needs, and none is expected, since ``n_jobs``
            was not given; or the machines cannot share the record.
    """
    machines = [node for node in nodes() if node["Alive"]]
    needs = needs_of(remote)
    try:
        ray.remote(train).options(**remote)
    except (TypeError, ValueError) as error:
        raise UserError(f"hydra.launcher.ray.remote: {error}") from error
    if not (config.n_jobs or any(_has(node["Resources"], needs) for node in machines)):
        wanted = " and ".join(f"{amount:g} {name}" for name, amount in needs.items())
        there = {
            ", ".join(f"{node['Resources'].get(name, 0):g} {name}" for name in needs)
            for node in machines
        }
        raise UserError(
            f"hydra.launcher.ray.remote: a run needs {wanted}, and no machine of the cluster has "
            f"that ({'; '.join(sorted(there))}); allowed in a cluster that grows by itself, with "
            "n_jobs=NUMBER of runs at once"
        )
    check_shared(config, len({node["NodeManagerHostname"] for node in machines}))


@dataclass(frozen=True, eq=False)
class ClusterResources(Resources):
    """What a run has of the cluster: how much of what, by Ray's names."""

    needs: Mapping[str, float] = field(default_factory=dict)


class ClusterCapacity:
    """What is free in the cluster, whose machines come and go."""

    def __init__(self, n_jobs: int | None, remote: Callable[[Config], Mapping[str, Any]]) -> None:
        """Take the number of runs at once, if it was given; and what a run asks Ray for."""
        self._n_jobs, self._remote = n_jobs, remote
        self._taken: Counter[str] = Counter()
        self._at_once = 0
        self._there: Mapping[str, float] = {}
        self._counted = -math.inf

    @property
    def is_free(self) -> bool:
        """Whether there may be room for one more run; there is for one, which Ray then queues."""
        if self._n_jobs:
            return self._at_once < self._n_jobs
        return not self._at_once or self._has({"CPU": TOLERANCE})

    def acquire(self, config: Config) -> Resources | None:
        """Return what a run needs, or None if that is not free now."""
        needs = needs_of(self._remote(config))
        if not self.is_free or (self._at_once and not self._n_jobs and not self._has(needs)):
            return None
        self._at_once += 1
        self._taken.update(needs)
        return ClusterResources(slots=1, needs=needs)

    def release(self, resources: Resources) -> None:
        """Make free what a run had."""
        assert isinstance(resources, ClusterResources)
        self._at_once -= 1
        self._taken.subtract(resources.needs)

    def resize(self, n_jobs: int) -> None:
        """Hand so many runs to Ray at once, which queues what there is no room for."""
        self._n_jobs = n_jobs

    def _has(self, needs: Mapping[str, float]) -> bool:
        if time.monotonic() > self._counted + COUNT_SECONDS:
            self._there, self._counted = cluster_resources(), time.monotonic()
        left = {name: self._there.get(name, 0.0) - self._taken[name] for name in needs}
        return _has(left, needs)


def _has(there: Mapping[str, float], needs: Mapping[str, float]) -> bool:
    return all(there.get(name, 0.0) >= amount - TOLERANCE for name, amount in needs.items())


def needs_of(remote: Mapping[str, Any]) -> dict[str, float]:
    """Return how much of what a task needs; of CPUs one, if nothing is said, as Ray has it."""
    named = {"CPU": remote.get("num_cpus", 1), "GPU": remote.get("num_gpus", 0)}
    return {key: each for key, each in {**named, **(remote.get("resources") or {})}.items() if each}


class RayExecutor:
    """Trains runs on the machines of a Ray cluster to which this program is connected.

    Attributes:
        capacity: what is free there.
    """

    def __init__(
        self,
        config: Config,
        remote: Callable[[Config], Mapping[str, Any]],
        application: Application,
    ) -> None:
        """Take what all runs have in common.

        Args:
            config: of one of the runs.
            remote: returns what a run asks Ray for, as ``ray.remote`` takes it.
            application: whose runs they are.
        """
        self.capacity = ClusterCapacity(config.n_jobs, remote)
        self._remote, self._application = remote, application

    def start(self, job: Job, resources: Resources) -> Running:
        """Hand a run to Ray, which starts it when a machine has room."""
        own = {"num_returns": "streaming", "max_retries": 0, "name": f"run {job.number}"}
        options = {**self._remote(job.config), **own}
        given = assignment(job, self._application)
        stream = ray.remote(train).options(**options).remote(given, by_a_server)
        return follow(
            job,
            resources,
            messages=_messages(stream),
            terminate=partial(ray.cancel, stream),
            kill=partial(ray.cancel, stream, force=True),
        )


def _messages(stream: Any) -> Iterator[Message]:
    """Yield what a run's task yields; an Ending with the reason if it is lost."""
    try:
        for reference in stream:
            yield ray.get(reference)
    except ray.exceptions.RayError as error:
        yield Ending(None, reason(error))


def reason(error: ray.exceptions.RayError) -> str:
    """Say in short what became of a task."""
    if isinstance(error, ray.exceptions.RayTaskError):  # it raised; its text is a whole traceback
        return f"its machine cannot train it: {error.cause!r}"
    for kind, words in DEATHS.items():
        if isinstance(error, kind):
            return words
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
