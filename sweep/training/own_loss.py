"""A user's loss as a block: a class is made, a function is called with its arguments."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sweep.backend.mxnet import gluon, mx
from sweep.carried.own_code import signature
from sweep.config.own_targets import Call
from sweep.errors import UserError
from sweep.networks.blocks.eager import numpy_switched_off_again
from sweep.networks.own_target import called, check_arguments, find

GIVEN = 2  # a function's first parameters: the scores, and the labels


class OfFunction(gluon.HybridBlock):
    """A function of scores and labels."""

    def __init__(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        """Take the function, and what it is called with besides."""
        super().__init__(prefix="")
        self.function, self._arguments = function, arguments

    def hybrid_forward(self, F: Any, scores: Any, labels: Any) -> Any:
        """Return what the function does."""
        return self.function(scores, labels, **self._arguments)


class EagerLoss(gluon.Block):
    """A loss that is computed operator by operator."""

    def __init__(self, loss: gluon.Block, why: str) -> None:
        """Take the loss, and why it cannot be in a graph, in a few words."""
        super().__init__(prefix="")
        self.loss, self.why = loss, why

    def forward(self, scores: Any, labels: Any) -> Any:
        """Return each image's loss."""
        return self.loss(scores, labels)


def make(call: Call, folder: Path) -> gluon.Block:
    """Return a user's loss, on the current context: a ``HybridBlock``, or an :class:`EagerLoss`.

    Args:
        call: the class or the function, and its arguments.
        folder: that the user's modules are imported from.

    Raises:
        UserError: it cannot be found or made.
    """
    with numpy_switched_off_again():
        found = find("loss", call.target, folder)
        made = (_of_class if inspect.isclass(found) else _of_function)(call, found, folder)
        why = _why_eager(made)
    return EagerLoss(made, why) if why else made


def _of_class(call: Call, kind: Callable[..., Any], folder: Path) -> gluon.Block:
    check_arguments("loss", call.target, signature(kind), call.arguments)
    made = called("loss", call.target, kind, call.arguments, folder)
    if not isinstance(made, gluon.Block):
        raise UserError(
            f"loss._target_={call.target}: is a class of {type(made).__name__}, no block; allowed "
            "is a gluon.loss.Loss, a HybridBlock or a Block, or a function of scores and labels"
        )
    every = made.collect_params().values()
    if learned := [each.name for each in every if not isinstance(each, gluon.Constant)]:
        raise UserError(
            f"loss._target_={call.target}: has the parameter {learned[0]}, which would be neither "
            "trained nor saved; allowed is a loss without parameters, but for self.params."
            "get_constant(...)"
        )
    made.initialize(ctx=mx.context.current_context())
    return made


def _of_function(call: Call, function: Callable[..., Any], folder: Path) -> gluon.Block:
    declared = signature(function)
    if len(declared) < GIVEN:
        raise UserError(
            f"loss._target_={call.target}: takes {', '.join(declared) or 'nothing'}; allowed is a "
            "function of the scores, the labels, and its arguments"
        )
    others = dict([*declared.items()][GIVEN:])
    check_arguments("loss", call.target, others, call.arguments)
    return OfFunction(function, call.arguments)


def _why_eager(loss: gluon.Block) -> str:
    """Return why a loss cannot be in a graph, in a few words; nothing if it can."""
    if not isinstance(loss, gluon.HybridBlock):
        return "it is a gluon.Block"
    try:
        loss(mx.sym.var("scores"), mx.sym.var("labels"))
    except Exception as error:  # whatever a loss does that was given no numbers
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return f"it cannot be traced ({reason})"
    return ""
