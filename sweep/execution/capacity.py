"""What runs take of this machine: cores, or places if their number was given; and GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweep.backend.devices import resolve
from sweep.config.schema import Config


@dataclass(frozen=True)
class Lease:
    """What a run has for itself: so many cores (or places), and a GPU where it trains on one."""

    places: int
    gpu: str | None

    def environment(self) -> dict[str, str]:
        """Return the variables that show a run's process no other GPU than its own."""
        return {} if self.gpu is None else {"CUDA_VISIBLE_DEVICES": self.gpu}


class Slots:
    """What is free for runs on this machine."""

    def __init__(self, n_jobs: int | None, gpus: Sequence[str]) -> None:
        """Count what there is.

        Args:
            n_jobs: runs at once, whatever their threads; None for as many as there are cores for:
                those that this process may use by its affinity and its cgroup's limits.
            gpus: each as CUDA_VISIBLE_DEVICES takes it.
        """
        import joblib  # takes its time, which a sweep has here and not at its start

        self.places = self._unused = n_jobs or joblib.cpu_count()
        self._by_threads = n_jobs is None
        self._gpus, self._free_gpus = list(gpus), list(gpus)

    @property
    def free(self) -> bool:
        """Whether there is a place for one more run."""
        return self._unused > 0

    def take(self, config: Config) -> Lease | None:
        """Return what a run needs, or None if that is not free now."""
        on_gpu = resolve(config.context, len(self._gpus)) == "gpu"
        wanted = config.threads_per_run if self._by_threads else 1
        places = min(wanted, self.places)  # more threads than cores must run somewhere too
        if places > self._unused or (on_gpu and not self._free_gpus):
            return None
        self._unused -= places
        return Lease(places, self._free_gpus.pop(0) if on_gpu else None)

    def give_back(self, lease: Lease) -> None:
        """Make free what a run had."""
        self._unused += lease.places
        if lease.gpu is not None:
            self._free_gpus.append(lease.gpu)


class Places:
    """So many runs at once, whatever they need: whoever trains them has a queue of its own."""

    def __init__(self, places: int) -> None:
        """Take how many there are."""
        self._unused = places

    @property
    def free(self) -> bool:
        """Whether there is a place for one more run."""
        return self._unused > 0

    def take(self, config: Config) -> Lease | None:
        """Return a place, or None if none is free now."""
        if not self.free:
            return None
        self._unused -= 1
        return Lease(1, None)

    def give_back(self, lease: Lease) -> None:
        """Make free what a run had."""
        self._unused += lease.places
