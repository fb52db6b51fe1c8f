"""What importing the package for reading results leaves as it was; each in a process of its own."""

import json
import subprocess
import sys

import pytest
from fake_runs import FakeRun, fill
from record import new_record

LOOK = """
import atexit, faulthandler, gc, json, logging, os, signal, sys

at_exit, register = [], atexit.register
def noted(function, *args, **kwargs):
    at_exit.append(str(function))
    return register(function, *args, **kwargs)
atexit.register = noted

def look():
    names = ["", "mlflow", "mlflow.store.db.utils", "alembic", "sweep", "matplotlib"]
    return {
        "variables": dict(os.environ),
        "levels": {name: logging.getLogger(name).level for name in names},
        "at exit": [each for each in at_exit if "gc" in each or "sweep" in each],
        "frozen": gc.get_freeze_count(),
        "signals": [str(signal.getsignal(each)) for each in signal.valid_signals()],
        "crashes": faulthandler.is_enabled(),
        "hooks": [str(sys.excepthook), str(sys.unraisablehook)],
    }
"""


def in_a_process(code, **variables):
    done = subprocess.run(
        [sys.executable, "-c", LOOK + code],
        env={"PATH": "", "PYTHONPATH": ":".join(sys.path), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_importing_what_reads_results_changes_nothing_and_loads_no_mxnet():
    # What MLflow and matplotlib do to the process is their own, and comes first.
    before, after, mxnet = in_a_process(
        """
import matplotlib.figure, mlflow
before = look()
import sweep.results.curves, sweep.results.leaderboard, sweep.results.results
import sweep.reporting.page
print(json.dumps([before, look(), "mxnet" in sys.modules]))
""",
        MLFLOW_DISABLE_TELEMETRY="true",
    )
    assert after == before
    assert not mxnet


@pytest.mark.parametrize(
    ("given", "reports"),
    [
        (None, False),
        pytest.param("true", False, marks=pytest.mark.nightly),
        ("false", True),
    ],
)
def test_telemetry_is_off_unless_the_user_wants_it(given, reports):
    variables = {} if given is None else {"MLFLOW_DISABLE_TELEMETRY": given}
    client, now = in_a_process(
        """
from sweep.tracking import Record
from mlflow.telemetry import client
client.TelemetryClient._fetch_config = lambda self: None
print(json.dumps([client.get_telemetry_client() is not None,
                  os.environ.get("MLFLOW_DISABLE_TELEMETRY")]))
os._exit(0) if not sys.stdout.flush() else None
""",
        **variables,
    )
    assert client is reports
    assert now == given


def test_in_a_notebook_what_others_do_with_mlflow_is_reported_and_what_we_do_is_not(tmp_path):
    uri = new_record(tmp_path)
    fill(uri, "sweep", [FakeRun(once={"val/accuracy": (1, 0.5)})])
    ours, all_of_it = in_a_process(
        f"""
from sweep import load_curves, load_leaderboard
import mlflow
from mlflow.telemetry.client import TelemetryClient
reported = []
TelemetryClient.add_record = lambda self, record: reported.append(record.event_name)
import sweep.tracking.database
sweep.tracking.database.can_be_read = lambda uri: False  # then MLflow is asked
assert len(load_leaderboard(tracking_uri="{uri}")) == 1
assert not load_curves(tracking_uri="{uri}").empty
ours = [*reported]
mlflow.MlflowClient("{uri}").create_experiment("theirs")
print(json.dumps([ours, reported]))
os._exit(0) if not sys.stdout.flush() else None
"""
    )
    assert (ours, all_of_it) == ([], ["create_experiment"])


def test_a_program_of_our_own_keeps_mlflow_quiet():
    now = in_a_process(
        """
from sweep.tracking import prepare_mlflow
prepare_mlflow()
from sweep.tracking import Record  # which imports MLflow
print(json.dumps(look()))
""",
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT="false",
    )
    assert now["variables"]["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert now["variables"]["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] == "false"
    assert now["variables"]["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] == "false"  # as it was set
    assert (now["levels"]["mlflow"], now["levels"]["mlflow.store.db.utils"]) == (30, 50)


def test_the_leaderboard_of_a_database_is_read_without_mlflow(tmp_path):
    uri = new_record(tmp_path)
    runs = [FakeRun(params={"optim.lr": "0.1"}, once={"val/accuracy": (1, 0.5)})]
    fill(uri, "another", runs, "optim.lr=0.1")
    imported = in_a_process(
        f"""
from sweep.results.leaderboard import load_leaderboard
table = load_leaderboard(sweep="optim.lr=0.1", tracking_uri="{uri}")
heavy = ["mlflow", "mxnet", "matplotlib"]
print(json.dumps([len(table), [each for each in heavy if each in sys.modules]]))
"""
    )
    assert imported == [1, []]
