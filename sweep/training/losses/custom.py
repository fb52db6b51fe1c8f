"""A loss of the user's own: ``loss._target_=my_losses.Focal``, with its arguments beside it."""

from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from sweep.config.fields import STRICT, Mark, Role, Text
from sweep.config.losses import LOSSES, Loss
from sweep.config.own_targets import Call, OwnTarget, allowed, gathered
from sweep.config.tasks import Task
from sweep.errors import UserError
from sweep.own_modules import entered_beside


@LOSSES.registers("custom")
@dataclass(frozen=True, config=STRICT)
class Custom(OwnTarget, Loss):  # type: ignore[override] # they are properties here
    """A class or a function of the user's; keys that are no field are its arguments.

    What is found out when it is tried is in the last two fields, as of a network of the user's:
    see :mod:`sweep.networks.families.custom`.

    Attributes:
        task: whose answers it judges.
    """

    name: Literal["custom"]
    _target_: Text | None
    # Defaults are here, too: a user's own file may have the target and its arguments alone.
    task: Task = field(default="classification", kw_only=True)  # type: ignore[misc]
    _arguments_: Annotated[Text, Mark.KEYS] = "{}"
    _source_: Text | None = None
    _folder_: Annotated[Text | None, Role.MACHINE] = None

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:
        return gathered(cls, values)

    @property
    def task_chosen(self) -> str:
        """The field that chooses the task, and its value."""
        return f"loss.task={self.task}"

    def choices(self, task: Task) -> list[str]:
        """Return what could be chosen instead, for a task."""
        return [f"loss.task={task}"]

    @property
    def call(self) -> Call:
        """The target, and its arguments.

        Raises:
            UserError: there is none.
        """
        if not self._target_:
            raise UserError(f"loss._target_=null: no loss; {allowed('loss')}")
        return super().call

    def tried(self, outputs: int, rows: int, keep: Path) -> tuple[Loss, str]:
        """Try it from the folder of the command, then from copies of the modules that took part.

        Raises:
            UserError: it does not build, or does not fit a batch.
        """
        from sweep.training.own_loss_trial import tried  # which imports MXNet

        return tried(self, outputs, rows, keep)

    def build(self) -> Any:
        """Return what it is as a Gluon block: a ``HybridBlock`` if it can be in a graph.

        Raises:
            UserError: the modules are not those that it was tried with, or raise.
        """
        from sweep.training.own_loss import make

        return make(self.call, entered_beside("loss._source_", self.source, self._source_))
