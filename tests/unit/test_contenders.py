"""What benchmarks/sweeps.py makes of what the contenders print, and of those that fail."""

import dataclasses
import json

import pytest
import sweeps
from contenders import Contender, Failed, Outcome, Place, reckoned, told
from workloads import WORKLOADS, Images

LENET = WORKLOADS[0]


@pytest.fixture
def place(tmp_path):
    return Place(Images([], tmp_path / "images.npz", 100), tmp_path, "sqlite:///mlflow.db")


@pytest.mark.parametrize("line", ["", "trained", "[]", "{}", '{"accuracies": 1}'])
def test_a_script_that_does_not_say_what_it_learned_failed(line):
    with pytest.raises(Failed, match="its last line is"):
        told(line, LENET)


def test_a_script_that_trained_fewer_runs_failed():
    with pytest.raises(Failed, match="trained 2 of 8 runs"):
        told(json.dumps({"accuracies": [0.9, 0.9]}), LENET)


def test_what_only_the_first_run_took_longer_is_reckoned_once():
    part = dataclasses.replace(LENET, runs=2, epochs=1)
    # 3 s of start; 10 s an epoch, and 2 s more in the first run
    assert reckoned(25, [12, 10], part, LENET) == 3 + 2 + 8 * 3 * 10


def test_a_contender_that_fails_does_not_end_the_others(place, monkeypatch, capsys):
    monkeypatch.setattr(sweeps, "limit", lambda *_: 50.0)

    def failing(work, place):
        raise Failed("exit 1: no memory")

    def training(work, place):
        return Outcome(8 * 3 * 100 / 25, {3: 0.98})

    both = [Contender("one", "", failing), Contender("other", "", training)]
    found = dict(sweeps.measure(LENET, both, place, 1))
    assert found["one"] == {"failed": "exit 1: no memory"}
    assert found["other"] == {
        "seconds": 96.0,
        "speed": 25.0,
        "limit": 50.0,
        "part": 0.5,
        "accuracies": {"3": 0.98},
    }
    assert "lenet: one failed: exit 1: no memory" in capsys.readouterr().out


def test_what_is_cut_short_keeps_what_it_had_and_repeats_alternate(place, monkeypatch):
    turns = []

    def measured(work, contenders, *_):
        for each in contenders:
            if len(turns) == 3:
                raise KeyboardInterrupt
            turns.append(each.name)
            yield each.name, {"seconds": 1.0}

    monkeypatch.setattr(sweeps, "measure", measured)
    monkeypatch.setattr(sweeps, "prepared", lambda *_: place.images)
    monkeypatch.setattr(sweeps, "sweep", lambda: lambda *_: None)
    monkeypatch.setattr(
        sweeps, "installed", lambda: [Contender(name, "", None) for name in ("one", "other")]
    )
    given = dataclasses.make_dataclass("Given", ["root", "output", "repeats", "minutes", "size"])
    with pytest.raises(KeyboardInterrupt):
        sweeps.measure_all(given("", place.folder, 2, 600, "whole"), [LENET], {"workloads": {}})
    assert turns == ["one", "other", "other"]
    kept = json.loads((place.folder / "results.json").read_text())["workloads"]["lenet"]
    assert [[*each] for each in kept] == [["one", "other"], ["other"]]
