"""The command ``python -m sweep``, which also notes when its workers had a run.

    python benchmarks/idle.py TIMES.csv ARGUMENTS ...

A worker has a run from when its process is started until it has ended. Between two of these it is
idle: what became of the first is recorded and told the study, and the next is chosen. The file has
a row for each process. For a search's ``asha``, a run has one each time it goes on. See search.py.
"""

import csv
import multiprocessing.connection
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sweep.execution.local.executor import LocalExecutor

Times = list[tuple[float, float]]  # of a process: when it was started, and when it had ended


def idle_share(times: Sequence[tuple[float, float]], workers: int, until: float) -> float:
    """Return which share of the workers' time nothing trained in, from the first start on.

    Args:
        times: of the processes.
        workers: how many there are.
        until: when to stop counting.
    """
    begin = min(start for start, _ in times)
    taken = sum(min(end, until) - start for start, end in times if start < until)
    return 1 - taken / (workers * (until - begin))


def occupation(times: Sequence[tuple[float, float]], workers: int, trained: float) -> str:
    """Say how long a search's workers had no run, and how long they trained.

    Args:
        times: of its processes.
        workers: how many there are.
        trained: the seconds of all epochs.
    """
    begin, last = (choose(start for start, _ in times) for choose in (min, max))
    end = max(end for _, end in times)
    return (
        f"{len(times)} processes in {end - begin:.0f} s; {workers} workers had no run for "
        f"{idle_share(times, workers, last):.1%} of their time until the last was started, and "
        f"{idle_share(times, workers, end):.1%} until it had ended; they trained for "
        f"{trained / workers / (end - begin):.1%}"
    )


def note_times(times: Times) -> None:
    """Let each process that trains a run on this machine be noted, once it has ended."""
    start_run = LocalExecutor.start

    def start(executor: LocalExecutor, *args: Any, **options: Any) -> Any:
        started = time.time()
        run = start_run(executor, *args, **options)
        threading.Thread(target=_note, args=(times, started, run.process), daemon=True).start()
        return run

    LocalExecutor.start = start  # type: ignore[method-assign]


def _note(times: Times, started: float, process: BaseProcess) -> None:
    multiprocessing.connection.wait([process.sentinel])
    times.append((started, time.time()))


def read(file: Path) -> Times:
    """Return the times in a file."""
    with file.open(newline="") as lines:
        return [(float(start), float(end)) for start, end in csv.reader(lines)]


def write(times: Times, file: Path) -> None:
    """Write times into a file, in their order."""
    with file.open("w", newline="") as lines:
        csv.writer(lines).writerows(sorted(times))


if __name__ == "__main__":
    from sweep.__main__ import main  # which changes what SIGINT does

    noted: Times = []
    note_times(noted)
    sys.argv[1:], to = sys.argv[2:], Path(sys.argv[1]).absolute()
    try:
        main()
    finally:
        if noted:  # or nothing was left to train, and what is there stays
            write(noted, to)
