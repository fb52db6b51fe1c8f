"""The two networks in PyTorch."""

from torch import nn


def network(model: str) -> nn.Module:
    """Return the MLP 784-128-64-10 with ReLU, or the LeNet 20/50/500 with tanh."""
    if model == "mlp":
        return nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(784, 128), nn.ReLU()),
            *(nn.Linear(128, 64), nn.ReLU()),
            nn.Linear(64, 10),
        )
    return nn.Sequential(
        *(nn.Conv2d(1, 20, 5), nn.Tanh(), nn.MaxPool2d(2)),
        *(nn.Conv2d(20, 50, 5), nn.Tanh(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(800, 500), nn.Tanh()),
        nn.Linear(500, 10),
    )
