"""Users' own networks, tried in a process with MXNet that is not the sweep's."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

from sweep.config.choices import Tried
from sweep.errors import UserError
from sweep.execution.local import fork_server
from sweep.runs.own_networks import Request, try_all


def try_elsewhere(requests: Sequence[Request], threads: int) -> dict[Request, Tried]:
    """Return what is found out about each network.

    Args:
        requests: which networks.
        threads: of MXNet, as runs have them.

    Raises:
        UserError: one of them does not build, does not fit the images, or ends its process.
    """
    known = {each: Tried(each.network) for each in requests if not each.network.is_unknown}
    unknown = [each for each in requests if each.network.is_unknown]
    if not unknown:
        return known
    try:
        found = fork_server.call(partial(try_all, unknown), threads)
    except ChildProcessError as error:
        for each in unknown[: len(unknown) - 1]:  # which one was it?
            try_elsewhere([each], threads)
        network = unknown[-1].network
        raise UserError(
            f"model._target_={asdict(network).get('_target_', network.name)}: cannot be tried: "
            f"{error}; allowed are networks that leave their process alive"
        ) from error
    return known | dict(zip(unknown, found, strict=True))
