"""What version 0.1.0 recorded stays valid: found, continued, reproduced, compared, and answers."""

from datetime import datetime, timezone

import mlflow
import numpy as np
import pytest
import version_0_1_0
from mlflow import MlflowClient
from outcomes import TIMES

from sweep.carried import serving
from sweep.config.compose import load
from sweep.config.recorded import from_yaml
from sweep.data.formats.mnist import read_packaged
from sweep.environment import environment
from sweep.reporting.page import render
from sweep.results.curves import load_curves
from sweep.results.leaderboard import load_leaderboard_by_seed
from sweep.results.results import results_of
from sweep.results.runs import recorded_runs
from sweep.runs.events import AlreadyTrained, Ended, Started
from sweep.runs.execute import execute
from sweep.runs.reproduce import compare, train_again
from sweep.tracking import fetch_model, read_record
from sweep.training.selection import EpochRecord

SWEEP, OVERRIDES = version_0_1_0.SWEEP, version_0_1_0.OVERRIDES


@pytest.fixture
def record(tmp_path):
    """Give the address of the record, in this folder, with its checkpoints."""
    return version_0_1_0.unpack(tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Give the address of a record that nothing is added to."""
    return version_0_1_0.unpack(tmp_path_factory.mktemp("record"))


def train(record, experiment, *overrides):
    """Train a configuration in this record; return the score and the events."""
    events = []
    config = load(*overrides, f"tracking.uri={record}", f"tracking.experiment={experiment}")
    return execute(config, overrides, events.append), events


def runs_of(record, experiment):
    """Return the ids of the runs by their names, without sweeps."""
    table = load_leaderboard_by_seed(experiment, tracking_uri=record)
    return dict(zip(table["run"], table["run_id"], strict=True))


def curves_of(record, run_id):
    client = MlflowClient(record)
    metrics = client.get_run(run_id).data.metrics
    return {
        key: [(each.step, each.value) for each in client.get_metric_history(run_id, key)]
        for key in metrics
        if key not in TIMES
    }


SAME_KERNELS = environment()["processor"] == version_0_1_0.PROCESSOR


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_a_finished_run_is_found(record, model):
    before = runs_of(record, "sweep")
    score, events = train(record, "sweep", f"model={model}", *SWEEP)
    (found,) = events
    assert isinstance(found, AlreadyTrained)
    assert before[found.name] == found.run_id
    metrics = MlflowClient(record).get_run(found.run_id).data.metrics
    assert score == metrics["val_at_best/accuracy"]
    assert runs_of(record, "sweep") == before


def test_another_value_is_another_run(record):
    before = runs_of(record, "whole")
    _, events = train(record, "whole", *OVERRIDES, "seed=1")
    assert events[-1] == Ended("FINISHED")
    assert len(runs_of(record, "whole")) == len(before) + 1


def test_an_interrupted_run_goes_on(record):
    (whole,) = runs_of(record, "whole").values()
    (begun,) = runs_of(record, "interrupted").values()
    _, events = train(record, "interrupted", *OVERRIDES)
    (started,) = [each for each in events if isinstance(each, Started)]
    assert (started.run_id, started.epochs_before) == (begun, 2)
    assert [each.epoch for each in events if isinstance(each, EpochRecord)] == [3]
    assert events[-1] == Ended("FINISHED")
    found, expected = curves_of(record, begun), curves_of(record, whole)
    assert set(found) == set(expected)
    for key, points in expected.items():
        assert [step for step, _ in found[key]] == [step for step, _ in points]
        if SAME_KERNELS:
            assert found[key] == points, key
        assert np.allclose(found[key], points, atol=0.02), key


def test_it_is_reproduced(kept):
    (whole,) = runs_of(kept, "whole").values()
    recorded = read_record(kept, whole)
    again = train_again(recorded, from_yaml(recorded.config), lambda event: None)
    comparisons = compare(recorded.curves, again.curves)
    assert {each.metric for each in comparisons} >= {"train/loss", "val/accuracy", "test/loss"}
    if SAME_KERNELS:
        assert [each.metric for each in comparisons if each.first is not None] == []
        assert again.parameters == recorded.parameters
    assert max(each.largest for each in comparisons) < 0.02


def test_leaderboard_and_curves_show_it(kept):
    table = load_leaderboard_by_seed("sweep", tracking_uri=kept)
    assert list(table["status"]) == ["FINISHED", "FINISHED", "FAILED"]
    assert list(table["rank"].dropna()) == [1, 2]
    assert set(table["model.name"]) == {"mlp", "lenet"}
    assert table["failure_reason"].iloc[2].startswith("diverged at epoch 1")
    curves = load_curves("sweep", tracking_uri=kept)
    assert list(curves.groupby("run")["epoch"].max()) == [2, 2]


def test_the_report_shows_it(kept):
    recorded = recorded_runs(kept, "sweep", None)
    page = render(results_of(recorded, "val/accuracy"), datetime.now(timezone.utc))
    for name in runs_of(kept, "sweep"):
        assert name in page
    assert "diverged at epoch 1" in page


@pytest.mark.parametrize("carried", ["by this version", "by the code that it carries"])
def test_its_models_answer(kept, tmp_path, carried):
    run_id = next(each for name, each in runs_of(kept, "sweep").items() if "lenet" in name)
    images, labels = read_packaged().test_images, read_packaged().test_labels
    if carried == "by this version":
        loaders = {serving.LOADER: serving.load}
        model = fetch_model(kept, run_id, loaders, tmp_path / "fetched")
        assert model.interface.shape == (1, 28, 28)
    else:
        mlflow.set_tracking_uri(kept)
        model = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    answers = model.predict(np.rint(images * 255).astype(np.uint8))
    assert list(answers.columns) == ["class", *(f"probability_{each}" for each in range(10))]
    recorded = MlflowClient(kept).get_run(run_id).data.metrics["test/accuracy"]
    assert np.mean(answers["class"] == labels) == pytest.approx(recorded, abs=0.002)
