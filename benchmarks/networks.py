"""The sweep's loop against a bare Gluon loop, for the networks that are chosen by name.

    python benchmarks/networks.py --models resnet20 vgg

Both train the same network on the same random images of 3×32×32, in this one process with one
thread, a few batches of the one after a few of the other. The sweep's loop gets bytes and an order
of rows; it shuffles, and sums the loss and the accuracy. The bare loop gets its batches ready-made,
as float32, and does forward, backward and update, and nothing else. Counted is the processor's
time, so that others on the machine matter less.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from bare_loop import BareLoop
from measuring import spread

from sweep.backend.mxnet import mx, nd
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.config.schema import Config
from sweep.data.splits import Dataset, Split
from sweep.environment import environment
from sweep.networks.build import build_network, parameter_count
from sweep.training.loop import build_trainer, train_epochs

SHAPE, CLASSES, WARM = (3, 32, 32), 10, 1  # rounds that are not counted


def random_images(count: int) -> Dataset:
    """Return so many random images as bytes, all of them to train on."""
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (count, *SHAPE)).astype(np.uint8)
    labels = random.randint(0, CLASSES, count)
    split = Split(images, labels, np.arange(count, dtype=np.int32))
    names = tuple(str(each) for each in range(CLASSES))
    return Dataset("random", names, "", "", split, split, split)


def sweeps_loop(config: Config, dataset: Dataset) -> Callable[[], object]:
    """Return a function that trains an epoch as a run does, without validation and record."""
    net = build_network(config.model, SHAPE, CLASSES, seed=0, context=mx.cpu())
    epochs = train_epochs(
        net,
        build_trainer(net, config.optim),
        dataset.train,
        {},
        metrics=[measured_metric(name) for name in config.metrics],
        batch_size=config.batch_size,
        seed=0,
        epochs=range(1, 1_000_000),
        context=mx.cpu(),
        loss=config.loss,
    )
    return lambda: next(epochs)


def seconds(train: Callable[[], object]) -> float:
    """Return the processor's time for one call."""
    nd.waitall()
    begin = time.process_time()
    train()
    nd.waitall()
    return time.process_time() - begin


def measure(model: str, batch: int, batches: int, repeats: int) -> str:
    """Return a row of the table."""
    config = load(f"model={model}", f"batch_size={batch}", "optim.momentum=0.9", "optim.wd=1e-4")
    dataset = random_images(batch * batches)
    bare = BareLoop(config, dataset)
    contenders = {"sweep": sweeps_loop(config, dataset), "bare": lambda: bare.train(batches)}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(WARM + repeats):
        for name, train in contenders.items():
            found[name].append(batch * batches / seconds(train))
    kept = {name: values[WARM:] for name, values in found.items()}
    ratios = [one / other for one, other in zip(kept["sweep"], kept["bare"], strict=True)]
    cells = [spread(kept["sweep"], ",.0f"), spread(kept["bare"], ",.0f"), spread(ratios, ".3f")]
    return f"| {model} | {parameter_count(bare.net):,} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["resnet20"])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--batches", type=int, default=5, help="of a repeat")
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    rows = [measure(each, given.batch, given.batches, given.repeats) for each in given.models]
    machine = environment()
    print(f"\n{machine['processor']}, {machine['cores']} cores, Python {platform.python_version()}")
    print(f"3×32×32, batch {given.batch}, one thread; median (lowest to highest) of")
    print(f"{given.repeats} repeats, training images a second of the processor's time\n")
    print("| network | parameters | sweep's loop | bare loop | sweep / bare |")
    print("| --- | --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
