"""Several processes on a machine that has no images: one fetches and decodes, the others wait."""

import collections
import gzip
import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from prepared import Command

from sweep.data.published.download import gluon_cache
from sweep.data.published.sets import PUBLISHED

# Publishes the files described in a JSON file as mnist, and loads them; says how often it decoded.
LOADER = """
import json, sys
from pathlib import Path
from sweep.config.compose import load
from sweep.data.published import copies as data
from sweep.data.published import download
from sweep.data.published.sets import PUBLISHED, IdxFile, PublishedSet
from sweep.data.splits import load_dataset

files = tuple(IdxFile(*each) for each in json.loads(Path("published.json").read_text()))
PUBLISHED["mnist"] = PublishedSet("mnist", files, Path("system"), "MNIST")
download.TIMEOUT_SECONDS = 120  # the mirror waits for processes that start
decoded, read = [], data.read_verified
data.read_verified = lambda *arguments: decoded.append(1) or read(*arguments)
mirrors = f"dataset.mirrors=[{sys.argv[1]}]"
config = load("dataset=mnist", "dataset.val_size=4", "batch_size=1", mirrors)
print("begins", flush=True)
dataset = load_dataset(config.dataset)
print(len(decoded), dataset.train.images.sum(), dataset.test.labels.sum())
"""
FILES = PUBLISHED["mnist"].files
WAITS = ": another program prepares it; waiting for that"


@pytest.fixture
def published():
    """Publish a tiny dataset as mnist; give its gzipped files, {path: content}."""
    random = np.random.RandomState(0)
    files, served = [], {}
    for shape, real in zip([(12, 28, 28), (12,), (5, 28, 28), (5,)], FILES, strict=True):
        sizes = b"".join(size.to_bytes(4, "big") for size in shape)
        values = random.randint(0, 10, shape).astype(np.uint8)
        content = bytes([0, 0, 8, len(shape)]) + sizes + values.tobytes()
        packed = served[f"/{real.name}.gz"] = gzip.compress(content)
        sums = hashlib.sha256(content).hexdigest(), hashlib.md5(packed).hexdigest()
        files.append((real.name, len(content), *sums))
    Path("published.json").write_text(json.dumps(files))
    return served


@pytest.fixture
def mirror(published, monkeypatch):
    """Serve the files slowly on loopback, the first half, then the rest when ``go_on`` is set."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.requests[self.path] += 1
            body = published[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            server.began.set()
            server.go_on.wait(60)
            time.sleep(0.2)
            self.wfile.write(body[len(body) // 2 :])

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.handle_error = lambda *_: None  # the other side was killed
        server.requests = collections.Counter()
        server.began, server.go_on = threading.Event(), threading.Event()
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def start(mirror):
    """Start a process that loads the images, and wait until it begins to."""
    Path("loader.py").write_text(LOADER)
    process = Command(
        [sys.executable, "-m", "loader", mirror.url],
        cwd=Path.cwd(),
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begins\n", process.stderr.read()
    return process


def end(process):
    """Return how often it decoded, and what it loaded."""
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    (line,) = (line for line in output.splitlines() if WAITS not in line)
    decoded, *loaded = line.split()
    return int(decoded), loaded


def test_each_file_is_fetched_and_decoded_once(mirror, published):
    processes = [start(mirror) for _ in range(4)]
    mirror.go_on.set()
    ends = [end(process) for process in processes]
    assert mirror.requests == dict.fromkeys(published, 1)
    assert sum(decoded for decoded, _ in ends) == len(published)
    assert len({tuple(loaded) for _, loaded in ends}) == 1
    assert {path.name for path in (gluon_cache() / "mnist").iterdir()} == {
        path.lstrip("/") for path in published
    }


def test_when_one_is_killed_while_it_fetches_the_next_does(mirror, published):
    first = start(mirror)
    assert mirror.began.wait(60)
    second = start(mirror)
    assert second.stdout.readline() == f"{FILES[0].name}{WAITS}\n"
    assert sum(mirror.requests.values()) == 1
    os.kill(first.pid, signal.SIGKILL)
    mirror.go_on.set()
    decoded, _ = end(second)
    first.communicate(timeout=60)
    assert decoded == len(published)
    again, *others = published
    assert mirror.requests == {again: 2, **dict.fromkeys(others, 1)}


def test_a_folder_without_locks_is_used_all_the_same(mirror, published):
    gluon_cache().mkdir(parents=True)
    (gluon_cache() / "locks").write_text("no folder")
    mirror.go_on.set()
    decoded, _ = end(start(mirror))
    assert decoded == len(published)
    assert mirror.requests == dict.fromkeys(published, 1)
