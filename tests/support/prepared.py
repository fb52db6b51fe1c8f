"""``python -m`` in processes of their own, forked from one that has imported the slow libraries.

A command then starts in a tenth of a second and not in several. Nothing of ``sweep`` is imported
before the fork, nor MXNet, and nothing has been made: a command cannot tell it from a start anew,
but that its libraries are there already.
"""

import contextlib
import functools
import json
import os
import random
import runpy
import signal
import socket
import struct
import subprocess
import sys
import threading

LIBRARIES = (
    *("hydra.main", "hydra._internal.hydra", "mlflow.store.tracking.sqlalchemy_store"),
    *("mlflow.store.tracking.rest_store", "optuna", "pydantic", "rich.table", "scipy.special"),
)


class Command(subprocess.Popen):
    """As subprocess.Popen of ``python -m module ...``, for what is started in its own session."""

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others):
        _, _, _, read_in, write_in, read_out, write_out, read_error, write_error = others[:9]
        status, told = socket.socketpair()
        request = json.dumps({"arguments": args, "folder": str(cwd), "environment": dict(env)})
        with told, contextlib.closing(open(os.devnull)) as nothing:
            streams = [nothing.fileno() if read_in == -1 else read_in, write_out, write_error]
            content = request.encode()
            parts = [struct.pack("!I", len(content))]
            socket.send_fds(server(), parts, [*streams, told.fileno()])
            server().sendall(content)
        self._status = status
        (self.pid,) = struct.unpack("!I", status.recv(4))
        self._child_created = True
        self._close_pipe_fds(read_in, write_in, read_out, write_out, read_error, write_error)

    def _try_wait(self, wait_flags):
        """Return the process, if it has ended, and how."""
        self._status.setblocking(not wait_flags & os.WNOHANG)
        try:
            told = self._status.recv(4)
        except BlockingIOError:
            return 0, 0
        self._status.close()
        return self.pid, struct.unpack("!I", told)[0]

    def _internal_poll(self, *_, **__):
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                process, status = self._try_wait(os.WNOHANG)
                if process:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


@functools.cache
def server():
    """Start the process from which commands are forked; return the connection to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.set_inheritable(True)
        command = [sys.executable, __file__, str(theirs.fileno())]
        os.posix_spawn(sys.executable, command, os.environ)  # it ends when nobody can ask any more
    return ours


def serve(connection):
    """Fork a command for each request, until nobody is there who asks.

    Returns:
        In the process of a command: its arguments. In the server, at the end: None.
    """
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # or those who wait for commands stay zombies
    while True:
        size, descriptors, _, _ = socket.recv_fds(connection, 4, 4)
        if not size:
            return None
        (left,) = struct.unpack("!I", size)
        content = b""
        while len(content) < left:
            content += connection.recv(left - len(content))
        if not os.fork():
            connection.close()
            return begin(json.loads(content), descriptors)
        for each in descriptors:
            os.close(each)


def begin(request, descriptors):
    """Fork the process of a command, and tell how it ended; return its arguments in it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = descriptors
    process = os.fork()
    if process:
        os.setsid()
        for each in streams:
            os.close(each)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            os.write(told, struct.pack("!I", process))
            os.write(told, struct.pack("!I", os.waitpid(process, 0)[1]))
        os._exit(0)
    os.close(told)
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    # What is there was opened on other files, and may have looked at them.
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = open(
        2, "w", errors="backslashreplace", buffering=1, closefd=False
    )
    own = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [each for each in sys.path[1:] if each not in own]
    sys.path = [os.getcwd(), *(each for each in path if each), *others]
    random.seed()
    sys.modules["numpy"].random.seed()
    return request["arguments"]


if __name__ == "__main__":
    here = sys.path[0]
    for name in LIBRARIES:
        __import__(name)
    assert "mxnet" not in sys.modules and threading.active_count() == 1
    arguments = serve(socket.socket(fileno=int(sys.argv[1])))
    if arguments:
        module, sys.argv = arguments[2], arguments[2:]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
