"""What a run has used of the machine: time of the processor, and memory."""

import contextlib
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sweep.config.metrics import CPU_SECONDS, PEAK_MEMORY

RESET_PEAK = "5"  # https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
OWN = Path("/proc/self")
KIB, MIB = 2**10, 2**20


class Used:
    """What a run has used since this was made, in this process and in those before it.

    Time is that of all threads, in seconds. Memory is the most that the process had resident at
    once, in MiB, with what it shares with others: libraries, and images that are mapped.
    """

    def __init__(self) -> None:
        """Begin to count. The peak of the memory, too, is that of the time from now on."""
        self._began, self._before = time.process_time(), {CPU_SECONDS: 0.0, PEAK_MEMORY: 0.0}
        with contextlib.suppress(OSError):  # not Linux: then the peak is the process's
            (OWN / "clear_refs").write_text(RESET_PEAK)

    def add(self, before: Mapping[str, float]) -> None:
        """Add what :meth:`so_far` has returned in a process that was interrupted."""
        self._before |= before

    def so_far(self) -> dict[str, float]:
        """Return ``cpu_seconds``, added up, and ``peak_memory_mib``, the largest."""
        seconds = time.process_time() - self._began
        return {
            CPU_SECONDS: self._before[CPU_SECONDS] + seconds,
            PEAK_MEMORY: max(self._before[PEAK_MEMORY], _peak_bytes() / MIB),
        }


def _peak_bytes() -> int:
    """Return the most that this process had resident at once.

    Not ``getrusage`` where there is another way: its number cannot be set back, and includes what
    the process had before it became another program.
    """
    with contextlib.suppress(OSError):
        for line in (OWN / "status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * KIB
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * KIB
