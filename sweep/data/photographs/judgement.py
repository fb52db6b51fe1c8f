"""What a model's answers to pictures are worth: their probabilities, and when they are doubtful."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.images import Framing
from sweep.data.photographs.likeness import Usual, unlike
from sweep.data.photographs.pictures import Grey

UNSURE = "no class is probable enough"


@dataclass(frozen=True)
class Judgement:
    """What is known of a model besides its network, to judge its answers to pictures.

    Attributes:
        framing: how the images that it was trained on were made of pictures; None if they were
            only resized.
        temperature: what its scores are divided by, so that of the answers with a probability of
            0.9 nine of ten are right.
        least: the probability below which an answer is doubtful.
        usual: how much ink its training images have, and the like; empty if they are no ink.
    """

    framing: Framing | None = None
    temperature: float = 1.0
    least: float = 0.0
    usual: Usual = field(default_factory=dict)

    def calibrated(self, probabilities: NDArray[Any]) -> NDArray[np.float64]:
        """Return the probabilities, (n, classes), that scores over the temperature have."""
        scaled = probabilities.astype(np.float64) ** (1 / self.temperature)
        found: NDArray[np.float64] = scaled / scaled.sum(axis=1, keepdims=True)
        return found

    def doubts(self, image: Grey, probability: float) -> tuple[str, ...]:
        """Say why an answer is doubtful; nothing if it is not.

        Args:
            image: (channels, h, w), as the network was given it.
            probability: of the answer, calibrated.
        """
        unsure = [UNSURE] if probability < self.least else []
        return (*unsure, *(unlike(image, self.usual) if self.usual else []))

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any]) -> "Judgement":
        """Return it from what :meth:`plain` returned, in any version."""
        framing = plain.get("framing")
        return cls(
            framing=Framing(**framing) if framing else None,
            temperature=plain.get("temperature", 1.0),
            least=plain.get("least", 0.0),
            usual={name: (low, high) for name, (low, high) in plain.get("usual", {}).items()},
        )
