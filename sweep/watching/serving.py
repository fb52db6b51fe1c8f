"""The server of the page: where it listens, and until when."""

import errno
import logging
import os
import socket
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from sweep.errors import UserError
from sweep.watching.app import Watched
from sweep.watching.figures import Drawn, drawn
from sweep.watching.hosts import is_everywhere
from sweep.watching.latest import Latest
from sweep.watching.shown import Json, shown
from sweep.watching.snapshot import read_snapshot

MOST_PORT = 65535
STATE_SECONDS, FIGURE_SECONDS = 3.0, 20.0  # from one reading to the next, at least
LEAVING_SECONDS = 1  # for requests that are being answered
NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)  # the latter: a system without IPv6
IN_USE = "another program listens there; allowed is another --port, or 0 for any that is free"


def watch(uri: str, sweep_id: str, checkpoints: Path) -> Watched:
    """Return a sweep that is read while pages are open.

    Args:
        uri: of the record.
        sweep_id: of its parent run.
        checkpoints: the folder in which it can be seen whether it is still at work.
    """
    read = partial(read_snapshot, uri, sweep_id, checkpoints)
    one_at_a_time = threading.Lock()
    before: list[Drawn] = []

    def state() -> Json:
        with one_at_a_time:
            snapshot = read()
        return shown(snapshot)

    def figures() -> Drawn:
        with one_at_a_time:
            snapshot = read()
        before[:] = [drawn(snapshot, before[0] if before else None)]
        return before[0]

    return Watched(Latest(state, STATE_SECONDS), Latest(figures, FIGURE_SECONDS))


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: an address of this machine, or the name of one.
        port: 0 for any that is free.

    Raises:
        UserError: nobody can listen there.
    """
    if not 0 <= port <= MOST_PORT:
        raise UserError(f"--port {port}: allowed is a whole number from 0 (any) to {MOST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UserError(f"--host {host}: is no address of this machine: {why}") from None
    try:
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
        except OSError:
            listener.close()
            raise
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(f"--port {port}: {IN_USE}") from None
        option = "--host" if error.errno in NO_SUCH_ADDRESS else "--port"
        given = host if option == "--host" else port
        why = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(f"{option} {given}: cannot be listened at: {why}") from None
    return listener


def address_of(listener: socket.socket, host: str) -> str:
    """Return what to open in a browser of this machine."""
    address, port = listener.getsockname()[:2]
    shown_host = "127.0.0.1" if is_everywhere(address) else host
    return f"http://{f'[{shown_host}]' if ':' in shown_host else shown_host}:{port}/"


class Server(uvicorn.Server):
    """Says nothing of what is cut off at its end: a page that waits for it says so itself."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End, and cut off what takes too long."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Answer requests until an interrupt."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=LEAVING_SECONDS,
    )
    with listener, suppress(KeyboardInterrupt):  # uvicorn raises it again when all is answered
        Server(config).run(sockets=[listener])
