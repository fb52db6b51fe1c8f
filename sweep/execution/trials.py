"""Users' own networks, tried in a process with MXNet that is not the sweep's."""

from collections.abc import Sequence
from functools import partial

from sweep.config.losses import Loss
from sweep.config.networks import Network, Tried
from sweep.errors import UserError
from sweep.execution.local import fork_server
from sweep.runs.own_networks import Request, try_all


def try_elsewhere(requests: Sequence[Request], threads: int) -> dict[Request, Tried]:
    """Return what is found out about each network.

    Args:
        requests: which networks.
        threads: of MXNet, as runs have them.

    Raises:
        UserError: one of them does not build, does not fit the images, ends its process, or takes
            too long.
    """
    known = {each: Tried(each.network) for each in requests if not each.is_needed}
    unknown = [each for each in requests if each.is_needed]
    if not unknown:
        return known
    seconds = fork_server.ANSWER_SECONDS * len(unknown)
    try:
        found = fork_server.call(partial(try_all, unknown), threads, seconds)
    except ChildProcessError as error:
        if len(unknown) == 1:
            raise _refused(unknown[0], error) from error
        for each in unknown:  # which one was it?
            known |= try_elsewhere([each], threads)
        return known
    return known | dict(zip(unknown, found, strict=True))


def _refused(request: Request, error: ChildProcessError) -> UserError:
    """Return what to say of a network that gave no answer."""
    allowed = "leave their process alive"
    if isinstance(error, fork_server.NoAnswer):
        allowed = "can be built and asked in that time"
    # One that is not a user's own is named nevertheless if nothing else can be to blame.
    is_named = request.network.is_unknown or not (request.loss or request.metrics)
    named = [f"model._target_={_name(request.network)}"] if is_named else []
    named += [f"loss._target_={_name(request.loss)}"] if request.loss else []
    named += [request.metrics.field] if request.metrics else []
    kinds = ["networks"] if is_named or request.loss else []
    kinds += ["losses"] if request.loss else []
    kinds += ["metrics"] if request.metrics else []
    what = " and ".join(kinds)
    return UserError(
        f"{', '.join(named)}: cannot be tried: {error}; allowed are {what} that {allowed}"
    )


def _name(chosen: Network | Loss) -> object:
    return getattr(chosen, "_target_", chosen.name)
