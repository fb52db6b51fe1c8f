"""ResNet-20 in a bare PyTorch loop with one thread: images in memory, no validation, no record.

As He et al. (2015), 4.2, have it, and ``model=resnet20``: shortcuts without parameters. It trains
on random images of 3×32×32, and prints on how many in all.
"""

import argparse
import json

import torch
from torch import nn
from torch.nn import functional

CLASSES = 10


class Block(nn.Module):
    """Two convolutions, and the input added to them; where it is halved, zeros for new channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        """Create it: with more channels than before, the size is halved."""
        super().__init__()
        self.step, self.new = (1, 0) if inputs == outputs else (2, outputs - inputs)
        self.first = nn.Conv2d(inputs, outputs, 3, stride=self.step, padding=1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return maps (n, outputs, height / step, width / step)."""
        y = functional.relu(self.norms[0](self.first(x)))
        shortcut = x[:, :, :: self.step, :: self.step]
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.new))
        return functional.relu(self.norms[1](self.second(y)) + shortcut)


def resnet20() -> nn.Module:
    """Return the network."""
    channels = [16, 16, 16, 16, 32, 32, 32, 64, 64, 64]
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(Block(one, two) for one, two in zip(channels, channels[1:], strict=False)),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES)),
    )


def train(images: torch.Tensor, labels: torch.Tensor, epochs: int, batch: int) -> None:
    """Train one network."""
    net = resnet20()
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
    parameters = sum(each.numel() for each in resnet20().parameters())
    print(
        json.dumps({"images": given.runs * given.epochs * given.images, "parameters": parameters})
    )


if __name__ == "__main__":
    main()
