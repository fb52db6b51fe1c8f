"""``python -m`` in processes of their own, forked from one that has imported the slow libraries.

A command then starts in a tenth of a second and not in several, and so does the server from
which it forks its runs. Of ``sweep`` only those modules are there that load no MXNet. They do
nothing when they are imported, and what has been found out is the same for all: our own files of
``conf/``, what is installed, the packaged images. A command cannot tell it from a start anew. MXNet
is there too, but hidden until it is imported. A command with an environment in which that would not
be the same has only libraries.

It ends as Python does, with its threads, what is registered for the end and its output, but for
what Python takes apart then, one object after another: a fork would copy all of its memory for it.
"""

import atexit
import contextlib
import fcntl
import functools
import gc
import importlib.machinery
import json
import multiprocessing.util
import os
import pkgutil
import random
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

LIBRARIES = (
    *("hydra.main", "hydra._internal.hydra", "mlflow.store.tracking.sqlalchemy_store"),
    *("mlflow.store.tracking.rest_store", "optuna", "pydantic", "rich.table", "scipy.special"),
    *("alembic.command", "sqlalchemy.dialects.sqlite"),
)
USUAL_LIBRARIES = (
    "git",
    "matplotlib.figure",
    "mlflow.cli",
    "pooch",
    "sklearn.base",
    "uvicorn.main",
)
PROGRAM = (
    *("sweep.commands.train", "sweep.commands.leaderboard", "sweep.commands.predict"),
    *("sweep.commands.report", "sweep.sweeps.entry", "sweep.sweeps.grid", "sweep.sweeps.single"),
    *("sweep.search.entry", "sweep.tracking.writer", "sweep.runs.judging", "sweep.runs.figures"),
    *("sweep.networks.own_target", "sweep.data.augment"),
)
CHOICES = (  # packages whose modules are imported when one of them is asked for
    *("sweep.data.formats", "sweep.execution.launchers", "sweep.networks.families"),
    *("sweep.training.losses", "sweep.training.metrics", "sweep.training.optimizers"),
    "sweep.training.schedules",
)
OF_MXNET = ("DNNL_", "MXNET_", "OMP_", "OPENBLAS_")  # variables that it reads when it is loaded
OWN = dict(os.environ)  # as it was before any test changed it
OF_SERVERS = {**OWN, "OMP_NUM_THREADS": "1"}
FREE = 100  # descriptors from here on are nobody's
FORK_SECONDS = 120  # more than it takes on a busy machine, the server's own start included


class Command(subprocess.Popen):
    """As subprocess.Popen of ``python -m module ...``, for what is started in its own session."""

    def _execute_child(self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, *others):
        _, _, _, read_in, write_in, read_out, write_out, read_error, write_error = others[:9]
        status, told = socket.socketpair()
        cwd = str(cwd or os.getcwd())
        request = json.dumps({"arguments": args, "folder": cwd, "environment": dict(env)})
        with told, contextlib.closing(open(os.devnull)) as nothing:
            streams = [nothing.fileno() if read_in == -1 else read_in, write_out, write_error]
            content = request.encode()
            parts = [struct.pack("!I", len(content))]
            chosen = server(is_usual(args, env, cwd))
            chosen.settimeout(FORK_SECONDS)
            status.settimeout(FORK_SECONDS)
            try:
                socket.send_fds(chosen, parts, [*streams, told.fileno()])
                chosen.sendall(content)
                process = status.recv(4)
            except TimeoutError:
                server.cache_clear()  # it has got half of what was asked
                raise AssertionError(f"no process was forked in {FORK_SECONDS} s: {args}") from None
        self._status = status
        (self.pid,) = struct.unpack("!I", process)
        self._child_created = True
        self._close_pipe_fds(read_in, write_in, read_out, write_out, read_error, write_error)

    def __exit__(self, kind, *error):
        """Wait for it; where the test has failed, end it and what it has started before."""
        if kind and self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return super().__exit__(kind, *error)

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


def is_usual(arguments, environment, folder):
    """Return whether a command has libraries from where they are here, MXNet as it is here."""
    if environment.get("PYTHONPATH") != OWN.get("PYTHONPATH"):
        return False
    if Path(folder, "hydra_plugins").exists():  # among which Hydra has looked for its own already
        return False
    if any(each.startswith("threads_per_run") for each in arguments):
        return False
    return read_by_mxnet(environment) == read_by_mxnet(OF_SERVERS)


def read_by_mxnet(environment):
    """Return the variables that decide what MXNet is; programs here give it one thread."""
    found = {each: environment[each] for each in environment if each.startswith(OF_MXNET)}
    found.pop("MXNET_HOME", None)  # it is read when data are asked for
    return {"OMP_NUM_THREADS": "1", **found}


@functools.cache
def server(usual):
    """Start the process from which commands are forked; return the connection to it."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.set_inheritable(True)
        command = [sys.executable, __file__, str(theirs.fileno()), *["usual"] * usual]
        # It ends when nobody can ask any more.
        os.posix_spawn(sys.executable, command, OF_SERVERS)
    return ours


def serve(connection):
    """Fork a command for each request and tell how it ended, until nobody is there who asks.

    Returns:
        In the process of a command: its arguments. In the server, at the end: None.
    """
    os.setsid()
    wakes, woken = os.pipe2(os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    waiting = {}  # who waits for the end of a process, by its number
    while True:
        readable, _, _ = select.select([connection, wakes], [], [])
        if wakes in readable:
            os.read(wakes, 1 << 10)
            tell_ends(waiting)
        if connection not in readable:
            continue
        size, descriptors, _, _ = socket.recv_fds(connection, 4, 4)
        if not size:
            return None
        request = received(connection, size)
        *streams, told = descriptors
        if not (process := os.fork()):
            connection.close()
            signal.set_wakeup_fd(-1)
            for each in (wakes, woken, told, *waiting.values()):
                os.close(each)
            return begin(request, streams)
        waiting[process] = told
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            os.write(told, struct.pack("!I", process))
        for each in streams:
            os.close(each)


def tell_ends(waiting):
    """Tell those who wait for it which processes have ended, and how."""
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if told := waiting.pop(ended[0], None):  # else it is of a library
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    os.write(told, struct.pack("!I", ended[1]))
                os.close(told)


def received(connection, size):
    """Return what comes through a connection, whose size has come already."""
    (left,) = struct.unpack("!I", size)
    content = b""
    while len(content) < left:
        more = connection.recv(left - len(content))
        if not more:
            sys.exit("who asked is gone")
        content += more
    return json.loads(content)


def begin(request, streams):
    """Become the process of a command; return its arguments."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # though the tests run after nohup
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
    tempfile.tempdir = None  # as some library has asked for it before
    random.seed()
    sys.modules["numpy"].random.seed()
    return request["arguments"]


class Hidden:
    """Modules that are loaded already, and appear when they are imported.

    A finder of modules and their loader: https://docs.python.org/3/library/importlib.html
    """

    def __init__(self, name):
        self._name = name
        below = [each for each in sys.modules if each.partition(".")[0] == name]
        self._modules = {each: sys.modules.pop(each) for each in below}
        self._spec = self._modules[name].__spec__

    def find_spec(self, name, path, target=None):
        if name == self._name:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return self._modules[self._name]

    def exec_module(self, module):
        module.__spec__ = self._spec
        sys.modules.update(self._modules)


def load_mxnet():
    """Load MXNet, and hide it and what it needs and leaves behind."""
    numpy = sys.modules["numpy"]
    numpy.bool = bool  # see sweep/carried/mxnet_import.py
    __import__("mxnet")
    del numpy.bool
    for crash in (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGABRT):
        signal.signal(crash, signal.SIG_DFL)
    sys.meta_path.insert(0, Hidden("mxnet"))


def load_the_program():
    """Import the modules of ``sweep`` that load no MXNet."""
    for name in PROGRAM:
        __import__(name)
    for name in CHOICES:
        package = __import__(name, fromlist=["__path__"])
        for each in pkgutil.iter_modules(package.__path__, f"{name}."):
            __import__(each.name)
    assert "mxnet" not in sys.modules


def prepare_a_fork_server():
    """Fork what becomes the command's server of fresh processes, if it starts one as usual.

    So that it has what is loaded here, and none of what the command has done by then.
    """
    ours, theirs = socket.socketpair()
    process = os.fork()
    if process:
        theirs.close()
        start_anew = multiprocessing.util.spawnv_passfds

        def start(path, arguments, descriptors):
            is_one = "multiprocessing.forkserver" in str(arguments[-1])
            if ours.fileno() == -1 or not is_one or not is_usual([], os.environ, os.getcwd()):
                return start_anew(path, arguments, descriptors)
            request = {"program": arguments[-1], "numbers": descriptors, "folder": os.getcwd()}
            content = json.dumps({**request, "environment": dict(os.environ)}).encode()
            with ours:
                socket.send_fds(ours, [struct.pack("!I", len(content))], descriptors)
                ours.sendall(content)
            return process

        multiprocessing.util.spawnv_passfds = start
        return
    ours.close()
    for of_the_terminal in (signal.SIGINT, signal.SIGHUP):
        signal.signal(of_the_terminal, signal.SIG_IGN)
    size, descriptors, _, _ = socket.recv_fds(theirs, 4, 2)
    if not size:
        os._exit(0)
    request = received(theirs, size)
    theirs.close()
    kept = [fcntl.fcntl(each, fcntl.F_DUPFD, FREE) for each in descriptors]
    for each in descriptors:
        os.close(each)
    for each, number in zip(kept, request["numbers"], strict=True):
        os.dup2(each, number)
        os.close(each)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = ["-c"]
    end_with(lambda: exec(request["program"], {"__name__": "__main__"}))


def end_with(program):
    """Run a program, and end as Python does, without taking its modules apart."""
    code = 0
    try:
        program()
    except SystemExit as ended:
        code = ended.code
    except Exception:  # not KeyboardInterrupt, after which Python ends by the signal itself
        code = 1
        sys.excepthook(*sys.exc_info())
    if code is not None and not isinstance(code, int):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    for each in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # who reads is gone
            each.flush()
    os._exit((code or 0) & 0xFF)


def find_out_what_is_the_same_for_all():
    """Let what is read and computed alike in all commands be there."""
    import kept_configs

    from sweep.config.compose import load
    from sweep.data.formats.mnist import read_packaged
    from sweep.environment import commit, environment
    from sweep.tracking import import_stores

    kept_configs.read_once()
    load()
    environment()
    commit()
    read_packaged()
    import_stores()


if __name__ == "__main__":
    here = sys.path[0]
    for name in LIBRARIES:
        __import__(name)
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    assert "mxnet" not in sys.modules and threading.active_count() == 1
    if usual := sys.argv[2:] == ["usual"]:
        for name in USUAL_LIBRARIES:
            __import__(name)
        load_mxnet()
        load_the_program()
        find_out_what_is_the_same_for_all()
    assert "mxnet" not in sys.modules and threading.active_count() == 1
    gc.collect()
    gc.freeze()  # or each collection in a fork would go through all of it, and copy it
    arguments = serve(socket.socket(fileno=int(sys.argv[1])))
    if arguments:
        if usual:
            prepare_a_fork_server()
        module, sys.argv = arguments[2], arguments[2:]
        end_with(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))
