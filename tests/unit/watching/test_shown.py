import json
import math
import time
from pathlib import Path

import pytest
from store import Store

from sweep.errors import UserError
from sweep.results.cells import TIED
from sweep.runs.control_folder import ControlFolder
from sweep.runs.locks import RunLocks
from sweep.tracking import PlannedRun, Plans, read_planned
from sweep.tracking.writer import Record
from sweep.watching import snapshot
from sweep.watching.shown import shown
from sweep.watching.snapshot import find_watched, read_snapshot

HOSTILE = "optim.lr=0.1 <script>alert('1')</script> \u202e &amp;"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("watched"))


def sweep(store, experiment, status="RUNNING", **tags):
    return store.run(experiment, status, name=f"{experiment}'s", **{"sweep.kind": "sweep", **tags})


def finished(store, experiment, parent, lr, best, **more):
    metrics = {"val/accuracy": [best / 2, best], "train/accuracy": [best / 2, best]}
    metrics |= {"val_at_best/accuracy": best, "epoch_seconds": [2.0, 2.0]}
    params = {"optim.lr": lr, "epochs": 10, "monitor": "val/accuracy"}
    return store.run(experiment, "FINISHED", params, metrics, parent, **more)


def training(store, experiment, parent, accuracies, epochs=10, **more):
    metrics = {"val/accuracy": accuracies, "train/accuracy": [x / 2 for x in accuracies]}
    metrics |= {"epoch_seconds": [3.0] * len(accuracies)}
    params = {"optim.lr": 7, "epochs": epochs, "monitor": "val/accuracy"}
    return store.run(experiment, "RUNNING", params, metrics, parent, **more)


def paused(store, experiment, parent, **more):
    tags = {"paused_after_epoch": "4", "begin": int(time.time() * 1000) + 60_000, **more}
    store.run(experiment, "KILLED", {"epochs": 10}, {}, parent, **tags)


def now(store, sweep_id, folder=Path("nowhere")):
    found = shown(read_snapshot(store.uri, sweep_id, folder))
    json.dumps(found, allow_nan=False)  # what a browser can read
    return found


def plan(store, sweep_id, in_all, runs=()):
    record = Record(store.client, sweep_id)
    Plans(record).add(in_all, [PlannedRun(*each) for each in runs])


def test_a_sweep_that_trains_is_shown(store):
    parent = sweep(store, "trains")
    best = finished(store, "trains", parent, 0.3, 0.75, fingerprint="a")
    other = finished(store, "trains", parent, 0.1, 0.5, fingerprint="b")
    failed = {"failure_reason": "diverged at epoch 2", "fingerprint": "c"}
    store.run("trains", "FAILED", {"optim.lr": 9}, parent=parent, name=HOSTILE, **failed)
    mine = training(store, "trains", parent, [0.25, 0.5, 0.625], name="mine", fingerprint="d")
    runs = [(each, f"optim.lr={each}", 1.0) for each in "abcdefg"]
    plan(store, parent, 7, runs)
    found = now(store, parent)
    assert found["sweep"] == {
        "id": parent,
        "name": "trains's",
        "experiment": "trains",
        "state": "running",
        "started_ms": store.client.get_run(parent).info.start_time,
        "ended_ms": None,
    }
    assert (found["is_over"], found["in_all"]) == (False, 7)
    # What failed before this was planned is trained again.
    assert found["counts"] == [("finished", 2), ("running", 1), ("queued", 4)]
    names = ["optim.lr=c", "optim.lr=e", "optim.lr=f", "optim.lr=g"]
    assert found["queued"] == {"names": names, "more": 0}
    assert found["failures"] == []
    assert found["metric"] == "val/accuracy"
    (run,) = found["training"]
    assert (run["id"], run["name"], run["epoch"], run["epochs"]) == (mine, "mine", 3, 10)
    assert (run["epoch_seconds"], run["seconds_left"]) == (3.0, 21.0)
    assert run["curves"] == [
        {"name": "val/accuracy", "points": [[1, 0.25], [2, 0.5], [3, 0.625]]},
        {"name": "train/accuracy", "points": [[1, 0.125], [2, 0.25], [3, 0.3125]]},
    ]
    board = found["leaderboard"]
    assert [name for name, _ in board["columns"]] == ["rank", "optim.lr", "val/accuracy", "run"]
    assert board["rows"] == [
        ["1", "0.3", "0.7500", best[:8]],
        ["2", "0.1", "0.5000", other[:8]],
    ]
    # 20, 20 and 30 s are 3 units; 4 of them are left, after 7 epochs of 3 s.
    assert found["seconds_left"] == pytest.approx(4 * 70 / 3 + 21)


def test_what_fails_while_it_trains_is_told_by_its_reason(store):
    parent = sweep(store, "fails")
    plan(store, parent, 9, [(f"f{number}", f"run {number}", 1.0) for number in range(9)])
    later = int(time.time() * 1000) + 60_000
    for number in range(7):
        tags = {"failure_reason": "no memory", "fingerprint": f"f{number}", "begin": later}
        store.run("fails", "FAILED", parent=parent, name=f"{HOSTILE} {number}", **tags)
    tags = {"fingerprint": "f7", "begin": later}
    store.run("fails", "KILLED", parent=parent, name="killed", **tags)
    found = now(store, parent)
    assert found["counts"] == [("failed", 7), ("killed", 1), ("queued", 1)]
    assert [each["reason"] for each in found["failures"]] == ["no memory", "no reason is recorded"]
    first = found["failures"][0]
    assert (first["state"], first["more"], len(first["names"])) == ("failed", 2, 5)
    assert first["names"][0].startswith(HOSTILE)
    assert found["leaderboard"] is None
    assert found["queued"]["names"] == ["run 8"]


def test_a_sweep_without_a_run_is_shown(store):
    parent = sweep(store, "begins")
    found = now(store, parent)
    assert (found["in_all"], found["counts"], found["metric"]) == (0, [], None)
    assert (found["training"], found["leaderboard"], found["seconds_left"]) == ([], None, None)
    plan(store, parent, 2, [("a", "optim.lr=1", 1.0), ("b", "optim.lr=2", 1.0)])
    assert now(store, parent)["counts"] == [("queued", 2)]


def test_a_search_has_runs_that_have_no_name_yet(store):
    parent = sweep(store, "search")
    plan(store, parent, 20)
    for number in range(3):
        finished(store, "search", parent, number, 0.5)
    training(store, "search", parent, [0.5])
    found = now(store, parent)
    assert found["counts"] == [("finished", 3), ("running", 1), ("queued", 16)]
    assert found["queued"] == {"names": [], "more": 16}
    # 4 runs: 3 of 20 s and one of 30 s; 16 are left, and 9 epochs of 3 s.
    assert found["seconds_left"] == pytest.approx(16 * 90 / 4 + 27)


def test_a_sweep_that_is_paused_has_no_time_left(store):
    parent = sweep(store, "paused", **{"sweep.paused": "2026-11-26T12:00:00+0000"})
    finished(store, "paused", parent, 1, 0.5, fingerprint="a")
    paused(store, "paused", parent, fingerprint="b")
    plan(store, parent, 3, [(each, each, 1.0) for each in "abc"])
    found = now(store, parent)
    assert (found["is_over"], found["sweep"]["state"]) == (False, "paused")
    assert found["seconds_left"] is None
    assert found["counts"] == [("finished", 1), ("queued", 2)]
    store.client.delete_tag(parent, "sweep.paused")
    assert now(store, parent)["sweep"]["state"] == "running"


def test_of_a_run_that_is_paused_what_it_has_not_trained_is_left(store):
    parent = sweep(store, "beyond")
    finished(store, "beyond", parent, 1, 0.5, fingerprint="a")
    plan(store, parent, 3, [(each, each, 1.0) for each in "abc"])
    paused(store, "beyond", parent, fingerprint="b")
    training(store, "beyond", parent, [0.5] * 9, fingerprint="c")
    found = now(store, parent)
    assert found["counts"] == [("finished", 1), ("running", 1), ("queued", 1)]
    assert (found["in_all"], found["queued"]) == (3, {"names": ["b"], "more": 0})
    # 20 and 30 s are 2 units; 6 of 10 epochs are left of one, and one of 3 s.
    assert found["seconds_left"] == pytest.approx(0.6 * 25 + 3)
    store.client.set_terminated(parent, "KILLED")
    assert now(store, parent)["counts"] == [("finished", 1), ("paused", 1), ("left open", 1)]


def test_what_is_added_to_a_sweep_counts_in_the_time_that_is_left(store):
    parent = sweep(store, "added")
    plans = Plans(Record(store.client, parent))
    plans.add(2, [PlannedRun(each, each, 1.0) for each in "ab"])
    # What fails after the sweep has begun is not trained on, however late more is added.
    later = int(time.time() * 1000) + 60_000
    store.run("added", "FAILED", parent=parent, fingerprint="a", begin=later)
    training(store, "added", parent, [0.5] * 4, fingerprint="b")
    assert now(store, parent)["seconds_left"] == 6 * 3
    plans.add(3, [PlannedRun("c", "added", 2.0), PlannedRun("d", "added too", 1.0)])
    found = now(store, parent)
    assert found["counts"] == [("failed", 1), ("running", 1), ("queued", 2)]
    assert found["queued"]["names"] == ["added", "added too"]
    assert found["seconds_left"] == 6 * 3 + 3 * 30
    assert read_planned(store.uri, parent).in_all == 5


def test_a_search_that_pauses_runs_has_as_many_left_as_it_has_not_begun(store):
    parent = sweep(store, "rungs")
    plan(store, parent, 5)
    paused(store, "rungs", parent)
    training(store, "rungs", parent, [0.5])
    found = now(store, parent)
    assert found["counts"] == [("paused", 1), ("running", 1), ("queued", 3)]


def test_a_sweep_of_an_older_version_has_no_plan(store):
    parent = sweep(store, "older")
    finished(store, "older", parent, 1, 0.5)
    training(store, "older", parent, [0.5, 0.5], epochs=4)
    found = now(store, parent)
    assert found["counts"] == [("finished", 1), ("running", 1)]
    assert (found["in_all"], found["seconds_left"]) == (2, 6.0)


def test_a_damaged_plan_is_none(store):
    parent = sweep(store, "damaged")
    store.client.log_text(parent, '{"at_ms": 1, "in_all": 3, "runs": [{}]}', "planned.json")
    finished(store, "damaged", parent, 1, 0.5)
    assert now(store, parent)["counts"] == [("finished", 1)]


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_a_sweep_that_has_ended_is_over(store, status):
    parent = sweep(store, f"ended {status}", status)
    finished(store, f"ended {status}", parent, 1, 0.5, fingerprint="a")
    training(store, f"ended {status}", parent, [0.5], fingerprint="b")
    plan(store, parent, 3, [(each, each, 1.0) for each in "abc"])
    found = now(store, parent)
    assert (found["is_over"], found["sweep"]["state"]) == (True, status.lower())
    assert found["counts"] == [("finished", 1), ("left open", 1), ("not begun", 1)]
    assert (found["training"], found["seconds_left"]) == ([], None)
    assert found["leaderboard"]["rows"][0][0] == "1"
    assert found["sweep"]["ended_ms"] is not None


def test_a_sweep_whose_process_is_gone_is_over(store, tmp_path):
    locks = RunLocks(tmp_path)
    tags = {"checkpoint_folder": locks.folder_id, "fingerprint": "f" * 16}
    parent = sweep(store, "gone", **tags)
    with locks.try_hold("f" * 16):
        found = now(store, parent, tmp_path)
        assert (found["is_over"], found["sweep"]["state"]) == (False, "running")
    found = now(store, parent, tmp_path)
    assert (found["is_over"], found["sweep"]["state"]) == (True, "gone")
    assert now(store, parent)["sweep"]["state"] == "running"  # it cannot be told from elsewhere


def test_a_sweep_that_ends_well_while_it_is_read_is_not_gone(store, monkeypatch):
    parent = sweep(store, "ends")
    finished(store, "ends", parent, 1, 0.5)

    def end(*given):
        store.client.set_terminated(parent, "FINISHED")
        return False

    monkeypatch.setattr(snapshot, "is_at_work", end)
    found = now(store, parent)
    assert (found["is_over"], found["sweep"]["state"]) == (True, "finished")
    assert found["sweep"]["ended_ms"] is not None


def test_what_is_no_number_is_null(store):
    parent = sweep(store, "huge")
    metrics = {"val/loss": [0.5, math.inf], "train/loss": [math.nan, 1.0]}
    store.run("huge", "RUNNING", {"epochs": "many"}, metrics, parent)
    (run,) = now(store, parent)["training"]
    assert run["epochs"] is None and run["seconds_left"] is None
    assert run["curves"] == [
        {"name": "val/loss", "points": [[1, 0.5]]},
        {"name": "train/loss", "points": [[2, 1.0]]},
    ]


def test_runs_that_hold_nothing_out_are_ranked_by_what_they_measured(store):
    parent = sweep(store, "tested", "FINISHED")
    params = {"optim.lr": 1, "monitor": "val/accuracy"}
    store.run("tested", "FINISHED", params, {"test/accuracy": 0.5}, parent)
    found = now(store, parent)
    assert found["metric"] == "test/accuracy"
    assert found["leaderboard"]["rows"][0][0] == "1"


def test_runs_are_ranked_by_what_they_monitor(store):
    parent = sweep(store, "monitors", "FINISHED")
    params, ids = {"epochs": 1, "monitor": "val/macro_f1"}, []
    for accuracy, f1 in ((0.75, 0.5), (0.5, 0.75)):
        metrics = {"val/accuracy": accuracy, "val/macro_f1": f1}
        ids.append(store.run("monitors", "FINISHED", params, metrics, parent))
    found = now(store, parent)
    assert found["metric"] == "val/macro_f1"
    assert [row[-1] for row in found["leaderboard"]["rows"]] == [ids[1][:8], ids[0][:8]]


def test_the_mark_of_rows_that_may_be_the_best_is_explained(store):
    parent = sweep(store, "tied", "FINISHED")
    for lr in (1, 2):
        for seed, best in enumerate((0.25, 0.5, 0.75)):
            metrics = {"val/accuracy": best + lr / 128, "val_at_best/accuracy": best + lr / 128}
            params = {"optim.lr": lr, "seed": seed, "monitor": "val/accuracy"}
            store.run("tied", "FINISHED", params, metrics, parent)
    board = now(store, parent)["leaderboard"]
    assert [row[0] for row in board["rows"]] == ["≈ 1", "≈ 1"]
    assert board["ties"] == TIED
    alone = sweep(store, "not tied", "FINISHED")
    finished(store, "not tied", alone, 1, 0.5)
    assert now(store, alone)["leaderboard"]["ties"] is None


def test_a_leaderboard_of_many_is_cut(store):
    parent = sweep(store, "many", "FINISHED")
    for number in range(23):
        finished(store, "many", parent, number, number / 32)
    board = now(store, parent)["leaderboard"]
    assert (len(board["rows"]), board["more"]) == (20, 3)


# --- which sweep is meant ---


def test_the_newest_sweep_is_meant_if_none_is_named(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(UserError) as error:
        find_watched(store.uri, None, None)
    assert str(error.value) == (f"no sweep is recorded in {store.uri} yet; --multirun begins one")
    first, second = sweep(store, "one"), sweep(store, "two")
    run = store.run("one", parent=first, name="a run")
    assert find_watched(store.uri, None, None).run_id == second
    assert find_watched(store.uri, None, "one").run_id == first
    assert find_watched(store.uri, first[:9], None).run_id == first
    assert find_watched(store.uri, "two's", "two").run_id == second
    for given, experiment, message in [
        (None, "onee", f"experiment onee is not in {store.uri} (did you mean one?); there are: "),
        (run, None, f"{run} is a run; allowed is a sweep: `sweep list` shows them"),
        ("a run", None, "a run is a run; allowed is a sweep: `sweep list` shows them"),
        ("nothing", None, f"nothing is neither a run nor a sweep in {store.uri}"),
        (first, "two", f"--experiment two: one's ({first}) is in experiment one"),
    ]:
        with pytest.raises(UserError) as error:
            find_watched(store.uri, given, experiment)
        assert str(error.value).startswith(message)
        assert "\n" not in str(error.value)


def test_a_name_that_several_sweeps_have_is_refused(tmp_path):
    store = Store(tmp_path)
    ids = {sweep(store, "same"), sweep(store, "same")}
    with pytest.raises(UserError) as error:
        find_watched(store.uri, "same's", None)
    assert str(error.value).startswith(f"same's may be several in {store.uri}: ")
    assert all(each in str(error.value) for each in ids)


def test_a_record_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no runs are recorded in sqlite:///mlflow.db: there is no"):
        find_watched("sqlite:///mlflow.db", None, None)


def test_hundreds_of_queued_runs_are_named(store):
    parent = sweep(store, "hundreds")
    plan(store, parent, 302, [(f"key {each}", f"run {each}", 1.0) for each in range(302)])
    assert now(store, parent)["queued"] == {
        "names": [f"run {each}" for each in range(300)],
        "more": 2,
    }


def test_why_a_sweep_is_not_steered(store, tmp_path):
    locks, key = RunLocks(tmp_path), "5" * 16
    parent = sweep(store, "steered", fingerprint=key, checkpoint_folder=locks.folder_id)
    told = f"sweep steered's ({parent[:8]})"
    assert now(store, parent)["not_steered"] == (
        f"--checkpoint-dir nowhere: is not the folder that {told} has its checkpoints in; allowed "
        "is that folder"
    )
    control = ControlFolder(tmp_path, parent)
    with locks.try_hold(key):
        assert now(store, parent, tmp_path)["not_steered"].startswith(f"{told} trains no runs at ")
        control.open()
        assert now(store, parent, tmp_path)["not_steered"] is None
        control.close()
