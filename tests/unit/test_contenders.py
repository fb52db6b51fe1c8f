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
        return Outcome(8 * 3 * 100 / 25, {3: [0.97, 0.99]})

    both = [Contender("one", "", failing), Contender("other", "", training)]
    found = dict(sweeps.measure(LENET, both, place, 1))
    assert found["other"].pop("turn_seconds") < found["other"]["seconds"]
    assert found["one"] == {"failed": "exit 1: no memory"}
    assert found["other"] == {
        "seconds": 96.0,
        "speed": 25.0,
        "limit": 50.0,
        "part": 0.5,
        "accuracies": {"3": [0.97, 0.99]},
        "code": sweeps.code(),
    }
    assert "lenet: one failed: exit 1: no memory" in capsys.readouterr().out


OPTIONS = (("minutes", float, 600.0), ("anew", bool, False), ("contenders", str, "ab"))
Given = dataclasses.make_dataclass("Given", ["root", "output", "repeats", *OPTIONS])
Given.size = "whole"


@pytest.fixture
def turns(place, monkeypatch):
    """Return a function that measures LeNet by contenders that take no time, and says who did.

    It takes how many turns there are before it is interrupted, and who fails.
    """
    monkeypatch.setattr(sweeps, "prepared", lambda *_: place.images)
    monkeypatch.setattr(sweeps, "sweep", lambda: lambda *_: None)
    monkeypatch.setattr(sweeps, "installed", lambda: [Contender(each, "", None) for each in "ab"])

    def measured(repeats=2, most=99, failing=(), seconds=1.0, **given):
        done = []

        def measure(work, contenders, *_):
            for each in contenders:
                if len(done) == most:
                    raise KeyboardInterrupt
                done.append(each.name)
                failed = each.name in failing
                yield each.name, {"failed": ""} if failed else dict.fromkeys(KEYS, seconds)

        monkeypatch.setattr(sweeps, "measure", measure)
        words = Given("", place.folder, repeats, **given)
        try:
            sweeps.measure_all(words, [LENET], sweeps.started(words, [LENET]))
        except KeyboardInterrupt:
            done.append("interrupted")
        return done

    return measured


KEYS = ("seconds", "turn_seconds")


def kept(place):
    repeats = json.loads((place.folder / "results.json").read_text())["workloads"]["lenet"]
    return ["".join(each) for each in repeats]


def test_what_is_cut_short_keeps_what_it_had_and_repeats_alternate(place, turns):
    assert turns(most=3) == ["a", "b", "b", "interrupted"]
    assert kept(place) == ["ab", "b"]


def test_the_same_command_measures_what_is_missing(place, turns):
    turns(most=3)
    assert turns() == ["a"]
    assert kept(place) == ["ab", "ba"]
    assert turns() == []
    assert turns(repeats=3) == ["a", "b"]


def test_who_failed_is_measured_again(turns, capsys):
    assert turns(failing="b") == ["a", "b", "b", "a"]
    assert turns(minutes=0.0) == []
    assert "are over" in capsys.readouterr().out
    assert turns() == ["b", "b"]


def test_a_sitting_ends_before_a_turn_that_would_be_late(turns, capsys):
    assert turns(repeats=1, seconds=90.0) == ["a", "b"]
    assert turns(repeats=2, minutes=1.0) == []  # each of them took longer before
    assert "--minutes=1 are over: the same command goes on" in capsys.readouterr().out
    assert turns(repeats=2, minutes=2.0) == ["b", "a"]


def test_what_was_measured_before_is_forgotten_if_told_so(place, turns):
    turns(repeats=2)
    assert turns(repeats=1, anew=True) == ["a", "b"]
    assert kept(place) == ["ab"]


def test_one_of_them_is_measured_again(place, turns):
    turns(repeats=2)
    assert turns(repeats=2, anew=True, contenders="b") == ["b", "b"]
    assert kept(place) == ["ab", "ab"]
    assert turns(repeats=3, contenders="a") == ["a"]
    assert kept(place) == ["ab", "ab", "a"]


def test_what_another_machine_measured_is_neither_mixed_nor_lost(place, turns):
    turns(repeats=1)
    file = place.folder / "results.json"
    before = file.read_text().replace(" cores", "0 cores")
    file.write_text(before)
    with pytest.raises(SystemExit, match="measured otherwise(.|\n)*  machine: .*, and now"):
        turns(repeats=2)
    assert file.read_text() == before
    assert turns(repeats=1, anew=True) == ["a", "b"]


def test_other_workloads_stay(place, turns):
    turns(repeats=1)
    file = place.folder / "results.json"
    other = json.loads(file.read_text())
    other["workloads"]["mlp"] = [{"a": {"seconds": 1.0}}]
    file.write_text(json.dumps(other))
    turns(repeats=1, anew=True)
    assert json.loads(file.read_text())["workloads"]["mlp"] == other["workloads"]["mlp"]
