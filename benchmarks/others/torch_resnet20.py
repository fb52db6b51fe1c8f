"""ResNet-20 in a bare PyTorch loop with one thread: images in memory, no validation, no record.

It trains on random images of 3×32×32, and prints on how many in all.
"""

import argparse
import json

import numpy as np
import torch
from common import Given
from networks import CLASSES, network
from torch_training import epochs


def main() -> None:
    """Train so many networks, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, default=128)
    words = parser.parse_args()
    torch.set_num_threads(1)
    given = Given(
        *("resnet20", words.runs, words.epochs, words.batch),
        *(0.1, 0.9, 1e-4),  # learning rate, momentum, weight decay
        *("", "", 1, False),  # its images are made here, and it records nothing
    )
    random = np.random.RandomState(0)
    images = random.uniform(size=(words.images, 3, 32, 32)).astype(np.float32)
    labels = random.randint(0, CLASSES, words.images)
    for seed in range(words.runs):
        for _ in epochs(given, (images, labels), seed):
            pass
    parameters = sum(each.numel() for each in network("resnet20").parameters())
    trained = words.runs * words.epochs * words.images
    print(json.dumps({"images": trained, "parameters": parameters}))


if __name__ == "__main__":
    main()
