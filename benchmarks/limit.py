"""The limit: the bare compute loop, one process a core, all at once.

Forward, backward and update of the same network as the sweep's, one thread a process. Batches are
on the device before the clock starts; nothing is shuffled, validated or recorded. Prints training
images a second, summed over the processes.

    python benchmarks/limit.py --model lenet --root FOLDER --seconds 20
"""

import argparse
import multiprocessing
import os
import time
from multiprocessing.synchronize import Barrier
from typing import Any

import joblib

os.environ["OMP_NUM_THREADS"] = "1"


def train(model: str, dataset: str, root: str, seconds: float, barrier: Barrier) -> float:
    """Return the images a second of one process."""
    from bare_loop import BareLoop

    from sweep.backend.mxnet import nd
    from sweep.config.compose import load
    from sweep.data.splits import load_dataset

    config = load(f"model={model}", f"dataset={dataset}", f"dataset.root={root or 'null'}")
    loop = BareLoop(config, load_dataset(config.dataset))
    loop.train(50)
    barrier.wait()
    trained, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < seconds:
        trained += loop.train(20)
        nd.waitall()
    return trained / (time.perf_counter() - begin)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=["mlp", "lenet"], required=True)
    parser.add_argument("--dataset", default="mnist")
    parser.add_argument("--root", default="")
    parser.add_argument("--seconds", type=float, default=20)
    given: Any = parser.parse_args()
    context, cores = multiprocessing.get_context("spawn"), joblib.cpu_count()
    with context.Manager() as manager, context.Pool(cores) as pool:
        barrier = manager.Barrier(cores)
        work = (given.model, given.dataset, given.root, given.seconds, barrier)
        print(sum(pool.starmap(train, [work] * cores, chunksize=1)))


if __name__ == "__main__":
    main()
