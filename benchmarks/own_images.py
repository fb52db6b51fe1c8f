"""What it costs to train on colour images that are kept as bytes, and to augment them.

    python benchmarks/own_images.py

LeNet on 3×32×32 images from memory-mapped files: as float32, as bytes, and as bytes with crop and
flip. The three take turns, an epoch each, in this one process with one thread; counted is the
processor's time, so that others on the machine matter less. Then each augmentation by itself.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.metrics import measured_metric
from sweep.data.augment import seeded, transforms
from sweep.data.mixup import Mixup
from sweep.data.splits import Split
from sweep.environment import environment
from sweep.networks.build import build_network
from sweep.training.loop import build_trainer, train_epochs

SHAPE, CLASSES = (3, 32, 32), 10
RECIPE = ("augment.crop=4", "augment.flip=true")
KINDS = {"float32": (), "bytes": (), "bytes, crop and flip": RECIPE}
ALONE = {
    "flip": ("augment.flip=true",),
    "crop": ("augment.crop=4",),
    "crop and flip": RECIPE,
    "shift": ("augment.shift=4",),
    "rotate": ("augment.rotate=15",),
    "cutout": ("augment.cutout=8",),
    "brightness": ("augment.brightness=0.2",),
    "contrast": ("augment.contrast=0.2",),
}


def write_images(folder: Path, count: int) -> dict[str, Split]:
    """Write the same random images as bytes and as floats; return both, memory-mapped."""
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (count, *SHAPE)).astype(np.uint8)
    labels = random.randint(0, CLASSES, count)
    found = {}
    for name, images in {"bytes": pixels, "float32": pixels / np.float32(255)}.items():
        np.save(folder / f"{name}.npy", images, allow_pickle=False)
        mapped = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        found[name] = Split(mapped, labels, np.arange(count, dtype=np.int32))
    return found


def epochs(split: Split, batch_size: int, overrides: tuple[str, ...], count: int) -> Iterator[Any]:
    """Train a LeNet, and yield after each epoch."""
    config = load("model=lenet", "optim.lr=0.01", *overrides)
    net = build_network(config.model, SHAPE, CLASSES, seed=0, context=mx.cpu())
    yield from train_epochs(
        net,
        build_trainer(net, config.optim),
        split,
        {},
        metrics=[measured_metric("accuracy")],
        batch_size=batch_size,
        seed=0,
        epochs=range(1, count + 1),
        context=mx.cpu(),
        loss=config.loss,
        transforms=transforms(config.augment, split.images),
    )


def core_seconds(act: Callable[[], Any]) -> float:
    """Return the processor's time that something takes, in all threads of this process."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def main() -> None:
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5_120)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args()
    batches = -(-given.images // given.batch_size)
    with tempfile.TemporaryDirectory() as folder:
        splits = write_images(Path(folder), given.images)
        runs = {
            kind: epochs(splits[kind.split(",")[0]], given.batch_size, chosen, given.repeats + 1)
            for kind, chosen in KINDS.items()
        }
        for run in runs.values():
            next(run)  # compiles its graph
        found: dict[str, list[float]] = {kind: [] for kind in KINDS}
        for _ in range(given.repeats):
            for kind, run in runs.items():
                found[kind].append(1000 * core_seconds(lambda run=run: next(run)) / batches)
        machine = environment()
        where = f"{machine['processor']}, {machine['cores']} cores"
        print(f"\n{where}, Python {platform.python_version()}")
        print(f"LeNet on {SHAPE} images, batch {given.batch_size}, core-ms a batch; median (lowest")
        print(f"to highest) of {given.repeats} epochs that take turns\n")
        print("| images | core-ms a batch | of float32 |\n| --- | --- | --- |")
        for kind, times in found.items():
            ratios = [one / other for one, other in zip(times, found["float32"], strict=True)]
            print(f"| {kind} | {_spread(times, '.1f')} | {_spread(ratios, '.3f')} |")
        batch = np.array(splits["bytes"].images[: given.batch_size])
        print("\n| augmentation | core-ms a batch |\n| --- | --- |")
        for name, chosen in ALONE.items():
            change = seeded(transforms(load(*chosen).augment, batch), seed=0, epoch=1)
            times = [1000 * core_seconds(lambda change=change: change(batch)) for _ in range(50)]
            print(f"| {name} | {statistics.median(times):.2f} |")
        mixup, labels = Mixup(0.2), np.zeros(len(batch), np.uint8)
        rng = mixup.generator(0, 1)
        times = [1000 * core_seconds(lambda: mixup.mix(batch, labels, rng)) for _ in range(50)]
        print(f"| mixup | {statistics.median(times):.2f} |")


def _spread(values: Any, form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


if __name__ == "__main__":
    main()
