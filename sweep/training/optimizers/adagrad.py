"""AdaGrad: ``optim=adagrad``."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import OPTIMIZERS
from sweep.config.fields import STRICT, NonNegative, Positive
from sweep.config.optimizers import OptimizerConfig


@OPTIMIZERS.registers("adagrad")
@dataclass(frozen=True, config=STRICT)
class AdaGrad(OptimizerConfig):
    """AdaGrad (Duchi et al. 2011), as ``mxnet.optimizer.AdaGrad`` has it."""

    name: Literal["adagrad"]
    lr: Positive
    wd: NonNegative
    epsilon: Positive

    def build(self, parameters: int) -> Any:
        """Return MXNet's optimiser, but faster. Weight decay is no part of what it adapts to."""
        from sweep.training.kernels.adagrad import FastAdaGrad  # which imports MXNet

        return FastAdaGrad(learning_rate=self.lr, wd=self.wd, eps=self.epsilon)
