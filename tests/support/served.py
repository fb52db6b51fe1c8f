"""A model behind ``mlflow models serve``."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from ports import free_port


@contextlib.contextmanager
def serving(model, folder, **environment):
    """Serve a model from a folder; give a function that posts, and returns status and text."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager", "local"]
        + ["--model-uri", model, "--host", "127.0.0.1", "--port", str(port)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": "",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
            **environment,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    def post(body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    try:
        deadline = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{model} was not served in 240 seconds") from None
                time.sleep(0.1)
        yield post
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
