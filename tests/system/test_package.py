"""What ``import sweep`` gives, and what it leaves alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# Prints what a process has after each step that a notebook takes, and what that changed.
NOTEBOOK = """
import json, logging, os, signal, sys

def surroundings():
    return {
        "environment": dict(os.environ),
        "signals": {each.name: str(signal.getsignal(each)) for each in signal.valid_signals()
                    if isinstance(each, signal.Signals)},
        "unraisable": str(sys.unraisablehook),
        "stdout": str(sys.stdout),
        "root": [logging.getLogger().level, *map(str, logging.getLogger().handlers)],
        "sweep": logging.getLogger("sweep").level,
        "folder": os.getcwd(),
    }

before = surroundings()
"""
END = """
after = surroundings()
changed = {key: [before[key], after[key]] for key in before if before[key] != after[key]}
print("@" + json.dumps({"changed": changed, "modules": sorted(sys.modules), **shown}))
"""


def in_a_notebook(steps):
    """Take steps in a process in which nothing is imported yet; return what it found."""
    done = subprocess.run(
        [sys.executable, "-c", f"{NOTEBOOK}\nshown = {{}}\n{steps}\n{END}"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *printed, found = done.stdout.splitlines()
    return printed, json.loads(found.removeprefix("@"))


HEAVY = {"pandas", "mlflow", "matplotlib", "sklearn", "jinja2", "mxnet", "numpy", "hydra", "click"}


def test_importing_the_package_imports_and_changes_nothing():
    _, found = in_a_notebook("import sweep; sweep.__version__; sweep.__all__")
    assert not HEAVY & {*found["modules"]}
    assert found["changed"] == {}


def test_modules_keep_their_names():
    steps = """
import pickle
import sweep.leaderboard, sweep.report
from sweep import load_curves, load_leaderboard, train
import sweep.results.leaderboard, sweep.results.curves
assert sweep.leaderboard is sys.modules["sweep.leaderboard"]
assert sweep.load_leaderboard is load_leaderboard is sweep.results.leaderboard.load_leaderboard
assert load_curves is sweep.results.curves.load_curves
assert pickle.loads(pickle.dumps(load_leaderboard)) is load_leaderboard
assert not hasattr(sweep, "curves")
shown = {"names": [each.__name__ for each in (load_curves, load_leaderboard, train)]}
"""
    _, found = in_a_notebook(steps)
    assert found["names"] == ["load_curves", "load_leaderboard", "train"]
    assert "mxnet" not in found["modules"]


TRAIN = """
from hydra import initialize
from hydra.core.global_hydra import GlobalHydra

from sweep import load_curves, load_leaderboard, train
from sweep.errors import RunFailed, UserError

SMALL = ("model.hidden=[8]", "epochs=1", "context=cpu", "figures=false")
with initialize(config_path=None, version_base="1.3"):
    table = train(*SMALL, "optim.lr=0.1,0.2", experiment="it's mine", tracking_uri="sqlite:///a.db")
    one = train(*SMALL, "optim.lr=0.2", "tracking.experiment='it\\\\'s mine'",
                "tracking.uri='sqlite:///a.db'", "monitor=val/loss")
    assert GlobalHydra.instance().is_initialized()
shown["rows"] = sorted(table["optim.lr"])
shown["columns"] = list(table)
shown["one"] = len(one)
shown["all"] = len(load_leaderboard("it's mine", tracking_uri="sqlite:///a.db"))
shown["curves"] = len(load_curves("it's mine", tracking_uri="sqlite:///a.db"))
for key, override in {"wrong": "optim.lr=-1", "failed": "optim.wd=1e30"}.items():
    try:
        train(*SMALL, override)
    except (RunFailed, UserError) as error:
        shown[key] = [type(error).__name__, str(error)]
"""


def test_a_sweep_from_python():
    printed, found = in_a_notebook(TRAIN)
    assert found["rows"] == [0.1, 0.2]
    assert {"rank", "run", "val/accuracy", "run_id"} <= {*found["columns"]}
    assert (found["one"], found["all"], found["curves"]) == (1, 3, 3)
    kind, message = found["wrong"]
    assert kind == "UserError"
    assert message.startswith(
        "optim.lr=-1: allowed is a finite number above 0\n(in the combination"
    )
    assert found["failed"] == ["RunFailed", "1 of 1 runs failed"]
    assert [line for line in printed if line.startswith("2 runs")]
    assert found["changed"] == {}
    assert "mxnet" not in found["modules"]
    assert Path("a.db").is_file()


INTERRUPTED = """
import threading
from sweep import train

def interrupt_at_the_second_epoch():
    while "epoch 2/" not in out.getvalue():
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)

import io, time
from contextlib import redirect_stdout
out = io.StringIO()
threading.Thread(target=interrupt_at_the_second_epoch, daemon=True).start()
with redirect_stdout(out):
    try:
        train("model.hidden=[8]", "epochs=90000", "context=cpu", "figures=false")
    except KeyboardInterrupt:
        shown["interrupted"] = True
from mlflow import MlflowClient
runs = MlflowClient("sqlite:///mlflow.db").search_runs(["1"])
shown["status"] = sorted(run.info.status for run in runs)
"""


def test_an_interrupt_stops_the_sweep():
    _, found = in_a_notebook(INTERRUPTED)
    assert found["interrupted"]
    assert found["status"] == ["KILLED", "KILLED"]


@pytest.mark.parametrize(
    "module", ["sweep.leaderboard", pytest.param("sweep.predict", marks=pytest.mark.nightly)]
)
def test_modules_run_as_programs(module):
    # A module that its package has imported already would be run twice, with a RuntimeWarning.
    command = [sys.executable, "-W", "error::RuntimeWarning", "-m", module, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: python -m {module} ")


def test_what_draws_is_not_imported_before_a_sweep_has_ended():
    _, found = in_a_notebook("import sweep.__main__, sweep.commands.train, sweep.sweeps")
    assert not {"matplotlib", "sklearn", "jinja2", "click"} & {*found["modules"]}


def test_what_draws_is_not_imported_in_the_process_of_a_run():
    modules = "sweep.execution.local.preload, sweep.execution.worker"
    _, found = in_a_notebook(f"os.environ['OMP_NUM_THREADS'] = '1'\nimport {modules}")
    # MXNet itself imports a little of scikit-learn.
    assert not {"matplotlib", "sklearn.ensemble", "sweep.reporting"} & {*found["modules"]}


def test_drawing_keeps_no_state_and_says_nothing():
    code = "import sys, sweep.runs.drawing; print('matplotlib.pyplot' in sys.modules)"
    environment = {**os.environ, "HOME": "/dev/null"}  # no folder for matplotlib's list of fonts
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert (done.stdout, done.stderr) == (b"False\n", b"")
