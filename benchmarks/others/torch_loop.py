"""A bare PyTorch loop: all images in memory, its default threads, no validation, no record."""

import torch
from common import BATCH, LR, arguments, mnist, report
from networks import network
from torch import nn

given = arguments()
arrays = mnist(given.root)
images, labels = torch.from_numpy(arrays[0]), torch.from_numpy(arrays[1]).long()


def train() -> None:
    """Train one network."""
    net = network(given.model)
    optimizer = torch.optim.SGD(net.parameters(), lr=LR)
    loss_of = nn.CrossEntropyLoss()
    for _ in range(given.epochs):
        order = torch.randperm(len(images))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            optimizer.zero_grad()
            loss = loss_of(net(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()


report(train, given.runs, given.epochs, len(images))
