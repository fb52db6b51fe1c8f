"""How a network is trained and validated in PyTorch, with all images in memory.

Whoever imports it keeps the memory that it frees. PyTorch has no pool of memory for processors, and
its tuning guide advises another malloc, as jemalloc, since glibc's gives much of every batch's back
to the system: 14 to 17% of LeNet's time went there, and 8% of ResNet-20's. It is told not to.
"""

import ctypes
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from common import Given, Part
from networks import network
from torch.nn import functional

VALIDATED = 500  # images at once: as much memory as is kept
LARGEST = 32 << 20  # bytes: the most that malloc can be told to take from what was freed

MALLOC = ctypes.CDLL(None)
MALLOC.mallopt(-3, LARGEST)  # M_MMAP_THRESHOLD
MALLOC.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD

# They are shared among processes, and nobody writes to them.
warnings.filterwarnings("ignore", "The given NumPy array is not writable")


def tensors(part: Part) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images and labels, as float32 and int64."""
    return torch.from_numpy(np.asarray(part[0])), torch.from_numpy(part[1].astype(np.int64))


def epochs(given: Given, part: Part, seed: int) -> Iterator[tuple[torch.nn.Module, float]]:
    """Train a network; after each epoch, yield it and the mean loss of the epoch's images.

    It is trained as it is left: who validates it calls :func:`validated`.
    """
    torch.manual_seed(seed)
    images, labels = tensors(part)
    net = network(given.model)
    compiled = torch.compile(net) if given.compile else net
    optimizer = torch.optim.SGD(
        net.parameters(), lr=given.lr, momentum=given.momentum, weight_decay=given.wd
    )
    for _ in range(given.epochs):
        net.train()
        summed = torch.zeros(())
        for rows in torch.randperm(len(images)).split(given.batch):
            optimizer.zero_grad()
            # faster than images[rows], by 6% of an MLP's step
            chosen, classes = images.index_select(0, rows), labels.index_select(0, rows)
            # one more size would be compiled once more, for the last batch of an epoch
            step = compiled if len(rows) == given.batch else net
            loss = functional.cross_entropy(step(chosen), classes)
            loss.backward()
            optimizer.step()
            summed += loss.detach() * len(rows)
        yield net, float(summed) / len(images)


@torch.inference_mode()
def validated(net: torch.nn.Module, part: Part) -> tuple[float, float]:
    """Return the mean loss and the accuracy."""
    net.eval()
    loss, right = 0.0, 0
    for images, labels in zip(*(each.split(VALIDATED) for each in tensors(part)), strict=True):
        scores = net(images)
        loss += float(functional.cross_entropy(scores, labels, reduction="sum"))
        right += int((scores.argmax(1) == labels).sum())
    return loss / len(part[1]), right / len(part[1])


def measured(net: torch.nn.Module, train_loss: float, val: Part) -> dict[str, float]:
    """Return what is recorded of an epoch."""
    val_loss, val_accuracy = validated(net, val)
    return {"train_loss": train_loss, "val_loss": val_loss, "val_accuracy": val_accuracy}
