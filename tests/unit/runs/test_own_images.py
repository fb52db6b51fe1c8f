"""Runs on images of one's own: the same bits in every format, found again, cross-validated."""

import sys
from dataclasses import replace
from pathlib import Path

import own_images
import pytest
from executions import Place
from kept_parameters import kept
from mlflow import MlflowClient
from own_images import halves

from sweep.config.recorded import from_yaml
from sweep.results.leaderboard import load_leaderboard
from sweep.runs.events import AlreadyTrained, Ended
from sweep.runs.reproduce import compare, recorded_source, train_again
from sweep.tracking import read_record

SMALL = ("model.hidden=[8]", "optim.lr=0.5", "epochs=2", "figures=false", "dataset.val_size=0.2")
FORMATS = ("folder", "rec", "npz", "csv", "idx")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give a place with a record, and the overrides that read real digits in each format."""
    folder = tmp_path_factory.mktemp("own")
    parts = own_images.halves(*own_images.digits())
    given = {}
    for name in FORMATS:
        (folder / name).mkdir()
        given[name] = getattr(own_images, f"write_{name}")(str(folder / name), parts)
    return Place(folder), given


def parameters(place, run):
    return kept(MlflowClient(place.uri), run.info.run_id)


def test_every_format_trains_to_the_same_bits(place):
    here, given = place
    ends, digests = set(), set()
    for name, overrides in given.items():
        score, events = here.execute(f"as {name}", *SMALL, *overrides)
        assert events[-1] == Ended("FINISHED")
        run = here.run(f"as {name}")
        ends.add((score, run.data.metrics["test/loss"], parameters(here, run)))
        digests.add((run.data.tags["dataset.digest"], run.data.tags["fingerprint"]))
    assert len(ends) == len(digests) == 1


def test_the_same_images_in_another_format_are_not_trained_again(place):
    here, given = place
    score, _ = here.execute("any", *SMALL, *given["folder"])
    again, events = here.execute("any", *SMALL, *given["npz"])
    assert again == score
    (found,) = events
    assert isinstance(found, AlreadyTrained)


def test_the_leaderboard_takes_folds_as_seeds(place):
    here, given = place
    for fold in (0, 1, 2):
        for lr in (0.1, 0.5):
            folds = ("dataset.folds=3", f"dataset.fold={fold}", "dataset.val_size=0.1")
            here.execute("folds", *SMALL, *given["npz"], *folds, f"optim.lr={lr}")
    table = load_leaderboard("folds", tracking_uri=here.uri)
    assert table["seeds"].tolist() == [3, 3]
    assert sorted(table["optim.lr"]) == [0.1, 0.5]
    assert "dataset.fold" not in table
    means = {
        lr: sum(
            run.data.metrics["val_at_best/accuracy"]
            for run in here.runs("folds")
            if run.data.params["optim.lr"] == lr
        )
        / 3
        for lr in ("0.1", "0.5")
    }
    found = dict(zip(table["optim.lr"].astype(str), table["val/accuracy"], strict=True))
    assert found == pytest.approx(means)


def test_different_images_of_one_format_are_not_taken_for_one_configuration(place):
    here, given = place
    images, labels = own_images.digits()
    (here.folder / "negative").mkdir()
    negative = own_images.write_npz(str(here.folder / "negative"), halves(255 - images, labels))
    for overrides in (given["npz"], negative):
        here.execute("two", *SMALL, *overrides)
    table = load_leaderboard("two", tracking_uri=here.uri)
    digests = [run.data.tags["dataset.digest"][:8] for run in here.runs("two")]
    assert sorted(table["dataset.digest"]) == sorted(digests)
    assert len({*digests}) == 2


def test_what_tells_images_apart_anyway_needs_no_digest(place):
    here, given = place
    for limit in ("null", "7"):
        here.execute("few", *SMALL, *given["npz"], f"dataset.limit={limit}")
    table = load_leaderboard("few", tracking_uri=here.uri)
    assert len(table) == 2
    assert "dataset.digest" not in table
    assert "dataset.limit" in table


FUNCTION = """import numpy as np

from brightness import brighter


def load(n):
    images = np.random.RandomState(0).randint(0, 99, (n, 8, 8)).astype(np.uint8)
    images[::2] = brighter(images[::2])
    return {"x_train": images, "y_train": np.arange(n) % 2}
"""


def test_a_function_that_gave_images_is_recorded_and_reproduced_whatever_became_of_it(place):
    here, _ = place
    files = {"gives.py": FUNCTION, "brightness.py": "def brighter(x):\n    return x + 99\n"}
    for name, text in files.items():
        Path(name).write_text(text)
    given = ("dataset=custom", "dataset._target_=gives.load", "+dataset.n=120")
    here.execute("function", *SMALL, *given, "dataset.test_size=0.2", "batch_size=10")
    forget(files)
    record = read_record(here.uri, here.run("function").info.run_id)
    assert record.dataset_source == {name: text.encode() for name, text in files.items()}
    assert record.source == {}
    for name in files:
        Path(name).write_text("raise RuntimeError('of today')\n")
    with recorded_source(record, from_yaml(record.config)) as config:
        again = train_again(record, replace(config, context="cpu"), lambda event: None)
    forget(files)
    assert again.parameters == record.parameters
    assert {each.first for each in compare(record.curves, again.curves)} == {None}


def forget(files):
    for name in files:
        del sys.modules[name.removesuffix(".py")]
