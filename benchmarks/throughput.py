"""One run, with all that belongs to it, against the bare compute loop of the same network.

    python benchmarks/throughput.py --root FOLDER_WITH_MNIST

Both train in this one process, with one thread, turn about. The run is measured from its first
training step to the end of its last epoch: shuffling, training, validation, recording in MLflow.
The bare loop gets its batches ready-made, as float32 on the device, and does forward, backward and
update, and nothing else. Both count training images a second.
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

import sweep.run
from sweep.backend import autograd, gluon, mx, nd
from sweep.config import load
from sweep.data import Dataset, load_dataset
from sweep.environment import environment
from sweep.models import build_model
from sweep.schema import Config
from sweep.train import build_trainer, train_epochs


def bare_loop(config: Config, dataset: Dataset) -> float:
    """Return the images a second of forward, backward and update alone."""
    net = build_model(config.model, config.seed, mx.cpu())
    net.hybridize(static_alloc=True, static_shape=True)
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    loss_of.hybridize(static_alloc=True, static_shape=True)
    trainer = build_trainer(net, config.optim)
    rows = dataset.train.index
    images = nd.array(dataset.train.images[rows][:, None].astype("float32") / 255)
    labels = nd.array(dataset.train.labels[rows].astype("float32"))
    size = config.batch_size
    batches = [(images[i : i + size], labels[i : i + size]) for i in range(0, len(rows), size)]
    nd.waitall()
    begin = time.perf_counter()
    for _ in range(config.epochs):
        for batch, truth in batches:
            with autograd.record():
                loss = loss_of(net(batch), truth)
            loss.backward()
            trainer.step(len(batch))
    nd.waitall()
    return config.epochs * len(rows) / (time.perf_counter() - begin)


def whole_run(config: Config, dataset: Dataset) -> float:
    """Return the images a second of a run as users start it."""
    seconds = []

    def timed(*args: Any, **options: Any) -> Iterator[Any]:
        begin = time.perf_counter()
        yield from train_epochs(*args, **options)  # goes on when an epoch has been recorded
        nd.waitall()
        seconds.append(time.perf_counter() - begin)

    sweep.run.train_epochs = timed
    sweep.run.execute(config, [])
    return config.epochs * len(dataset.train) / seconds[0]


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", help="folder with the four files of MNIST")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    place = f"dataset.root={given.root or 'null'}"
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for model in ("lenet", "mlp"):
            config = load(f"model={model}", "dataset=mnist", place, f"epochs={given.epochs}")
            dataset = load_dataset(config.dataset)
            pairs = []
            for _ in range(given.repeats):
                pairs.append((whole_run(config, dataset), bare_loop(config, dataset)))
            runs, bares = zip(*pairs, strict=True)
            ratios = [run / bare for run, bare in pairs]
            rows.append(
                f"| {model} | {_spread(runs, ',.0f')} | {_spread(bares, ',.0f')} "
                f"| {_spread(ratios, '.2f')} |"
            )
    machine = environment()
    print(f"\n{machine['processor']}, {machine['cores']} cores, Python {platform.python_version()}")
    print(f"MNIST, batch 100, {given.epochs} epochs, one thread; median (lowest to highest)")
    print(f"of {given.repeats} alternating repeats, training images a second\n")
    print("| network | one run | bare loop | run / bare |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows))


def _spread(values: Any, form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
