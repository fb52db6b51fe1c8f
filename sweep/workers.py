"""Fresh processes, forked from a server that has imported all that a run needs.

Such a process starts in tens of milliseconds, and shares the memory of what was imported. Where
there is no fork server, processes are spawned, which takes seconds.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, SpawnContext
from typing import TypeVar

Answer = TypeVar("Answer")
HAS_FORK_SERVER = "forkserver" in multiprocessing.get_all_start_methods()
_server_threads: int | None = None


def start_server(threads: int) -> None:
    """Let the server import what runs need, with so many threads for MXNet, in the background."""
    global _server_threads
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if not HAS_FORK_SERVER or _server_threads is not None:
        return
    _server_threads = threads
    forkserver.set_forkserver_preload(["sweep.preload"])
    # Ctrl-C reaches all processes of a terminal; only the one that started the server shall act.
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, kept)


def context(threads: int) -> ForkServerContext | SpawnContext:
    """Return how to start a process in which MXNet has so many threads.

    MXNet reads their number when it is loaded, so that only the server's own number can be forked.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)  # a spawned process gets it from here
    if threads == _server_threads:
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


def call(function: Callable[[], Answer], threads: int) -> Answer:
    """Return what a function returns in a fresh process; raise what it raises."""
    with ProcessPoolExecutor(1, mp_context=context(threads)) as pool:
        return pool.submit(function).result()
