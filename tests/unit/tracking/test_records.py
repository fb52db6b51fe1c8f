"""A database that is read directly says what MLflow's client says of it."""

import ast
import importlib
import re
import sqlite3
from pathlib import Path

import pytest
from fake_runs import FakeRun, fill
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST
from mlflow.store.db.utils import _get_latest_schema_revision
from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
from mlflow.utils import mlflow_tags
from record import new_record

from sweep import tracking
from sweep.errors import UserError
from sweep.tracking import Tracker, database, details, names, read_record, records, run_info
from sweep.tracking.database import DatabaseRecords, can_be_read
from sweep.tracking.records import ALL, ClientRecords, Where, records_of

NAME = "mlflow.runName"
SIMILAR = ["'\"%", "'\"_", "'\"a", '_"%', "'\"\\"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    uri = new_record(tmp_path_factory.mktemp("record"))
    runs = [
        FakeRun(
            params={"optim.lr": f"0.{number}", "a name with `": "a value with ' and \""},
            curves={"val/loss": [2.0, 1.0 + number]},
            name=f"run {number}",
            tags={"fingerprint": f"a{number % 2}", "ünicode": "ß", NAME: f"run {number}"},
            start_seconds=number // 3,  # several began at the same time
        )
        for number in range(7)
    ]
    runs += [
        FakeRun(
            name="it's", tags={NAME: "it's"}, status="FAILED", once={"val/loss": (1, float("inf"))}
        ),
        FakeRun(name='"quoted"', tags={NAME: '"quoted"'}, status="KILLED"),
        FakeRun(name="bare", status="RUNNING"),
        *(FakeRun(name=each, tags={NAME: each, "study": each}) for each in SIMILAR),
    ]
    ids, _ = fill(uri, "sweep", runs, sweep="parent")
    client = MlflowClient(uri)
    client.log_metric(ids[0], "val/accuracy", float("nan"))
    client.set_experiment_tag(client.get_experiment_by_name("sweep").experiment_id, "a", "b")
    client.delete_run(ids[6])
    fill(uri, "elsewhere", [FakeRun(name="run 1", tags={NAME: "run 1"})])
    gone = client.create_experiment("gone")
    client.create_run(gone, run_name="of what is gone")
    client.delete_experiment(gone)
    return uri


@pytest.fixture(scope="module")
def both(uri):
    return DatabaseRecords(uri), ClientRecords(MlflowClient(uri))


def in_order(runs):
    """All that is known of runs, and the order in which it comes: tables have columns by it."""
    kinds = ("params", "metrics", "tags")
    return [
        {key: repr([*value.items()]) if key in kinds else value for key, value in vars(run).items()}
        for run in runs
    ]


def test_experiments(both):
    ours, mlflows = both
    by_name = [sorted(each.experiments(), key=lambda known: known.name) for each in both]
    assert by_name[0] == by_name[1]
    assert [each.name for each in by_name[0]] == ["Default", "elsewhere", "sweep"]
    for name in ("sweep", "gone", "nothing"):
        assert ours.experiment(name) == mlflows.experiment(name)
    assert ours.experiment("sweep").tags == {"a": "b"}
    assert ours.experiment("gone").is_deleted


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (ALL, 16),
        *((Where(name=each), 1) for each in SIMILAR),
        *((Where(tag=("study", each)), 1) for each in SIMILAR),
        (Where(tag=("fingerprint", "a1")), 3),
        (Where(tag=("fingerprint", "A1")), 0),
        (Where(status="RUNNING"), 1),
        (Where(name="run 1"), 2),
        (Where(name="it's"), 1),
        (Where(name='"quoted"'), 1),
        (Where(name="bar"), 0),
        (Where(run_ids=[]), 0),
        (Where(run_ids=["0" * 32]), 0),
        (Where(begins="00000000"), 15),
        (Where(tag=("sweep.kind", "sweep"), status="FINISHED"), 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("at_once", [500, 3])
def test_runs(both, monkeypatch, where, count, at_once):
    ours, mlflows = both
    monkeypatch.setattr(database, "VALUES_AT_ONCE", at_once)
    numbers = [each.experiment_id for each in ours.experiments()]
    found = in_order(ours.runs(numbers, where))
    assert found == in_order(mlflows.runs(numbers, where))
    assert len(found) == count


def test_runs_by_their_ids(both):
    ours, mlflows = both
    number = [ours.experiment("sweep").experiment_id]
    ids = [run.run_id for run in ours.runs(number, ALL)][2:5]
    assert [run.run_id for run in ours.runs(number, Where(run_ids=ids))] == ids
    assert [run.run_id for run in mlflows.runs(number, Where(run_ids=ids))] == ids


@pytest.mark.parametrize("most", [1, 4, 9])
def test_no_more_runs_than_are_wanted_are_asked_for(both, monkeypatch, most):
    ours, mlflows = both
    numbers = [each.experiment_id for each in ours.experiments()]
    every = in_order(ours.runs(numbers, ALL))
    assert in_order(ours.runs(numbers, ALL, most=most)) == every[:most]
    asked = []
    search_runs = MlflowClient.search_runs

    def noted(client, *args, max_results, **options):
        asked.append(max_results)
        return search_runs(client, *args, max_results=max_results, **options)

    monkeypatch.setattr(MlflowClient, "search_runs", noted)
    monkeypatch.setattr(run_info, "RUNS_A_PAGE", 4)
    assert in_order(mlflows.runs(numbers, ALL, most=most)) == every[:most]
    assert asked == {1: [1], 4: [4], 9: [4, 4, 4]}[most]


def test_what_is_no_number_and_what_is_too_large(both):
    ours, _ = both
    runs = [*ours.runs([ours.experiment("sweep").experiment_id], ALL)]
    (nan,) = (run.metrics["val/accuracy"] for run in runs if "val/accuracy" in run.metrics)
    (large,) = (run.metrics["val/loss"] for run in runs if run.name == "it's")
    assert nan != nan and large == float("inf")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE alembic_version SET version_num = 'another'",
        "DROP TABLE alembic_version",
        "UPDATE experiments SET workspace = 'a team'",
    ],
)
def test_a_database_of_another_kind_is_mlflows_to_read(tmp_path, change):
    uri = new_record(tmp_path)
    assert isinstance(records_of(uri), DatabaseRecords)
    with sqlite3.connect(tmp_path / "mlflow.db") as changed:
        changed.execute(change)
    changed.close()
    assert not can_be_read(uri)


def test_of_a_workspace_that_was_chosen_nothing_else_is_shown(tmp_path, monkeypatch):
    uri = new_record(tmp_path)
    with sqlite3.connect(tmp_path / "mlflow.db") as changed:
        changed.execute(
            "INSERT INTO experiments (name, artifact_location, lifecycle_stage, workspace)"
            "VALUES ('theirs', '/theirs', 'active', 'team')"
        )
        changed.execute(
            "INSERT INTO runs (run_uuid, name, status, start_time, lifecycle_stage, experiment_id)"
            "SELECT 'a', 'not theirs', 'FAILED', 1, 'active', min(experiment_id) FROM experiments"
        )
    changed.close()
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
    monkeypatch.setenv("MLFLOW_WORKSPACE", "team")
    assert [each.name for each in records_of(uri).experiments()] == ["theirs"]
    assert tracking.read_entries(uri, []) == []


@pytest.mark.parametrize(
    ("value", "ours"), [("true", False), ("1", False), ("on", False), ("False", True), ("0", True)]
)
def test_where_workspaces_are_enabled_all_is_mlflows_to_read(uri, monkeypatch, value, ours):
    monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", value)
    assert can_be_read(uri) is ours


def test_what_is_no_database_is_mlflows_to_read(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("sweep.tracking.mlflow_import.client_of", asked.append)
    (tmp_path / "text.db").write_text("no database, but long enough to have a header " * 9)
    for uri in (
        "http://127.0.0.1:1",
        f"sqlite:///{tmp_path}/text.db",
        f"sqlite:///{tmp_path}",
        "postgresql://127.0.0.1:port/no_number",
    ):
        assert isinstance(records_of(uri), ClientRecords)
        assert asked.pop() == uri


def test_a_database_is_read_without_mlflow(uri, monkeypatch):
    monkeypatch.setattr(records, "ClientRecords", None)
    monkeypatch.setattr("sweep.tracking.connection.client_of", None)
    assert len(tracking.read_runs(uri, "sweep", None)) == 14
    assert tracking.find_sweep_id(uri, "parent") == tracking.newest_sweep_id(uri, "sweep")


def test_names_are_those_of_mlflow():
    for name in (each for each in vars(names) if re.match("MLFLOW_(?!OWN)", each)):
        assert getattr(names, name) == getattr(mlflow_tags, name)
    assert Path(DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH).name == names.ARTIFACTS
    assert _get_latest_schema_revision() == names.SCHEMA


# --- how the package is imported ---

FOLDER = Path(tracking.__file__).parent


def test_what_the_package_gives_is_there():
    for name in tracking.__all__:
        assert getattr(tracking, name) is not None
    with pytest.raises(AttributeError, match="No sweep.tracking attribute nothing"):
        importlib.import_module("sweep.tracking").nothing  # noqa: B018


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_mlflow_is_imported_at_once_only_after_it_is_made_quiet(file):
    imported = []
    for each in ast.parse(file.read_text()).body:
        if isinstance(each, ast.Import):
            imported += [alias.name for alias in each.names]
        elif isinstance(each, ast.ImportFrom):
            imported.append(each.module)
    mlflows = [each for each in imported if each.partition(".")[0] == "mlflow"]
    assert not mlflows or imported[0] == "sweep.tracking.mlflow_loaded"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (("not here", RESOURCE_DOES_NOT_EXIST), "a is neither a run nor a sweep"),
        (("Permission denied", PERMISSION_DENIED), "the server refuses this"),
    ],
)
def test_a_run_that_may_not_be_read_is_not_said_to_be_missing(tmp_path, monkeypatch, error, said):
    def refuse(self, run_id):
        raise MlflowException(*error)

    monkeypatch.setattr(MlflowClient, "get_run", refuse)
    monkeypatch.setattr(details, "whole_id", lambda uri, given: given)
    with pytest.raises(UserError) as refusal:
        details.read_details(new_record(tmp_path), "a")
    assert said in str(refusal.value)


@pytest.mark.parametrize("damage", [b"a: [", b"\xff\xfe\xfa", b"5", b"a: 2026-13-40", b"!!bool x"])
def test_a_damaged_description_of_a_run_is_named(tmp_path, damage):
    tracker = Tracker(new_record(tmp_path), "Default")
    with tracker.open_run("run", {}, {}, None) as record:
        record.log_text("seed: 0", "config.yaml")
        record.log_text("python: '3'", "environment.yaml")
    tracker.artifact_file(record.run_id, "environment.yaml").write_bytes(damage)
    with pytest.raises(UserError) as refusal:
        read_record(tracker.uri, record.run_id)
    assert str(refusal.value) == (
        f"run {record.run_id}: its config.yaml or environment.yaml is damaged, so it cannot be "
        "trained again"
    )
