"""The limit: the bare compute loop, one process a core, all at once.

Forward, backward and update of the same network as the sweep's, one thread a process. Batches are
on the device before the clock starts; nothing is shuffled, validated or recorded. Takes the
overrides of a run, and prints training images a second, summed over the processes.

    python benchmarks/limit.py --seconds 20 model=lenet dataset=mnist dataset.root=FOLDER
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import joblib

os.environ["OMP_NUM_THREADS"] = "1"

ROUND_SECONDS = 0.2  # of batches between two looks at the clock


def train(overrides: list[str], seconds: float, barrier: Barrier) -> float:
    """Return the images a second of one process."""
    from bare_loop import BareLoop

    from sweep.backend.mxnet import nd
    from sweep.config.compose import load
    from sweep.data.splits import load_dataset

    config = load(*overrides)
    loop = BareLoop(config, load_dataset(config.dataset))
    batches = _batches_of_a_round(loop)
    barrier.wait()
    trained, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        trained += loop.train(batches)
        nd.waitall()
    return trained / (time.perf_counter() - begin)


def _batches_of_a_round(loop: Any) -> int:
    """Warm up, and return how many batches take about as long as a round."""
    from sweep.backend.mxnet import nd

    for _ in range(2):  # the first builds the graph
        begin = time.perf_counter()
        loop.train(3)
        nd.waitall()
    return max(1, round(3 * ROUND_SECONDS / (time.perf_counter() - begin)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("overrides", nargs="+")
    given: Any = parser.parse_args()
    context, cores = multiprocessing.get_context("spawn"), joblib.cpu_count()
    with context.Manager() as manager, context.Pool(cores) as pool:
        barrier = manager.Barrier(cores)
        work = (given.overrides, given.seconds, barrier)
        print(sum(pool.starmap(train, [work] * cores, chunksize=1)))


if __name__ == "__main__":
    main()
