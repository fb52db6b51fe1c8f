"""A bare PyTorch loop: all images in memory, its default threads, no validation, no record."""

import torch
from common import arguments, loaded, train_in_turn
from torch_training import epochs, validated

given = arguments()
parts = loaded(given.data)


def train(seed: int) -> torch.nn.Module:
    """Train one network."""
    *_, (net, _) = epochs(given, parts["train"], seed)
    return net


train_in_turn(train, lambda net: validated(net, parts["val"])[1], given.runs)
