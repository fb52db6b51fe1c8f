"""What the scripts share: their arguments, the images, and how they report."""

import argparse
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

BEGIN = time.perf_counter()
BATCH = 100
LR = 0.1


@dataclass
class Given:
    """The arguments of a script."""

    model: str
    runs: int
    epochs: int
    root: str


def arguments() -> Given:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["mlp", "lenet"], required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--root", required=True)
    return Given(**vars(parser.parse_args()))


def mnist(root: str) -> tuple[np.ndarray, np.ndarray]:
    """Return 60,000 images (n, 1, 28, 28) float32, 0 to 1, in memory, and labels (n,) uint8."""
    images = read_idx(Path(root) / "train-images-idx3-ubyte.gz")
    labels = read_idx(Path(root) / "train-labels-idx1-ubyte.gz")
    return images[:, None].astype(np.float32) / 255, labels


def read_idx(path: Path) -> np.ndarray:
    """Return the array in an IDX file of unsigned bytes."""
    content = gzip.decompress(path.read_bytes())
    shape = np.frombuffer(content, ">u4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape).copy()


def report(train: Callable[[], None], runs: int, epochs: int, images: int) -> None:
    """Train so many runs, and print what was measured."""
    startup_seconds, run_seconds = time.perf_counter() - BEGIN, []
    for _ in range(runs):
        begin = time.perf_counter()
        train()
        run_seconds.append(time.perf_counter() - begin)
    print(
        json.dumps(
            {
                "startup_seconds": startup_seconds,
                "run_seconds": run_seconds,
                "images": epochs * images,
            }
        )
    )
