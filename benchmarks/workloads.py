"""The sweeps that are measured, and the images that every contender gets of them.

All contenders have the same network, initialisation, batch size, optimiser and images in memory;
each run has its own seed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from sweep.config.compose import load
from sweep.data.splits import Dataset, Split, load_dataset

SIZES = ("whole", "short", "tiny")


@dataclass(frozen=True)
class Workload:
    """A sweep over seeds.

    Attributes:
        key: that it is called by.
        images: what it trains on, of ``IMAGES``.
        short: fewer runs and epochs, for those who have little time.
        goals: how often as fast as each contender a sweep is to be; the limit is one of them.
    """

    key: str
    model: str
    runs: int
    epochs: int
    images: str
    short: tuple[int, int]
    goals: dict[str, float] = field(default_factory=dict)
    batch: int = 100
    lr: float = 0.1
    momentum: float = 0.0
    wd: float = 0.0

    @property
    def title(self) -> str:
        """What tables and pictures call it."""
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"{self.runs} × {self.model}, {epochs}, {self.images}"

    @property
    def fields(self) -> list[str]:
        """The overrides of our command, without the images and the seeds."""
        return [
            *(f"model={self.model}", f"epochs={self.epochs}", f"batch_size={self.batch}"),
            *(f"optim.lr={self.lr}", f"optim.momentum={self.momentum}", f"optim.wd={self.wd}"),
        ]

    @property
    def words(self) -> list[str]:
        """The same for the scripts in others/."""
        names = ("model", "runs", "epochs", "batch", "lr", "momentum", "wd")
        return [f"--{name}={getattr(self, name)}" for name in names]

    def sized(self, size: str) -> "Workload":
        """Return it as it is, shorter, or so small that one only sees whether all works."""
        return {
            "whole": lambda: self,
            "short": lambda: replace(self, runs=self.short[0], epochs=self.short[1]),
            "tiny": lambda: replace(
                self, runs=2, epochs=1, images=TINY.get(self.images, self.images)
            ),
        }[size]()


@dataclass(frozen=True)
class Images:
    """Images of a sweep.

    Attributes:
        fields: the overrides that give them to a sweep.
        file: ``.npz`` with x_train (n, channels, height, width) uint8, y_train (n,) uint8, x_val,
            y_val, x_test and y_test: the same split, for the scripts in others/.
        count: that are trained on in an epoch.
    """

    fields: list[str]
    file: Path
    count: int


def prepared(name: str, root: str, folder: Path) -> Images:
    """Return images, having written them into the folder.

    Args:
        name: of ``IMAGES``.
        root: the folder with MNIST.
        folder: absolute; for the files.
    """
    return IMAGES[name](root, folder / f"{name}.npz")


def _mnist(root: str, file: Path) -> Images:
    return _as_published(["dataset=mnist", f"dataset.root={root}"], file)


def _mnist_5k(root: str, file: Path) -> Images:
    return _as_published(["dataset=mnist_5k"], file)


def _as_published(fields: list[str], file: Path) -> Images:
    dataset = load_dataset(load(*fields).dataset)
    return _written(dataset, fields, file)


def _tinted(root: str, file: Path, count: int) -> Images:
    """Make digits of 3×32×32: padded with black, each in a colour of its own."""
    whole = load_dataset(load("dataset=mnist", f"dataset.root={root}").dataset)
    train, val, test = np.split(whole.train.index[: count + 2_000], [count, count + 1_000])
    digits = np.pad(whole.train.images, [(0, 0), (0, 0), (2, 2), (2, 2)]).astype(np.float32)
    colors = np.random.RandomState(0).uniform(0.5, 1, (len(digits), 3, 1, 1))
    splits = [
        Split(digits[rows] * colors[rows], whole.train.labels[rows], rows)
        for rows in (train, val, test)
    ]
    parts = [replace(each, index=np.arange(len(each), dtype=np.int32)) for each in splits]
    dataset = replace(whole, train=parts[0], val=parts[1], test=parts[2])
    return _written(dataset, ["dataset=arrays", f"dataset.train={file}"], file)


def _written(dataset: Dataset, fields: list[str], file: Path) -> Images:
    parts = {"train": dataset.train, "val": dataset.val, "test": dataset.test}
    images = {f"x_{name}": _bytes(part.images[part.index]) for name, part in parts.items()}
    labels = {f"y_{name}": part.labels[part.index].astype(np.uint8) for name, part in parts.items()}
    np.savez(file, **images, **labels)
    return Images(fields, file, len(dataset.train))


def _bytes(images: np.ndarray) -> np.ndarray:
    """Return images as bytes, of those that were divided by 255 before."""
    return np.rint(images * 255).astype(np.uint8)


IMAGES: dict[str, Callable[[str, Path], Images]] = {
    "mnist": _mnist,
    "mnist_5k": _mnist_5k,
    "tinted": lambda root, file: _tinted(root, file, 10_000),
    "tinted_500": lambda root, file: _tinted(root, file, 500),
}
TINY = {"mnist": "mnist_5k", "tinted": "tinted_500"}

WORKLOADS = (
    Workload(
        *("lenet", "lenet", 8, 3, "mnist"),
        short=(4, 1),
        goals={
            "torch processes": 1.5,
            "torch processes, compiled": 1.2,
            "ray tune": 1.8,
            "limit": 0.88,
        },
    ),
    Workload(
        *("mlp", "mlp", 16, 10, "mnist"),
        short=(8, 4),
        goals={"torch processes": 0.75, "ray tune": 2.0, "limit": 0.85},
    ),
    Workload(
        *("mlp_5k", "mlp", 64, 3, "mnist_5k"),
        short=(64, 3),
        goals={"optuna joblib": 2.0},
    ),
    Workload(
        *("resnet20", "resnet20", 4, 1, "tinted"),
        short=(2, 1),
        goals={"torch processes": 1.0},
        batch=128,
        lr=0.05,
        momentum=0.9,
        wd=1e-4,
    ),
)
