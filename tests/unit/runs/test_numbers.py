"""A run that predicts numbers: interrupted, reproduced, kept as a model, drawn, ranked."""

from dataclasses import replace

import numpy as np
import pytest
from executions import Place
from outcomes import outcome
from sklearn.datasets import load_diabetes

from sweep.carried import serving
from sweep.commands.cli import run as run_command
from sweep.commands.predict import predict
from sweep.config.recorded import from_yaml
from sweep.display.run import kept_line
from sweep.results.leaderboard import load_leaderboard
from sweep.runs.events import Ended, EpochKept
from sweep.runs.execute import execute
from sweep.runs.figures import Predicted, predicted
from sweep.runs.numbers_drawing import draw_predicted
from sweep.runs.reproduce import compare, train_again
from sweep.tracking import fetch_model, read_record

RUN = ("model=linear", "loss=huber", "loss.rho=20", "dataset=csv", "dataset.label=target")
RUN += ("dataset.train=diabetes.csv", "dataset.test_size=92", "dataset.normalize=standard")
RUN += ("epochs=3", "optim.momentum=0.5")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    load_diabetes(as_frame=True).frame.to_csv(folder / "diabetes.csv", index=False)
    return Place(folder)


@pytest.fixture(autouse=True)
def _beside_the_table(place, monkeypatch):
    monkeypatch.chdir(place.folder)


@pytest.fixture(scope="module")
def whole(place):
    """Return the score, the events and the run, with its figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place.folder)
        events = []
        config = replace(place.config("whole", *RUN), figures=True)
        return execute(config, RUN, events.append), events, place.run("whole")


def test_it_is_scored_by_its_loss(whole):
    score, events, run = whole
    assert events[-1] == Ended("FINISHED")
    assert score == run.data.metrics["val_at_best/loss"]
    assert {"val/mae", "val/rmse", "test/mae", "test/rmse"} <= {*run.data.metrics}
    (kept,) = [each for each in events if isinstance(each, EpochKept)]
    assert kept_line(kept).startswith(f"epoch {kept.epoch.epoch} kept: val/loss {score:.4f}  test/")


def test_it_goes_on_where_it_was_interrupted(place, whole):
    score, _, run = whole
    place.execute("again", *RUN, stop=2)
    found, _ = place.execute("again", *RUN)
    assert found == score
    assert outcome(place.client, place.run("again")) == outcome(place.client, run)


def test_it_is_reproduced_from_its_record(place, whole):
    record = read_record(place.uri, whole[2].info.run_id)
    again = train_again(record, place_of(record, place), lambda event: None)
    assert all(each.first is None for each in compare(record.curves, again.curves))


def place_of(record, place):
    config = from_yaml(record.config)
    return replace(config, dataset=replace(config.dataset, train="diabetes.csv"))


def test_its_figures_are_those_of_numbers(place, whole):
    found = place.client.list_artifacts(whole[2].info.run_id, "figures")
    names = {each.path.removeprefix("figures/") for each in found}
    assert names >= {"curves.png", "predicted.png", "layers.txt"}
    assert not names & {"confusion.png", "mistakes.png", "failed.txt"}


def test_its_model_answers_numbers_and_is_for_no_pictures(place, whole, tmp_path, capsys):
    run_id = whole[2].info.run_id
    model = fetch_model(place.uri, run_id, {serving.LOADER: serving.load}, tmp_path)
    assert model.interface.columns() == {"prediction_0": "float"}
    features = load_diabetes().data[:4]
    answers = model.predict(features)
    assert np.isfinite(answers["prediction_0"]).all()
    table = load_diabetes(as_frame=True).data[:4]
    assert model.predict(table[sorted(table)]).equals(answers)
    with pytest.raises(
        ValueError, match=r"^columns age, .*, glucose: allowed are age, .*, s6, in "
    ):
        model.predict(table.rename(columns={"s6": "glucose"}))
    assert model.predict(table.set_axis(range(10), axis="columns")).equals(answers)
    (tmp_path / "a.png").write_bytes(png())
    arguments = [run_id, str(tmp_path / "a.png"), "--tracking-uri", place.uri]
    assert run_command(predict, arguments) == 2
    assert capsys.readouterr().err == (
        "the model predicts numbers, prediction_0, and no classes; allowed are models of images "
        "that have classes\n"
    )


def png():
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.eye(9, dtype=np.uint8) * 255).save(stream, "PNG")
    return stream.getvalue()


def test_runs_are_ranked_by_the_least_loss(place, whole):
    place.execute("ranked", *RUN, "optim.lr=0.001")
    place.execute("ranked", *RUN, "optim.lr=0.2")
    table = load_leaderboard("ranked", tracking_uri=place.uri)
    assert table["val/loss"].is_monotonic_increasing
    assert table["optim.lr"].tolist() == [0.2, 0.001]


def test_what_is_predicted_beside_what_is_true():
    labels = np.array([[1, 5], [2, 5], [3, 5]], np.float32)
    first, second = predicted(labels, np.array([[1.0, 4], [2, 5], [4, 6]]))
    assert isinstance(first, Predicted)
    assert (first.number, first.limits, first.explained) == (0, (1.0, 4.0), 0.5)
    assert second.truth.tolist() == [5, 5, 5]
    assert np.isnan(second.explained)
    (alone,) = draw_predicted([first], "a run").axes
    assert alone.get_title() == "R² 0.500"
    titles = [each.get_title() for each in draw_predicted([first, second], "a run").axes]
    assert titles == ["number 0: R² 0.500", "number 1: R² nan"]
