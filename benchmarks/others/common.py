"""What the scripts share: their arguments, the images, and what they print.

A script gets the same words whoever it is, trains, and prints one line of JSON: the validation
accuracy that each run ended with. Those that train one run after another in this process also print
how long each took, and how long it took to find its accuracy; they are timed from outside, too.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Part = tuple[np.ndarray, np.ndarray]  # images (n, channels, height, width) float32, labels (n,)


@dataclass
class Given:
    """The arguments of a script."""

    model: str
    runs: int
    epochs: int
    batch: int
    lr: float
    momentum: float
    wd: float
    data: str
    tracking: str
    cores: int
    compile: bool


def arguments() -> Given:
    """Return the command's arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=["mlp", "lenet", "resnet20"], required=True)
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--momentum", type=float, required=True)
    parser.add_argument("--wd", type=float, required=True)
    parser.add_argument("--data", required=True, help="the .npz file with the images")
    parser.add_argument("--tracking", default="", help="the address of the MLflow store")
    parser.add_argument("--cores", type=int, required=True, help="that it may use")
    parser.add_argument("--compile", action="store_true", help="by torch.compile")
    return Given(**vars(parser.parse_args()))


def loaded(path: str) -> dict[str, Part]:
    """Return train, val and test, in memory: images from 0 to 1, labels uint8."""
    with np.load(path) as file:
        return {
            name: (file[f"x_{name}"].astype(np.float32) / 255, file[f"y_{name}"])
            for name in ("train", "val", "test")
        }


def tell(accuracies: list[float], **more: Any) -> None:
    """Print what was trained."""
    print(json.dumps({"accuracies": accuracies, **more}))


def train_in_turn(train: Callable[[int], Any], accuracy: Callable[[Any], float], runs: int) -> None:
    """Train so many runs in this process, and print what came of it.

    Args:
        train: returns a trained network, given a seed.
        accuracy: that it has on the validation images.
        runs: how many.
    """
    run_seconds, check_seconds, accuracies = [], [], []
    for seed in range(runs):
        begin = time.perf_counter()
        network = train(seed)
        trained = time.perf_counter()
        accuracies.append(accuracy(network))
        run_seconds.append(trained - begin)
        check_seconds.append(time.perf_counter() - trained)
    tell(accuracies, run_seconds=run_seconds, check_seconds=check_seconds)
