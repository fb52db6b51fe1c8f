"""One run, with all that belongs to it, against the bare compute loop of the same network.

    python benchmarks/one_run.py --root FOLDER_WITH_MNIST

Both train in this one process, with one thread, an epoch of the one after an epoch of the other, so
that both meet the same machine. The run is measured from its first training step to the end of its
last epoch: shuffling, training, validation, recording in MLflow. The bare loop gets its batches
ready-made, as float32 on the device, and does forward, backward and update, and nothing else. Both
count training images a second.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

from bare_loop import BareLoop

import sweep.runs.execute
import sweep.training.session
from sweep.backend.mxnet import nd
from sweep.config.compose import load
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.environment import environment
from sweep.training.loop import train_epochs


def bare_epoch(loop: BareLoop) -> float:
    """Return the seconds of one epoch of the bare loop."""
    nd.waitall()
    begin = time.perf_counter()
    loop.train(len(loop.batches))
    nd.waitall()
    return time.perf_counter() - begin


def alternate(config: Config, dataset: Dataset) -> tuple[float, float]:
    """Return the images a second of a run as users start it, and of the bare loop."""
    bare = BareLoop(config, dataset)
    run_seconds, bare_seconds = [], []

    def timed(*args: Any, **options: Any) -> Iterator[Any]:
        begin = time.perf_counter()
        for record in train_epochs(*args, **options):
            yield record  # goes on when the epoch has been recorded
            nd.waitall()
            run_seconds.append(time.perf_counter() - begin)
            bare_seconds.append(bare_epoch(bare))
            begin = time.perf_counter()

    sweep.training.session.train_epochs = timed
    sweep.runs.execute.execute(config, [], lambda event: None)
    images = config.epochs * len(dataset.train)
    return images / sum(run_seconds), images / sum(bare_seconds)


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=os.path.abspath, help="folder with the four files of MNIST")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--models", nargs="+", default=["lenet", "mlp"])
    given = parser.parse_args()
    place = f"dataset.root={given.root or 'null'}"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for model in given.models:
            config = load(
                f"model={model}", "dataset=mnist", place, f"epochs={given.epochs}", "rerun=true"
            )
            dataset = load_dataset(config.dataset)
            pairs = [alternate(config, dataset) for _ in range(given.repeats)]
            runs, bares = zip(*pairs, strict=True)
            ratios = [run / bare for run, bare in pairs]
            rows.append(
                f"| {model} | {_spread(runs, ',.0f')} | {_spread(bares, ',.0f')} "
                f"| {_spread(ratios, '.2f')} |"
            )
    machine = environment()
    print(f"\n{machine['processor']}, {machine['cores']} cores, Python {platform.python_version()}")
    print(f"MNIST, batch 100, {given.epochs} epochs, one thread; median (lowest to highest)")
    print(f"of {given.repeats} repeats, training images a second\n")
    print("| network | one run | bare loop | run / bare |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows))


def _spread(values: Any, form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
