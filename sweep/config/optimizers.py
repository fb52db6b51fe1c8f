"""What an optimiser has to be, to be chosen by name."""

from abc import ABC, abstractmethod
from dataclasses import field
from typing import Annotated, Any, Literal

from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Before, Limit


@dataclass(frozen=True, config=STRICT)
class OptimizerConfig(ABC):
    """An optimiser for ``gluon.Trainer``.

    Attributes:
        wd_on: what decays, if the optimiser has a weight decay: see :mod:`sweep.training.decay`.
        clip_norm: the most that the norm of a batch's gradient may be: see
            :mod:`sweep.training.clipping`.
    """

    name: str
    # Their defaults are in conf/config.yaml, for all optimisers; here for those made in code.
    wd_on: Annotated[Literal["all", "weights"], Before("all")] = field(default="all", kw_only=True)
    clip_norm: Annotated[Limit, Before(None)] = field(default=None, kw_only=True)

    @abstractmethod
    def build(self, parameters: int) -> Any:
        """Return the ``mxnet.optimizer.Optimizer`` for so many parameters (arrays)."""
