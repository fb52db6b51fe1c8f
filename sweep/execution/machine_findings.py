"""Whether this machine can train: Python, MXNet, processor, cores, memory, disk, locks."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path

from sweep.data.decoded.free_memory import free_bytes
from sweep.environment import environment
from sweep.errors import UserError
from sweep.execution.findings import Finding
from sweep.files import obstacle
from sweep.optional import installing
from sweep.runs.locks import RunLocks

LOADING_SECONDS = 300  # a machine may be busy
LIBRARIES = {"gomp": "libgomp1", "quadmath": "libquadmath0"}  # and their packages, as Debian has it
LEAST_MEMORY, LEAST_DISK = 1 << 30, 1 << 30  # bytes; a run takes some 400 MiB, and a model more
GIB = 2**30

# In a process of its own: this one must never hold a GPU, and MXNet may bring its process down.
LOAD = """
import sys
import numpy
from sweep.errors import UserError
try:
    from sweep.backend.mxnet import mx, nd
    from sweep.carried.mxnet_import import _lent
except (UserError, ImportError) as error:
    sys.exit(str(error))
assert float(nd.ones((2, 2)).sum().asscalar()) == 4
print(f"{mx.__version__} computes, with NumPy {numpy.__version__}, to which {len(_lent)} names "
      f"are lent meanwhile; it sees {mx.context.num_gpus()} GPUs")
"""


def machine_findings() -> Iterator[Finding]:
    """Yield what was found, one thing after another."""
    yield Finding("Python", "ok", f"{platform.python_version()}, {sys.executable}")
    mxnet = _mxnet()
    yield mxnet
    yield _libraries(mxnet.state == "ok")
    yield Finding("processor", "ok", f"{environment()['processor']}, {platform.machine()}")
    yield _cores()
    yield _memory()
    yield _disk()
    yield _locks()


def _mxnet() -> Finding:
    command = [sys.executable, "-c", LOAD]
    paths = [each for each in sys.path if each]
    surroundings = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(paths)}
    try:
        done = subprocess.run(
            command, env=surroundings, capture_output=True, text=True, timeout=LOADING_SECONDS
        )
    except subprocess.TimeoutExpired:
        advice = f"look at what else runs here; or install it again: {installing()} mxnet==1.9.1"
        return Finding("MXNet", "wrong", f"not loaded after {LOADING_SECONDS} seconds", advice)
    if done.returncode == 0:
        return Finding("MXNet", "ok", done.stdout.strip())
    said = (done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"])[-1]
    found, separator, rest = said.partition(f": {installing()} ")
    advice = (
        f"{installing()} {rest}" if separator else "install what is missing, or see where it runs"
    )
    return Finding("MXNet", "wrong", found, advice)


def _libraries(is_loaded: bool) -> Finding:
    """Return whether the system's libraries are there that MXNet needs; who has loaded it has."""
    missing = [name for name in LIBRARIES if not is_loaded and find_library(name) is None]
    if missing:
        packages = " ".join(LIBRARIES[name] for name in missing)
        found = f"{' and '.join(f'lib{name}' for name in missing)} not found"
        advice = f"on Debian and Ubuntu: apt-get install {packages}"
        return Finding("libgomp, libquadmath", "wrong", found, advice)
    return Finding("libgomp, libquadmath", "ok", "there")


def _cores() -> Finding:
    import joblib  # takes its time, which no other command has to wait for

    usable, all_cores = joblib.cpu_count(), os.cpu_count() or 1
    found = f"{usable} for runs, of {all_cores}"
    if usable < all_cores:
        advice = "the others are kept from this process by its affinity or its control group"
        return Finding("cores", "note", found, advice)
    return Finding("cores", "ok", found)


def _memory() -> Finding:
    try:
        free = free_bytes()
    except OSError as error:  # not Linux
        return Finding("memory", "note", f"not known: {error.strerror}")
    found = f"{free / GIB:.1f} GiB free, with what its control group allows"
    if free < LEAST_MEMORY:
        return Finding("memory", "wrong", found, "end other programs, or set n_jobs=1")
    return Finding("memory", "ok", found)


def _disk() -> Finding:
    here = Path.cwd()
    if why := obstacle(here / "mlflow.db"):
        advice = "give the commands in a folder that can be written"
        return Finding("disk", "wrong", f"this folder cannot be written: {why}", advice)
    free = shutil.disk_usage(here).free
    found = f"{free / GIB:.1f} GiB free in {here}"
    if free < LEAST_DISK:
        return Finding("disk", "wrong", found, "make room; sweep tidy shows what can go")
    return Finding("disk", "ok", found)


def _locks() -> Finding:
    """Return whether this folder's file system has locks that keep a second process out."""
    try:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".sweep-doctor-") as folder:
            locks, others = (RunLocks(Path(folder)) for _ in range(2))
            with locks.hold("0" * 16, waiting=lambda: None):
                keeps_out = others.is_held("0" * 16)
    except (UserError, OSError) as error:
        advice = "give the commands, or checkpoint_dir, in a folder on another file system"
        return Finding("locks", "wrong", str(error), advice)
    if not keeps_out:
        advice = "set checkpoint_dir to a folder on another file system"
        return Finding("locks", "wrong", "a lock that is held was taken again", advice)
    return Finding("locks", "ok", "this file system has them, and they hold")
