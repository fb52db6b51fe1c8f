"""Experiments with runs that others have logged, that were deleted, or that fail."""

import math

import pytest
from hydra.core.utils import JobReturn, JobStatus
from store import Store

from sweep.config.compose import load
from sweep.errors import RunFailed, UserError
from sweep.sweeps.summary import keep_results, show_results
from sweep.tracking import Tracker


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def by_hand(store):
    """Two runs of ours, and one that somebody else has logged, with a higher accuracy."""
    for rate, accuracy in ((0.1, 0.5), (0.2, 0.75)):
        store.run("mixed", params={"optim.lr": rate}, metrics={"val/accuracy": accuracy})
    number = store.client.get_experiment_by_name("mixed").experiment_id
    run = store.client.create_run(number, run_name="by hand")
    store.client.log_metric(run.info.run_id, "val/accuracy", 0.99)
    store.client.set_terminated(run.info.run_id)
    return run.info.run_id


def test_runs_of_others_are_not_ranked_among_ours(store, by_hand):
    for table in (store.table("mixed"), store.by_seed("mixed")):
        assert list(table["rank"].fillna(0)) == [1, 2, 0]
        assert list(table["optim.lr"])[:2] == [0.2, 0.1]
        last = table.iloc[-1]
        assert (last["run"], last["run_id"]) == ("by hand", by_hand)
        assert last["failure_reason"] == "logged by another program, and not ranked among these"


def test_runs_of_others_alone_are_ranked_but_not_registered(store, capsys):
    number = store.client.create_experiment("foreign")
    run = store.client.create_run(number, run_name="by hand").info.run_id
    store.client.log_metric(run, "val/accuracy", 0.5)
    store.client.set_terminated(run)
    assert store.main("foreign", "--register", "digits") == 2
    assert capsys.readouterr().err == (
        f"run {run} (by hand) was logged by another program, and has no model of this one; "
        "allowed are runs that `sweep` has trained\n"
    )


@pytest.mark.parametrize("epoch", [12.4, math.inf, 1e300])
def test_a_run_of_another_program_may_have_any_best_epoch(store, epoch):
    experiment = f"best of {epoch}"
    ours = store.run(experiment, metrics={"val/accuracy": 0.5, "best_epoch": 3})
    number = store.client.get_experiment_by_name(experiment).experiment_id
    other = store.client.create_run(number, run_name="by hand").info.run_id
    store.client.log_metric(other, "best_epoch", epoch)
    store.client.set_terminated(other)
    for table in (store.table(experiment), store.by_seed(experiment)):
        assert list(table["run_id"]) == [ours, other]
        assert table["best_epoch"][0] == 3
    assert list(table["best_epoch"]) == [3, epoch]
    assert store.main(experiment) == 0


def test_a_deleted_experiment_is_called_deleted(store):
    store.run("gone", metrics={"val/accuracy": 0.5})
    number = store.client.get_experiment_by_name("gone").experiment_id
    store.client.delete_experiment(number)
    expected = (
        f"was deleted in {store.uri}; allowed: another name, or `mlflow experiments restore -x "
        f"{number}`"
    )
    with pytest.raises(UserError) as raised:
        store.table("gone")
    assert str(raised.value) == f"experiment gone: {expected}"
    with pytest.raises(UserError) as raised:
        Tracker(store.uri, "gone")
    assert str(raised.value) == f"tracking.experiment=gone: {expected}"


def test_a_misspelt_experiment_is_answered_with_the_nearest(store, by_hand):
    with pytest.raises(UserError, match=r"^experiment mixd is not in .* \(did you mean mixed\?\);"):
        store.table("mixd")


FAILED = JobReturn(status=JobStatus.FAILED, _return_value=RunFailed("because"))


@pytest.fixture
def sweep(store):
    """A sweep with a run that is finished and one that failed: tracker, id, configuration."""
    config = load(f"tracking.uri={store.uri}", "tracking.experiment=failures", "figures=false")
    tracker = Tracker(store.uri, "failures")
    with tracker.open_run("a sweep", {}, {"sweep.kind": "sweep"}, None) as record:
        store.run("failures", metrics={"val/accuracy": 0.75}, parent=record.run_id)
        store.run("failures", "FAILED", parent=record.run_id, failure_reason="because")
        yield tracker, record, config


def test_what_failed_is_listed_once(sweep, capsys):
    tracker, record, config = sweep
    show_results(tracker, record.run_id, config, [FAILED])
    shown = capsys.readouterr().out
    assert "1 run finished, 1 failed" in shown
    assert "Not ranked" not in shown  # raise_failures shows it, with its log
    other = JobReturn(status=JobStatus.FAILED, _return_value=RunFailed("another reason"))
    for results in ([], [other]):
        show_results(tracker, record.run_id, config, results)
        shown = capsys.readouterr().out
        assert "Not ranked" in shown
        assert "because" in shown


def test_the_row_of_a_sweep_has_its_best_value(sweep, store):
    tracker, record, config = sweep
    recorded = show_results(tracker, record.run_id, config)
    keep_results(recorded, tracker, record, config, [])
    record.flush()
    (point,) = store.client.get_metric_history(record.run_id, "val/accuracy")
    assert (point.value, point.step) == (0.75, 1)
