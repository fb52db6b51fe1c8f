"""Softmax regression on Fashion-MNIST in NumPy alone: what to expect of the book's program.

    python benchmarks/softmax_in_numpy.py --root FOLDER      # with the files of Fashion-MNIST

"Dive into Deep Learning", Gluon edition (2019), 3.7, as its text says: weights from normal(0.01),
no bias to begin with, 5 epochs of shuffled batches of 256, rate 0.1. Nothing of it is this
project's, so it says whether a difference from the book's numbers is. 60,000 images leave a last
batch of 96. The book divides its gradient by 256 too, ``trainer.step(256)``; a sweep, as most
programs do, by 96. Both are trained, for 16 seeds, in a few minutes.
"""

import argparse
import gzip
from pathlib import Path
from statistics import median

import numpy as np

CLASSES, BATCH, EPOCHS, RATE, SEEDS = 10, 256, 5, 0.1, 16
IMAGE_HEADER, LABEL_HEADER = 16, 8  # bytes: http://yann.lecun.com/exdb/mnist/


def read(root: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images as float32 of (n, 784), in [0, 1], and classes as integers of (n,)."""
    files = (f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz")
    images, labels = (gzip.decompress((root / file).read_bytes()) for file in files)
    pixels = np.frombuffer(images, np.uint8, offset=IMAGE_HEADER).reshape(-1, 28 * 28)
    return pixels.astype(np.float32) / 255, np.frombuffer(labels, np.uint8, offset=LABEL_HEADER)


def probabilities(images: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return those of the classes, (n, 10)."""
    scores = images @ weights + bias
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def trained(
    images: np.ndarray, labels: np.ndarray, seed: int, last_divisor: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return weights, bias, and the mean loss of the last epoch's batches.

    Args:
        images: float32 of (n, 784).
        labels: classes, of (n,).
        seed: of the weights and the order.
        last_divisor: what the gradient of a batch of fewer images is divided by.
    """
    random = np.random.RandomState(seed)
    weights = random.normal(0, 0.01, (images.shape[1], CLASSES)).astype(np.float32)
    bias = np.zeros(CLASSES, np.float32)
    for _ in range(EPOCHS):
        order, loss = random.permutation(len(images)), 0.0
        for start in range(0, len(images), BATCH):
            batch = order[start : start + BATCH]
            each = np.arange(len(batch))
            errors = probabilities(images[batch], weights, bias)
            loss -= float(np.log(errors[each, labels[batch]]).sum())
            errors[each, labels[batch]] -= 1
            step = RATE / (BATCH if len(batch) == BATCH else last_divisor)
            weights -= step * (images[batch].T @ errors)
            bias -= step * errors.sum(axis=0)
    return weights, bias, loss / len(images)


def main() -> None:
    """Train with each way to count the last batch, and print what all seeds reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True)
    root = parser.parse_args().root
    (images, labels), (test_images, test_labels) = read(root, "train"), read(root, "t10k")
    divisors = {"as in the book": BATCH, "as here": len(images) % BATCH}
    for name, last_divisor in divisors.items():
        accuracies, losses = [], []
        for seed in range(SEEDS):
            weights, bias, loss = trained(images, labels, seed, last_divisor)
            answers = probabilities(test_images, weights, bias).argmax(axis=1)
            accuracies.append(float((answers == test_labels).mean()))
            losses.append(loss)
        print(
            f"last batch divided by {last_divisor}, {name}: test accuracy {median(accuracies):.4f} "
            f"({min(accuracies):.4f} to {max(accuracies):.4f}), "
            f"training loss {median(losses):.4f} ({min(losses):.4f} to {max(losses):.4f})"
        )


if __name__ == "__main__":
    main()
