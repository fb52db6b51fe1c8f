import math
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_runs import BEGIN, FakeRun, fill
from fake_store import grid
from mlflow import MlflowClient
from mlflow.entities import Metric
from record import new_record

from sweep import load_curves
from sweep.errors import UserError
from sweep.tracking import histories, read_histories

GUIDE = Path(__file__).parents[3] / "docs" / "results.md"


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("curves"))


def logged(client, experiment, *points):
    """Log points (metric, value, epoch, milliseconds) into a new run; return its id."""
    known = client.get_experiment_by_name(experiment)
    number = known.experiment_id if known else client.create_experiment(experiment)
    run_id = client.create_run(number, run_name="by the client").info.run_id
    metrics = [Metric(key, value, BEGIN + time, step) for key, value, step, time in points]
    client.log_batch(run_id, metrics)
    return run_id


@pytest.fixture(scope="module")
def two_by_client(uri):
    """Two runs with all that a history can have: gaps, other orders, NaN, a value logged twice."""
    client = MlflowClient(uri)
    first = logged(
        client,
        "by client",
        *[("val/loss", 0.5, 2, 20), ("val/loss", 0.75, 1, 10), ("val/loss", math.nan, 3, 30)],
        *[("train/loss", 0.25, 1, 10), ("train/loss", 0.125, 1, 40), ("train/loss", 0.0, 1, 20)],
        ("best_epoch", 2.0, 2, 50),
    )
    second = logged(client, "by client", ("val/loss", 1 / 3, 1, 5), ("test/loss", 2.0, 7, 6))
    return first, second


def expected_of(first, second):
    nan = math.nan
    rows = [
        (second, 1, nan, 1 / 3, nan),
        (second, 7, nan, nan, 2.0),
        (first, 1, 0.125, 0.75, nan),
        (first, 2, nan, 0.5, nan),
        (first, 3, nan, nan, nan),
    ]
    return pd.DataFrame(rows, columns=["run_id", "epoch", "train/loss", "val/loss", "test/loss"])


ASKED = ["train/loss", "val/loss", "nothing", "test/loss"]


def test_histories_of_a_database(uri, two_by_client, monkeypatch):
    first, second = two_by_client
    expected = expected_of(first, second)
    found = read_histories(uri, [second, first], ASKED)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    monkeypatch.setattr(histories, "VALUES_AT_ONCE", 1)
    found = read_histories(uri, [second, first], ASKED)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_histories_are_those_that_mlflow_gives(uri, two_by_client):
    first, second = two_by_client
    points = list(histories._from_database(uri, [second, first], ASKED))
    one_by_one = list(histories._one_by_one(uri, [second, first], ASKED))
    assert sorted(map(str, points)) == sorted(map(str, one_by_one))
    assert len(points) == 8


def test_no_runs_and_no_metrics(uri, two_by_client):
    assert read_histories(uri, [], ["val/loss"]).columns.tolist() == ["run_id", "epoch"]
    assert read_histories(uri, list(two_by_client), ["nothing"]).empty


@pytest.fixture(scope="module")
def swept(uri):
    """A sweep of four runs of three epochs, and another with one of two epochs."""
    runs = grid(3, optim__lr=["0.1", "0.2"], model__name=["lenet", "mlp"])
    runs[3].status = "FAILED"
    ids, parent = fill(uri, "swept", runs, sweep="a grid")
    (other,), _ = fill(uri, "swept alone", grid(2, optim__lr=["0.5"]))
    return dict(zip(ids, runs, strict=True)), parent


def test_one_row_a_run_and_epoch(uri, swept):
    runs, parent = swept
    table = load_curves("swept", tracking_uri=uri)
    metrics = ["val/accuracy", "test/accuracy", "val/loss", "test/loss", "train/accuracy"]
    metrics += ["train/loss", "epoch_seconds", "images_per_second"]
    about = ["run_id", "run", "dataset.name", "model.name", "optim.lr", "epoch"]
    assert sorted(table.columns[:5]) == sorted(about[:5])
    assert list(table.columns[5:]) == ["epoch", *metrics]
    assert sorted(table.attrs["parameters"]) == sorted(about[2:5])
    kinds = {str(name): str(kind) for name, kind in table.dtypes.items()}
    numbers = dict.fromkeys([*metrics, "optim.lr"], "float64")
    assert kinds == {**dict.fromkeys(about, "object"), **numbers, "epoch": "int64"}
    assert len(table) == 12
    for run_id, rows in table.groupby("run_id"):
        run = runs[run_id]
        assert list(rows["epoch"]) == [1, 2, 3]
        assert set(rows["model.name"]) == {run.params["model.name"]}
        assert set(rows["optim.lr"]) == {float(run.params["optim.lr"])}
        assert set(rows["run"]) == {run.name}
        for metric, values in run.curves.items():
            assert list(rows[metric]) == values
        best, value = run.once["test/accuracy"]
        assert rows["test/accuracy"].dropna().tolist() == [value]
        assert rows.set_index("epoch")["test/accuracy"][best] == value
    pd.testing.assert_frame_equal(load_curves("swept", parent, uri), table)


def test_one_line_plots_them(uri, swept):
    table = load_curves("swept", tracking_uri=uri)
    axes = table.pivot_table("val/accuracy", "epoch", ["run", "run_id"]).plot()
    assert len(axes.lines) == 4
    drawn = {tuple(line.get_ydata()) for line in axes.lines}
    assert drawn == {tuple(run.curves["val/accuracy"]) for run in swept[0].values()}


@pytest.mark.parametrize("text", [load_curves.__doc__, GUIDE.read_text()])
def test_the_line_that_plots_them_is_told(text):
    assert 'load_curves().pivot_table("val/accuracy", "epoch", ["run", "run_id"]).plot()' in text


def test_two_runs_of_one_name_are_two_curves(uri):
    runs = [FakeRun({}, {"val/accuracy": [value]}, name="seed=0") for value in (0.5, 0.75)]
    ids, _ = fill(uri, "again", runs)
    table = load_curves("again", tracking_uri=uri)
    curves = table.pivot_table("val/accuracy", "epoch", ["run", "run_id"])
    assert curves.columns.to_list() == sorted(("seed=0", run_id) for run_id in ids)
    assert sorted(curves.loc[1]) == [0.5, 0.75]


def test_newest_run_first_and_runs_without_an_epoch_left_out(uri):
    runs = grid(1, optim__lr=["0.1", "0.2", "0.3"])
    runs[1].curves, runs[1].once, runs[1].status = {}, {}, "FAILED"
    fill(uri, "one died", runs)
    table = load_curves("one died", tracking_uri=uri)
    # Two train at once: the third began when one of the first two had ended.
    assert list(table["optim.lr"]) == [0.3, 0.1]


def test_runs_of_which_nothing_is_recorded(uri):
    fill(uri, "nothing yet", [FakeRun({"optim.lr": lr}, status="RUNNING") for lr in ("1", "2")])
    table = load_curves("nothing yet", tracking_uri=uri)
    assert list(table.columns) == ["run_id", "run", "dataset.name", "optim.lr", "epoch"]
    assert table.empty


def test_what_is_not_there(uri, swept, tmp_path):
    with pytest.raises(UserError, match="^experiment nope is not in sqlite:///"):
        load_curves("nope", tracking_uri=uri)
    with pytest.raises(UserError, match="^sweep nope has no runs in experiment swept of sqlite"):
        load_curves("swept", "nope", uri)
    MlflowClient(uri).create_experiment("empty")
    with pytest.raises(UserError, match="^experiment empty has no runs yet$"):
        load_curves("empty", tracking_uri=uri)
    with pytest.raises(UserError, match="^no runs are recorded in sqlite:///mlflow.db: there is"):
        load_curves()
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_database_is_a_sentence(uri, tmp_path):
    (tmp_path / "text.db").write_text("no database")
    with pytest.raises(UserError, match="cannot be used; allowed: the address of an MLflow"):
        read_histories(f"sqlite:///{tmp_path}/text.db", ["a"], ["b"])


def test_the_made_up_store_is_what_the_client_would_write(uri):
    """Bulk insertion must not test a schema of its own."""
    client = MlflowClient(uri)
    run = FakeRun({"optim.lr": "0.1"}, {"val/loss": [0.5, math.nan, 0.25]}, {"best": (2, 1.5)})
    (made,), _ = fill(uri, "made", [run])
    experiment = client.get_experiment_by_name("made").experiment_id
    written = client.create_run(experiment, BEGIN).info.run_id
    client.log_param(written, "optim.lr", "0.1")
    for key, step, value in run.points():
        client.log_metric(written, key, value, BEGIN + 100 * step, step)
    client.set_terminated(written, "FINISHED", BEGIN + 2500)
    rows = {}
    with sqlite3.connect(uri.removeprefix("sqlite:///")) as database:
        for run_id in (made, written):
            for table in ("params", "metrics", "latest_metrics"):
                found = pd.read_sql(f"SELECT * FROM {table} WHERE run_uuid = '{run_id}'", database)
                rows[run_id, table] = found.drop(columns="run_uuid").sort_values(["key", "value"])
    database.close()
    for table in ("params", "metrics", "latest_metrics"):
        one, other = (rows[run_id, table].reset_index(drop=True) for run_id in (made, written))
        pd.testing.assert_frame_equal(one[sorted(one)], other[sorted(one)], check_exact=True)
    one, other = (client.get_run(run_id) for run_id in (made, written))
    assert one.data.params == other.data.params
    assert np.array_equal([*one.data.metrics.values()], [*other.data.metrics.values()], True)
    assert (one.info.status, one.info.end_time) == (other.info.status, other.info.end_time)
