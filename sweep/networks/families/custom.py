"""A network of the user's own: ``model._target_=my_nets.Net``, with its arguments beside it."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Mark, Role, Size, Text
from sweep.config.images import Shape
from sweep.config.networks import Network, Tried
from sweep.config.own_targets import OwnTarget, allowed, gathered
from sweep.errors import UserError
from sweep.own_modules import entered


@NETWORKS.registers("custom")
@dataclass(frozen=True, config=STRICT)
class Custom(OwnTarget, Network):  # type: ignore[misc,override] # they are properties here
    """What a class or a function of the user's makes; keys that are no field are its arguments.

    What is found out when it is tried is in the last three fields. So every process builds it from
    the same modules, whatever becomes of the user's files meanwhile.

    Attributes:
        _work_: multiplications for one image, roughly.
    """

    name: Literal["custom"]
    _target_: Text | None
    # Not in conf/: a user's own file has the target and its arguments, and nothing else.
    _arguments_: Annotated[Text, Mark.KEYS] = "{}"
    _source_: Text | None = None
    _folder_: Annotated[Text | None, Role.MACHINE] = None
    _work_: Annotated[Size, Role.MACHINE] = 0

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        return gathered(cls, values)

    @property
    def label(self) -> str:
        """The target's own name, as ``Net``."""
        return str(self._target_).rpartition(".")[2]

    def check(self, shape: Shape) -> None:
        """Check that a target is named; whether it fits is known when it was tried.

        Raises:
            UserError: there is none.
        """
        if not self._target_:
            raise UserError(f"model._target_=null: no network; {allowed('model')}")

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs, as it was counted when it was tried."""
        return self._work_

    def tried(self, shape: Shape, classes: int, keep: Path) -> Tried:
        """Build it from the folder of the command, then from copies of the modules that took part.

        Raises:
            UserError: it does not build, or does not fit the images.
        """
        from sweep.networks.own_trial import tried  # which imports MXNet

        return tried(self, shape, classes, keep)

    def builder(self, device: str) -> Callable[[Shape, int], Any]:
        """Import the modules anew; return what makes the network of them.

        Raises:
            UserError: the modules are not those that the network was tried with, or raise.
        """
        from sweep.networks.own_target import maker

        folder = entered("model._source_", self.source, self._source_)
        return maker(self.call.target, self.call.arguments, folder)

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores.

        Raises:
            UserError: as of :meth:`builder`.
        """
        return self.builder("cpu")(shape, classes)
