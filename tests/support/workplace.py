"""Commands given in a folder, the record that they leave there, and the processes they start."""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from mlflow import MlflowClient
from ports import free_port
from prepared import Command
from record import new_record

CURVES = ("train/loss", "train/accuracy", "val/loss", "val/accuracy", "test/loss", "test/accuracy")
MLFLOW_SERVER = Path(__file__).with_name("mlflow_server.py")


class Workplace:
    """A folder in which commands are given, and the record that they leave there."""

    def __init__(self, folder, address=None):
        """Take the folder; and the address of the server, where the record is not in the folder.

        A record in the folder that is not there yet begins as an empty one.
        """
        self.folder = folder
        self.address = address or f"sqlite:///{folder}/mlflow.db"
        if not address and not (folder / "mlflow.db").exists():
            new_record(folder)
        self.environment = {**os.environ, "MXNET_HOME": str(folder / "mxnet_home")}
        self.environment.pop("MLFLOW_TRACKING_URI", None)
        if address:
            self.environment["MLFLOW_TRACKING_URI"] = address

    @classmethod
    def without_record(cls, folder):
        """Take the folder, in which the first command will make the record."""
        workplace = cls(folder)
        (folder / "mlflow.db").unlink()
        return workplace

    def start(self, *arguments, module="sweep"):
        """Start ``python -m sweep``, or another module, in a session of its own."""
        return Command(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start_anew(self, *arguments, module="sweep"):
        """Start it as a shell does: with nothing imported."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments, module="sweep"):
        """Run to a good end without a word of complaint, and return the lines that were printed."""
        with self.start(*arguments, module=module) as process:
            output, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, ""), output + errors
        return output.splitlines()

    def watch(self, *arguments, module="sweep", until, then="", act, limit=300):
        """Start; act on the process once each of these beginnings of lines was seen, then another.

        Returns:
            The exit code, the lines, and what came out as errors.
        """
        process, missing, lines, acted = (
            self.start(*arguments, module=module),
            list(until),
            [],
            False,
        )
        is_late = threading.Event()

        def end():
            is_late.set()
            kill_all(process.pid)

        watchdog = threading.Timer(limit, end)
        watchdog.daemon = True
        watchdog.start()
        try:
            with process:
                for line in process.stdout:
                    lines.append(line.rstrip("\n"))
                    missing = [each for each in missing if not line.startswith(each)]
                    if not missing and not acted and line.startswith(then):
                        act(process)
                        acted = True
                errors = process.stderr.read()
        finally:
            watchdog.cancel()
        assert not is_late.is_set(), f"it had not ended after {limit} seconds: {lines}"
        return process.returncode, lines, errors

    @property
    def client(self):
        return MlflowClient(self.address)

    def runs(self, experiment):
        """Return the parents and the other runs, the oldest first."""
        number = self.client.get_experiment_by_name(experiment).experiment_id
        found = self.client.search_runs([number], order_by=["attributes.start_time ASC"])
        kinds = {"sweep": [], "run": []}
        for run in found:
            kinds[run.data.tags["sweep.kind"]].append(run)
        return kinds["sweep"], kinds["run"]

    def curves(self, run):
        """Return all metrics of a run but the times: exact values with their steps."""
        return {
            key: [
                (point.step, point.value)
                for point in self.client.get_metric_history(run.info.run_id, key)
            ]
            for key in CURVES
        }


class Server:
    """A real MLflow server with a store of its own, on a port of this machine.

    Attributes:
        address: of the server.
        settings: what it has in its environment besides.
    """

    # Or it starts nine processes, each with all of MLflow, for jobs that nobody gives it.
    settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}

    def __init__(self, folder):
        """Take the folder of the store; start nothing."""
        self._folder, self._process, self._port = folder, None, free_port()
        self.address = f"http://127.0.0.1:{self._port}"

    @property
    def command(self):
        store = ["--backend-store-uri", f"sqlite:///{self._folder}/server.db"]
        artifacts = ["--artifacts-destination", str(self._folder / "artifacts")]
        return ["server", *store, *artifacts]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.kill()

    def start(self):
        """Start it, and wait until it answers."""
        shutil.copy(MLFLOW_SERVER, self._folder)
        command = [sys.executable, "-m", "mlflow_server", *self.command, "--workers", "1"]
        with open(self._folder / "log", "a") as log:
            self._process = Command(
                [*command, "--port", str(self._port)],
                cwd=self._folder,
                env={**os.environ, **self.settings},
                stdout=log,
                stderr=log,
            )
        for _ in range(2400):
            assert self._process.poll() is None, (self._folder / "log").read_text()
            try:
                urllib.request.urlopen(f"{self.address}/health", timeout=2).close()
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise TimeoutError((self._folder / "log").read_text())

    @property
    def pid(self):
        return self._process.pid

    def kill(self):
        """Kill it, with all its processes, at once; unless it is dead."""
        if self._process:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(60)
            self._process = None


class UserInterface(Server):
    """``mlflow ui``, as the README has it, of the record in a folder."""

    command = ("ui",)


def processes(session):
    """Return the processes of a session that are no zombies."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it has ended
        if int(of) == session and state != "Z":
            found.append(int(folder.name))
    return found


def lives(process):
    """Return whether a process is there, and is no zombie."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def workers(session):
    """Return the processes that train, known by the logs that they write, by these logs."""
    found = {}
    for process in processes(session):
        with contextlib.suppress(OSError):  # it has ended
            output = os.readlink(f"/proc/{process}/fd/1")
            if output.endswith("/run.log"):
                found[process] = output
    return found


def worker(session, number):
    """Return the process that trains the run of this number."""
    found = workers(session)
    (process,) = [each for each, log in found.items() if log.endswith(f"/{number}/run.log")]
    return process


def fork_servers(session):
    """Return the processes from which a sweep, the leader of the session, forks its workers."""
    found = []
    for process in processes(session):
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            command = Path(f"/proc/{process}/cmdline").read_text()
            is_one = "forkserver" in command or "prepared.py" in command
            if int(state[1]) == session and is_one:
                found.append(process)
    return found


@contextlib.contextmanager
def kills_for_memory(mode):
    """Keep tests apart that kill for want of memory, and that kill otherwise and look for reasons.

    The system counts the kills for want of memory, but does not say which ones they were.

    Args:
        mode: ``fcntl.LOCK_EX`` for the former, ``fcntl.LOCK_SH`` for the latter.
    """
    folder = tempfile.gettempdir()
    lock = os.open(folder, os.O_RDONLY)  # a file in it could be opened by its own user alone
    try:
        deadline = time.monotonic() + 550  # longer than one may hold it
        while True:
            try:
                fcntl.flock(lock, mode | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                assert time.monotonic() < deadline, f"{folder} is held by another test"
                time.sleep(0.05)
        yield
    finally:
        os.close(lock)


def kill_all(session):
    """Kill the processes of a session at once."""
    for process in processes(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def comes(condition, seconds=60):
    """Wait until a condition holds; return whether it does after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return holds


def gone(session):
    """Wait until no process of a session is left; return those that are there nevertheless."""
    for _ in range(200):
        if not processes(session):
            return []
        time.sleep(0.1)
    return processes(session)
