"""Images mixed in pairs, and their labels with them: ``augment.mixup``."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

NAME = "mixup"


@dataclass(frozen=True)
class Mixup:
    """How the images of training batches are mixed.

    Attributes:
        alpha: of the Beta distribution that the shares are drawn of, alpha for both of its
            parameters: 1 draws any share alike; less, mostly shares near 0 and 1.
    """

    alpha: float

    def generator(self, seed: int, epoch: int) -> RandomState:
        """Return what an epoch's draws come from, batch by batch."""
        return RandomState([seed, epoch, *NAME.encode()])

    def mix(
        self, images: NDArray[Any], labels: NDArray[Any], rng: RandomState
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[np.float32]]:
        """Mix each image of a batch with another of it, or with itself.

        As H. Zhang et al. (2018), "mixup: beyond empirical risk minimization", but each pair has a
        share of its own.

        Args:
            images: (n, channels, height, width), uint8 or float32.
            labels: (n,) of any type.
            rng: what is drawn comes from it.

        Returns:
            The mixed images, as they were given, bytes being rounded; the labels of the images with
            the larger shares, and those of the others, (n,) each; and the larger shares, (n,)
            float32 from 0.5 to 1.
        """
        shares = rng.beta(self.alpha, self.alpha, len(images)).astype(np.float32)
        others = rng.permutation(len(images))
        parts = shares.reshape(-1, 1, 1, 1)
        mixed = images * parts + images[others] * (np.float32(1) - parts)
        if images.dtype == np.uint8:
            mixed = np.rint(mixed).astype(np.uint8)
        is_larger = shares >= 0.5
        main = np.where(is_larger, labels, labels[others])
        minor = np.where(is_larger, labels[others], labels)
        return mixed, main, minor, np.maximum(shares, np.float32(1) - shares)
