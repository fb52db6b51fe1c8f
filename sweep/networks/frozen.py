"""Parameters that are not trained: ``freeze``."""

from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase
from typing import Protocol, runtime_checkable

from sweep.backend.mxnet import gluon
from sweep.errors import UserError, nearest
from sweep.networks.own_checks import blocks

SHOWN = 12  # names in a message
RUNNING = ("running_mean", "running_var")  # of BatchNorm, which it changes without a gradient
GLOBAL = "use_global_stats"


@runtime_checkable
class KeepsMeans(Protocol):
    """A network of one block, whose layers are in its graph."""

    def keep_means(self, names: Collection[str]) -> None:
        """Let each BatchNorm compute with its running means if they are among these."""


def freeze(net: gluon.Block, patterns: Sequence[str]) -> None:
    """Keep the parameters as they are whose names fit one of the patterns of ``fnmatch``.

    A BatchNorm whose running means fit computes with them, as it does when it is evaluated; one of
    which only the scales and shifts fit goes on counting its means.

    Args:
        net: initialised; what was traced of it is traced anew.
        patterns: of the parameters' places in the network, as ``0.weight``.

    Raises:
        UserError: a pattern fits nothing, or nothing is left to train.
    """
    parameters = net._collect_params_with_prefix()
    given = f"freeze=[{','.join(patterns)}]"
    names = ", ".join([*parameters][:SHOWN])
    more = f" and {len(parameters) - SHOWN} more" if len(parameters) > SHOWN else ""
    frozen: set[str] = set()
    for pattern in patterns:
        found = [name for name in parameters if fnmatchcase(name, pattern)]
        if not found:
            raise UserError(
                f"{given}: {pattern} fits no parameter{nearest(pattern, parameters)}; allowed "
                f"are patterns as in file names (*, ?) of {names}{more}"
            )
        frozen.update(found)
    trained = [name for name, each in parameters.items() if is_trained(each)]
    if patterns and frozen.issuperset(trained):
        raise UserError(
            f"{given}: leaves nothing to train; allowed are patterns that leave one of "
            f"{', '.join(trained[-SHOWN:])}"
        )
    for name in frozen:
        parameters[name].lr_mult = 0.0
    _keep_means(net, "", frozen)
    for block in blocks(net):
        if not _counts_means(block):
            _leave_out(block)
        if isinstance(block, KeepsMeans):
            block.keep_means(frozen)
    for block in blocks(net):
        if isinstance(block, gluon.HybridBlock):
            # A user's block that hybridized itself was traced, with the means of each batch, when
            # its first images came.
            block._clear_cached_op()


def is_trained(parameter: gluon.Parameter) -> bool:
    """Return whether a parameter is one that an optimiser changes."""
    return bool(parameter.grad_req != "null" and parameter.lr_mult)


def _counts_means(block: gluon.Block) -> bool:
    """Return whether a block changes its running means while it is trained.

    MXNet 1.9.1 does so on its way back through the block, which a gradient has to be asked of.
    """
    has_means = any(name in block._reg_params for name in RUNNING)
    return has_means and not getattr(block, "_kwargs", {}).get(GLOBAL)


def _leave_out(block: gluon.Block) -> None:
    """Let no gradient be computed for what is frozen of a block, if all of it is.

    Otherwise it is computed and not used: MXNet 1.9.1 gives a dense layer's bias the gradient 0 if
    its weight has none.
    """
    learning = [each for each in block._reg_params.values() if each.grad_req != "null"]
    if not any(each.lr_mult for each in learning):
        for each in learning:
            each.grad_req = "null"


def _keep_means(block: gluon.Block, place: str, frozen: set[str]) -> None:
    """Let each BatchNorm below compute with its running means, if they are frozen."""
    if any(f"{place}{name}" in frozen for name in RUNNING) and GLOBAL in getattr(
        block, "_kwargs", {}
    ):
        block._kwargs[GLOBAL] = True
    for name, child in block._children.items():
        _keep_means(child, f"{place}{name}.", frozen)
