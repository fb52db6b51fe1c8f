"""What runs take of where they are trained: cores and GPUs of this machine, or jobs of a queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sweep.backend.devices import resolve
from sweep.config.schema import Config


@dataclass(frozen=True)
class Resources:
    """What one run has for itself.

    Attributes:
        slots: cores, or 1 if the number of runs at once was given.
        gpu: as CUDA_VISIBLE_DEVICES takes it; None for a run that has none of this machine's.
    """

    slots: int
    gpu: str | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables that show a run's process no other GPU than its own."""
        return {} if self.gpu is None else {"CUDA_VISIBLE_DEVICES": self.gpu}


class Capacity(Protocol):
    """How many runs can be trained at once."""

    @property
    def is_free(self) -> bool:
        """Whether there may be room for one more."""

    def acquire(self, config: Config) -> Resources | None:
        """Return what a run needs, or None if that is not free now."""

    def release(self, resources: Resources) -> None:
        """Make free what a run had."""

    def resize(self, n_jobs: int) -> None:
        """Have room for so many runs at once from now on, whatever is taken already."""


class LocalCapacity:
    """The cores and GPUs of this machine."""

    def __init__(self, n_jobs: int | None, gpus: Sequence[str]) -> None:
        """Count what there is.

        Args:
            n_jobs: runs at once, whatever their threads; None for as many as there are cores for:
                those that this process may use by its affinity and its cgroup's limits.
            gpus: each as CUDA_VISIBLE_DEVICES takes it.
        """
        import joblib  # takes its time, which a sweep has here and not at its start

        self.slots = n_jobs or joblib.cpu_count()
        self._by_threads = n_jobs is None
        self._given: list[Resources] = []
        self._n_gpus, self._free_gpus = len(gpus), list(gpus)

    @property
    def is_free(self) -> bool:
        """Whether there is a core, or a slot, for one more run."""
        return self._free_slots > 0

    @property
    def _free_slots(self) -> int:
        taken = (each.slots if self._by_threads else 1 for each in self._given)
        return self.slots - sum(taken)

    def acquire(self, config: Config) -> Resources | None:
        """Return what a run needs, or None if that is not free now."""
        on_gpu = resolve(config.context, self._n_gpus) == "gpu"
        wanted = config.threads_per_run if self._by_threads else 1
        slots = min(wanted, self.slots)  # more threads than cores must run somewhere too
        if slots > self._free_slots or (on_gpu and not self._free_gpus):
            return None
        self._given.append(Resources(slots, self._free_gpus.pop(0) if on_gpu else None))
        return self._given[-1]

    def count_at_once(self, configs: Sequence[Config]) -> int:
        """Return how many runs, in this order, there is room for at once; nothing is taken."""
        given: list[Resources] = []
        for config in configs:
            if not self.is_free:
                break
            if resources := self.acquire(config):
                given.append(resources)
        for each in reversed(given):
            self.release(each)
        return len(given)

    def release(self, resources: Resources) -> None:
        """Make free what a run had."""
        self._given.remove(resources)
        if resources.gpu is not None:
            self._free_gpus.append(resources.gpu)

    def resize(self, n_jobs: int) -> None:
        """Have room for so many runs, whatever their threads; on a GPU for one each."""
        self.slots, self._by_threads = n_jobs, False


class QueueCapacity:
    """So many runs at once, whatever they need: who trains them has a queue of its own."""

    def __init__(self, jobs: int) -> None:
        """Take how many jobs may be in the queue at once."""
        self._jobs, self._queued = jobs, 0

    @property
    def is_free(self) -> bool:
        """Whether one more job may be queued."""
        return self._queued < self._jobs

    def acquire(self, config: Config) -> Resources | None:
        """Return a place in the queue, or None if none is free now."""
        if not self.is_free:
            return None
        self._queued += 1
        return Resources(1)

    def release(self, resources: Resources) -> None:
        """Make free what a run had."""
        self._queued -= 1

    def resize(self, n_jobs: int) -> None:
        """Have so many jobs in the queue at once."""
        self._jobs = n_jobs
