"""Whose requests are answered.

A page of another site can make a browser ask this one under a name of its own that leads here (DNS
rebinding). The browser then says that name in its request, by which such a request is known.
"""

import ipaddress
import socket
from collections.abc import Collection

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sweep.errors import UserError

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_everywhere(address: str) -> bool:
    """Return whether an address that is listened at stands for all of this machine's."""
    return ipaddress.ip_address(address).is_unspecified


def check_is_here(host: str, address: str) -> None:
    """Check that only this machine can reach a page on which a sweep is steered.

    Between machines its token could be read on the way, and whoever has that can add runs to the
    sweep, with code of their own.

    Args:
        host: the address, or the name of it, that is listened at, as a user has written it.
        address: the same, as the socket has it.

    Raises:
        UserError: others can reach it.
    """
    if not ipaddress.ip_address(address).is_loopback:
        raise UserError(
            f"--host {host}: with --control the page is for this machine alone, since nothing that "
            "it sends is encrypted; allowed is 127.0.0.1, to which ssh -L leads from another one"
        )


def known_hosts(host: str, address: str) -> frozenset[str]:
    """Return the names under which a server may be asked for.

    Args:
        host: the address, or the name of it, that it was to listen at, as a user has written it.
        address: that it listens at.
    """
    own = {socket.gethostname(), socket.getfqdn()} if host not in LOOPBACK else set()
    return frozenset(each.lower() for each in {*LOOPBACK, host, address, *own} - {""})


class OnlyFor:
    """Refuses requests for other hosts than known ones."""

    def __init__(self, app: ASGIApp, host: str, address: str) -> None:
        """Take who answers the others, and where it is listened; as of :func:`known_hosts`."""
        self._app, self._hosts = app, known_hosts(host, address)
        self._takes_addresses = is_everywhere(address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "http" and not self._is_known(_hosts_of(scope)):
            response = PlainTextResponse("This page is not for that host.\n", 400)
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, given: Collection[str]) -> bool:
        return len(given) == 1 and all(
            each in self._hosts or (self._takes_addresses and _is_address(each)) for each in given
        )


def _hosts_of(scope: Scope) -> list[str]:
    """Return the hosts that a request names, without ports: there must be one."""
    given = [value.decode("latin-1") for key, value in scope["headers"] if key == b"host"]
    return [_without_port(each).lower() for each in given]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
