"""ResNet-20 in a bare PyTorch loop with one thread: images in memory, no validation, no record.

As He et al. (2015), 4.2, have it, and ``model=resnet20``: shortcuts without parameters. It trains
on random images of 3×32×32, and prints on how many in all.
"""

import argparse
import json

import torch
from networks import CLASSES, network
from torch.nn import functional


def train(images: torch.Tensor, labels: torch.Tensor, epochs: int, batch: int) -> None:
    """Train one network."""
    net = network("resnet20")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    for _ in range(epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss = functional.cross_entropy(net(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()


def main() -> None:
    """Train so many networks, one after another."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--images", type=int, required=True)
    parser.add_argument("--batch", type=int, default=128)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = torch.rand(given.images, 3, 32, 32)
    labels = torch.randint(0, CLASSES, (given.images,))
    for _ in range(given.runs):
        train(images, labels, given.epochs, given.batch)
    parameters = sum(each.numel() for each in network("resnet20").parameters())
    print(
        json.dumps({"images": given.runs * given.epochs * given.images, "parameters": parameters})
    )


if __name__ == "__main__":
    main()
