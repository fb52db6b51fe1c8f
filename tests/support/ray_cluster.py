"""A Ray cluster of machines that are all this one: each ``ray start`` a node with one core."""

import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ports import free_port
from workplace import kill_all, processes

SMALL = ("--num-cpus=1", "--object-store-memory=80000000", "--block")


class RayCluster:
    """Nodes that know each other by a token.

    Attributes:
        address: of its head.
        environment: what a program needs to be let in.
    """

    def __init__(self, environment):
        """Take the variables that its nodes have; start nothing."""
        self._folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))  # sockets need short names
        self._nodes = []
        token = self._folder / "token"
        token.write_text(secrets.token_hex(32))
        token.chmod(0o600)
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_TMPDIR": str(self._folder),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._variables = {**environment, **self.environment}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for node in reversed(self._nodes):
            self.kill(node)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start_head(self):
        """Start the first node; wait until it answers."""
        port = self.address.rpartition(":")[2]
        options = ("--head", f"--port={port}", "--include-dashboard=false", *SMALL)
        return self._start(*options, f"--temp-dir={self._folder}")

    def start_node(self):
        """Start one more; wait until it answers."""
        return self._start(f"--address={self.address}", *SMALL)

    def _start(self, *options):
        log = self._folder / f"node-{len(self._nodes)}.log"
        with log.open("w") as stream:
            node = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", *options],
                env=self._variables,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._nodes.append(node)
        for _ in range(2400):
            assert node.poll() is None, log.read_text()
            if "Ray runtime started" in log.read_text():
                return node
            time.sleep(0.1)
        raise TimeoutError(log.read_text())

    def kill(self, node):
        """Kill all processes of a node at once, as if its machine had lost its power."""
        deadline = time.monotonic() + 60
        while found := processes(node.pid):
            assert time.monotonic() < deadline, f"killed, and still there: {found}"
            kill_all(node.pid)
        node.wait(60)
