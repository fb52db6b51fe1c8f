import faulthandler
import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import hypothesis  # noqa: F401 - pytest imports it in the end, when what is frozen looks lost to it
import kept_configs
import pytest
import record
from prepared import Command

# MXNet reads its number of threads once, when it is loaded.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
# A shell's background jobs ignore Ctrl-C, and what they start does so too.
signal.signal(signal.SIGINT, signal.default_int_handler)
# What is loaded stays, and a collection that goes through all of it takes half a second.
gc.set_threshold(10_000, 20, 100)
kept_configs.keep()

EXIT_SECONDS = 120  # for a worker of xdist to end
NEXT_TO_THE_PROJECT = Path(__file__).parents[2] / "shared" / "datasets"
PUBLISHED = Path(os.environ.get("SWEEP_TEST_DATASETS") or NEXT_TO_THE_PROJECT)


LONGEST = ("ray", "searches", "submitit", "slurm", "cli", "dead_workers", "report", "browser")
LONGEST += ("crash_points", "bad_input", "tracking_faults", "paused_searches", "own_networks")
LONGEST += ("same_bits", "faults", "control", "two_sweeps", "own_images", "disks", "server")
LONGEST += ("tracking", "outside", "launcher", "watch", "probe", "bundles", "notebook", "package")


def pytest_collection_modifyitems(items):
    """The modules that take longest begin, so that what is left at the end is short."""
    first = [f"test_{name}" for name in LONGEST]

    def place(item):
        name = item.path.stem
        return first.index(name) if name in first else len(first)

    items.sort(key=place)


def pytest_collection_finish():
    """Let no collection of garbage go through what was imported for the tests: it stays."""
    gc.freeze()


def pytest_unconfigure(config):
    """End a worker that hangs after its last test, when no other limit holds."""
    if hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(EXIT_SECONDS, exit=True, file=sys.__stderr__)


@pytest.fixture(scope="session", autouse=True)
def _outside_the_checkout(tmp_path_factory):
    """Fixtures of modules work in an empty folder too, so that nothing lands in the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_empty_record(tmp_path_factory):
    """All processes of a session copy the same empty record."""
    folder = tmp_path_factory.getbasetemp()
    record.keep_template_in(folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder)


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path, monkeypatch):
    """Every test works in an empty folder, with an empty Gluon cache and no tracking address.

    What it sets for the whole process, or MLflow does as it loads a model, ends with it.
    """
    monkeypatch.chdir(tmp_path)
    threshold = gc.get_threshold()
    with patch.dict(os.environ), patch.object(sys, "path", sys.path[:]):
        os.environ["MXNET_HOME"] = str(tmp_path / "mxnet_home")
        for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            os.environ.pop(name, None)
        yield
        gc.set_threshold(*threshold)
        if mlflow := sys.modules.get("mlflow"):
            mlflow.set_tracking_uri(None)
            mlflow.set_registry_uri(None)
        if prepared := sys.modules.get("sweep.tracking.mlflow_import"):
            prepared.prepare_mlflow.cache_clear()  # the next test that needs it quiet makes it so


@pytest.fixture
def sweep_command():
    """Run ``python -m sweep`` with these arguments in a process of its own."""

    def run(*arguments, module="sweep", timeout=300):
        command, pipe = [sys.executable, "-m", module, *arguments], subprocess.PIPE
        options = {"cwd": Path.cwd(), "env": os.environ, "stdout": pipe, "stderr": pipe}
        with Command(command, **options, text=True) as process:
            try:
                output, errors = process.communicate(timeout=timeout)
            finally:
                process.kill()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)

    return run


@pytest.fixture
def prepared_training(monkeypatch):
    """Let ``sweep.train`` start its commands as the tests' own are started."""
    processes = SimpleNamespace(Popen=Command, PIPE=subprocess.PIPE)
    monkeypatch.setattr("sweep.commands.notebook.subprocess", processes)


@pytest.fixture
def published():
    """Give the folder with the full datasets (mnist/, fashion-mnist/), where there is one."""
    if not PUBLISHED.is_dir():
        pytest.skip(f"the full datasets are not in {PUBLISHED}; SWEEP_TEST_DATASETS names another")
    return PUBLISHED
