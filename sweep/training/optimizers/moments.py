"""What Adam and its relatives have in common: their fields."""

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Fraction, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@dataclass(frozen=True, config=STRICT)
class Moments(OptimizerConfig):
    """An optimiser that divides a mean of gradients by the root of the mean of their squares."""

    lr: Positive
    wd: NonNegative
    beta1: Fraction
    beta2: Fraction
    epsilon: Positive

    def numbers(self) -> dict[str, float]:
        """Return them by the names that ``mxnet.optimizer`` has for them."""
        return {
            "learning_rate": self.lr,
            "wd": self.wd,
            "beta1": self.beta1,
            "beta2": self.beta2,
            "epsilon": self.epsilon,
        }
