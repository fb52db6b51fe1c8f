"""Ports of this machine for servers that tests start."""

import socket

HOST = "127.0.0.1"


def free_port():
    """Return a port that the system gives to nobody else for a minute.

    A connection that was closed from here waits there for what may still come. Until then only who
    asks for this very port gets it, with SO_REUSEADDR, as all servers do.
    """
    with socket.create_server((HOST, 0)) as listener:
        with socket.create_connection(listener.getsockname()):
            listener.accept()[0].close()
        return listener.getsockname()[1]
