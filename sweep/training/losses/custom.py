"""A loss of the user's own: ``loss._target_=my_losses.Focal``, with its arguments beside it."""

import json
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from sweep.config.arguments import gathered
from sweep.config.fields import STRICT, Mark, Role, Text
from sweep.config.losses import LOSSES, Loss
from sweep.config.own_targets import Call, allowed
from sweep.config.tasks import Task
from sweep.errors import UserError
from sweep.own_modules import entered_beside, identified

ARGUMENTS = "_arguments_"


@LOSSES.registers("custom")
@dataclass(frozen=True, config=STRICT)
class Custom(Loss):
    """A class or a function of the user's; keys that are no field are its arguments.

    What is found out when it is tried is in the last two fields, as of a network of the user's:
    see :mod:`sweep.networks.families.custom`.

    Attributes:
        _target_: the module and the name in it, as ``my_losses.Focal``.
        task: whose answers it judges.
        _arguments_: of the target, as one text in JSON.
        _source_: 16 hex digits that identify the user's modules that take part, by their places
            and contents; None before they are known.
        _folder_: where copies of these modules are.
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
        return gathered(cls, values, ARGUMENTS)

    @property
    def is_unknown(self) -> bool:  # type: ignore[override]
        """Whether the modules that take part are not known yet."""
        return self._source_ is None

    @property
    def source(self) -> Path | None:  # type: ignore[override]
        """The folder with copies of the modules that take part."""
        return Path(self._folder_) if self._folder_ else None

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
        return Call(self._target_, json.loads(self._arguments_))

    def tried(self, outputs: int, rows: int, keep: Path) -> tuple[Loss, str]:
        """Try it from the folder of the command, then from copies of the modules that took part.

        Raises:
            UserError: it does not build, or does not fit a batch.
        """
        from sweep.training.own_loss_trial import tried  # which imports MXNet

        return tried(self, outputs, rows, keep)

    def built_from(self, folder: Path) -> Loss:
        """Return the same loss, built from copies of its modules in another folder."""
        return replace(self, _folder_=str(folder))

    def known_by(self, folder: Path) -> Loss:
        """Return the same loss, known by all modules in a folder, those of others too."""
        return replace(self, _folder_=str(folder), _source_=identified(folder))

    def build(self) -> Any:
        """Return what it is as a Gluon block: a ``HybridBlock`` if it can be in a graph.

        Raises:
            UserError: the modules are not those that it was tried with, or raise.
        """
        from sweep.training.own_loss import make

        return make(self.call, entered_beside("loss._source_", self.source, self._source_))
