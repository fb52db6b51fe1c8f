"""A sweep as plain files: exact, whole or not at all."""

import json
import math

import pandas as pd
import pytest
from store import Store

from sweep.errors import UserError
from sweep.results import folder as written
from sweep.results.folder import export_to_folder

FILES = ["curves.csv", "leaderboard.csv", "runs.csv", "sweep.json"]
THIRD = 1 / 3


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("folder"))


@pytest.fixture(scope="module")
def sweep(store):
    """A sweep of three runs, and a run that is none of it."""
    tags = {"sweep.kind": "sweep", "mlflow.user": "somebody"}
    parent = store.run("sweep", name="optim.lr=0.1,0.2,0.3", **tags)
    found = [
        store.run(
            "sweep",
            parent=parent,
            params={"optim.lr": lr, "model.hidden": [128, 64]},
            metrics={"val/accuracy": [THIRD, accuracy], "val/loss": [2.0, loss]},
            **{"mlflow.source.name": "/home/somebody/secret", "note": "as it was"},
        )
        for lr, accuracy, loss in ((0.1, 0.5, 0.7), (0.2, 2 * THIRD, math.inf))
    ]
    found.append(store.run("sweep", "FAILED", parent=parent, params={"optim.lr": 0.3}))
    store.run("sweep", params={"optim.lr": 0.9}, metrics={"val/accuracy": 1.0})
    return parent, found


def test_a_sweep(store, sweep, tmp_path):
    parent, runs = sweep
    files = export_to_folder(parent, tmp_path / "out", tracking_uri=store.uri)
    assert sorted(each.name for each in files) == FILES
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == FILES
    read = {each.stem: pd.read_csv(each) for each in files if each.suffix == ".csv"}
    table = read["leaderboard"].set_index("run_id")
    assert table["val/accuracy"].to_dict() == pytest.approx(
        {runs[1]: 2 * THIRD, runs[0]: 0.5, runs[2]: math.nan}, rel=0, nan_ok=True
    )
    rows = read["runs"].set_index("run_id")
    assert set(rows.index) == set(runs)
    assert rows.loc[runs[0], "params.model.hidden"] == "[128, 64]"
    assert rows.loc[runs[1], "metrics.val/accuracy"] == 2 * THIRD
    assert rows.loc[runs[1], "metrics.val/loss"] == math.inf
    assert rows["tags.note"].dropna().tolist() == ["as it was", "as it was"]
    assert "somebody" not in (tmp_path / "out" / "runs.csv").read_text()
    curves = read["curves"]
    of_best = curves[curves["run_id"] == runs[1]]
    assert of_best[["epoch", "metric", "value"]].to_numpy().tolist() == [
        [1, "val/accuracy", THIRD],
        [1, "val/loss", 2.0],
        [2, "val/accuracy", 2 * THIRD],
        [2, "val/loss", math.inf],
    ]
    about = json.loads((tmp_path / "out" / "sweep.json").read_text())
    expected = {"format": 1, "kind": "sweep", "id": parent, "name": "optim.lr=0.1,0.2,0.3"}
    assert expected.items() <= about.items()
    assert about["runs"] == {"FINISHED": 2, "FAILED": 1}
    assert about["tags"].keys() == {"sweep.kind", "fingerprint"}


def test_a_run(store, sweep, tmp_path):
    _, runs = sweep
    export_to_folder(runs[0], tmp_path / "out", "val/loss", tracking_uri=store.uri)
    table = pd.read_csv(tmp_path / "out" / "leaderboard.csv")
    assert table[["rank", "run_id", "val/loss"]].to_numpy().tolist() == [[1, runs[0], 0.7]]
    assert len(pd.read_csv(tmp_path / "out" / "curves.csv")) == 4
    about = json.loads((tmp_path / "out" / "sweep.json").read_text())
    assert (about["kind"], about["metric"], about["direction"]) == ("run", "val/loss", "min")


def test_whole_or_not_at_all(store, sweep, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(written, "read_points", full)
    with pytest.raises(UserError) as raised:
        export_to_folder(sweep[0], tmp_path / "out", tracking_uri=store.uri)
    place = tmp_path / "out"
    assert str(raised.value) == f"--to {place}: cannot be written: No space left on device"
    assert not list(tmp_path.glob("*"))


def test_a_folder_that_is_there_is_refused(store, sweep, tmp_path):
    with pytest.raises(UserError) as raised:
        export_to_folder(sweep[0], tmp_path, tracking_uri=store.uri)
    assert str(raised.value) == (
        f"--to {tmp_path}: is there already; allowed is a folder that is not"
    )


def test_while_all_runs_are_running(tmp_path, store):
    run_id = store.run("running", "RUNNING", metrics={"val/accuracy": 0.5}, name="the first")
    store.run("running", metrics={"val/loss": 0.5})
    export_to_folder(run_id[:8], tmp_path / "out", tracking_uri=store.uri)
    (row,) = pd.read_csv(tmp_path / "out" / "runs.csv").to_dict("records")
    assert (row["run_id"], row["run"], row["status"]) == (run_id, "the first", "RUNNING")
    assert math.isnan(row["duration_seconds"])
    assert "metrics.val/loss" not in row


def test_a_deleted_run_is_named_as_deleted(store, tmp_path):
    run_id = store.run("deleted", name="gone")
    store.client.delete_run(run_id)
    with pytest.raises(UserError) as raised:
        export_to_folder(run_id, tmp_path / "out", tracking_uri=store.uri)
    assert str(raised.value).startswith(f"{run_id} (gone) is deleted in sqlite:")


def test_what_is_not_there_is_told(store, tmp_path):
    with pytest.raises(UserError, match=r"^0123abcd is neither a run nor a sweep in sqlite:"):
        export_to_folder("0123abcd", tmp_path / "out", tracking_uri=store.uri)
