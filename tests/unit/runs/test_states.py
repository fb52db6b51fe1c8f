"""Runs that share epochs with others, which are trained once, and have the same bits as alone."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from executions import MLP, Place, epochs_of, few
from outcomes import outcome

from sweep.config.compose import load
from sweep.runs import prepare as running
from sweep.runs.events import SHARED, Ended, Notice
from sweep.runs.execute import execute
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.states import MB, KeptStates, shares_epochs, unshared_note
from sweep.runs.turns import Turns
from sweep.training.checkpoints import Checkpoints

KEPT = (*MLP, "monitor=val/loss", "early_stopping.min_delta=0.1")
STOPPING = "early_stopping.patience=1 epochs=9"  # it trains two, and keeps the first
NO_VAL = "dataset.val_size=0 test_every_epoch=true"
LENET = "model=lenet model.channels=[2,4] model.hidden=[8] model.dropout=0.3 augment.mixup=0.4"
# What is trained first, what is asked for then, and the epochs of it that are trained.
CASES = {
    "longer": (["epochs=2"], "epochs=5", [3, 4, 5]),
    "longer, twice": (["epochs=1", "epochs=3"], "epochs=5", [4, 5]),
    "the longest counts": (["epochs=3", "epochs=2"], "epochs=4", [4]),
    "after one that stopped": ([STOPPING], "epochs=4", [3, 4]),
    "stops where another went on": ([STOPPING, "epochs=4"], f"{STOPPING} epochs=7", []),
    "no val": ([f"{NO_VAL} epochs=2"], f"{NO_VAL} epochs=3", [3]),
    "nag": (["optim=nag epochs=2"], "optim=nag epochs=3", [3]),
    "lenet": ([f"{LENET} epochs=1"], f"{LENET} epochs=2", [2]),
}
OTHERS = ["seed=1", "optim.lr=0.4", "augment.flip=true", "metrics=[accuracy,macro_f1]"]
OTHERS += ["test_every_epoch=true", "schedule=cosine", "rerun=true", "keep_states=0"]
OTHERS += ["monitor=val/accuracy", "early_stopping.min_delta=0.2"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("states"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)
    yield
    shutil.rmtree(place.folder / "checkpoints" / "states", ignore_errors=True)


def states(place):
    return sorted((place.folder / "checkpoints" / "states").glob("*-*"))


@pytest.mark.parametrize("case", CASES)
def test_a_run_goes_on_from_others_to_the_bits_that_it_has_alone(place, case):
    before, asked, trained = CASES[case]
    for each in before:
        place.execute(case, *KEPT, *each.split())
    sources = {each.info.run_id for each in place.runs(case)}
    score, events = place.execute(case, *KEPT, *asked.split())
    alone, whole = place.execute(f"{case}: alone", *KEPT, *asked.split())
    run = place.runs(case)[-1]
    assert score == alone
    assert outcome(place.client, run) == outcome(place.client, place.run(f"{case}: alone"))
    assert epochs_of(events) == trained
    source, taken = run.data.tags["goes_on_from_run"], int(run.data.tags["epochs_taken_over"])
    assert source in sources
    assert taken + len(epochs_of(events)) == len(epochs_of(whole))
    shared = f"epochs 1 to {taken}" if taken > 1 else "epoch 1"
    assert Notice(f"takes over {shared} of run {source}") in events
    assert events[-1] == Ended("FINISHED")
    assert not (place.folder / "checkpoints" / run.info.run_id).exists()


@pytest.mark.parametrize("other", OTHERS)
def test_a_run_with_other_epochs_trains_its_own(place, other):
    place.execute(other, *KEPT, "epochs=2")
    _, events = place.execute(other, *KEPT, other, "epochs=3")
    assert epochs_of(events) == [1, 2, 3]
    assert "goes_on_from_run" not in place.runs(other)[-1].data.tags


def test_with_other_versions_a_run_trains_its_own_epochs(place, monkeypatch):
    place.execute("versions", *KEPT, "epochs=2")
    monkeypatch.setattr("sweep.runs.states.version_tags", lambda: {"version.mxnet": "1.9.0"})
    _, events = place.execute("versions", *KEPT, "epochs=3")
    assert epochs_of(events) == [1, 2, 3]


def test_another_experiment_trains_its_own_epochs(place):
    place.execute("one", *KEPT, "epochs=2")
    _, events = place.execute("another", *KEPT, "epochs=3")
    assert epochs_of(events) == [1, 2, 3]


@pytest.mark.parametrize("point", ["start", 3, "end"])
def test_what_was_taken_over_survives_a_kill(place, point):
    name = f"killed at {point}"
    place.execute(name, *KEPT, "epochs=2")
    place.execute(name, *KEPT, "epochs=4", stop=point)
    shutil.rmtree(place.folder / "checkpoints" / "states")
    score, events = place.execute(name, *KEPT, "epochs=4")
    assert epochs_of(events) == {"start": [3, 4], 3: [4], "end": []}[point]
    alone, _ = place.execute(f"{name}: alone", *KEPT, "epochs=4")
    assert score == alone
    run, other = place.runs(name)[-1], place.run(f"{name}: alone")
    assert outcome(place.client, run) == outcome(place.client, other)


def test_one_that_was_interrupted_takes_over_what_another_has_trained_since(place):
    place.execute("ahead", *KEPT, "epochs=5", stop=1)
    place.execute("ahead", *KEPT, "epochs=3")
    _, events = place.execute("ahead", *KEPT, "epochs=5")
    assert epochs_of(events) == [4, 5]
    place.execute("behind", *KEPT, "epochs=5", stop=3)
    place.execute("behind", *KEPT, "epochs=2")
    _, events = place.execute("behind", *KEPT, "epochs=5")
    assert epochs_of(events) == [4, 5]
    assert "goes_on_from_run" not in place.runs("behind")[0].data.tags


def test_what_other_versions_have_begun_is_not_shared(place, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr("sweep.runs.states.version_tags", lambda: {"version.mxnet": "1.9.0"})
        place.execute("mixed", *KEPT, "epochs=3", stop=1)
    place.execute("mixed", *KEPT, "epochs=3")
    assert states(place) == []


def test_what_is_too_large_is_not_kept_and_takes_no_others_place(place, caplog):
    place.execute("large", *KEPT, "epochs=1")
    before = states(place)
    kept = KeptStates(place.folder / "checkpoints", 0.001)
    folder = place.folder / "checkpoints" / "0123"
    folder.mkdir()
    shutil.copy(next(before[0].iterdir()), folder)
    checkpoints = Checkpoints(folder, "any", "key")
    checkpoints._needed = {1}
    kept.keep("0123", 1, checkpoints)
    assert "keep_states: the run's last state is larger, and not kept" in caplog.text
    assert (states(place), folder.exists()) == (before, False)


def test_a_run_waits_for_one_that_ends_earlier_and_goes_on_from_it(place):
    begun, goes_on = threading.Event(), threading.Event()

    def tell(event):
        begun.set()
        assert goes_on.wait(60)

    def train():
        execute(place.config("turns", *KEPT, "epochs=2"), (), tell)

    first = threading.Thread(target=train, daemon=True)
    events = []

    def listen(event):
        events.append(event)
        goes_on.set()

    first.start()
    assert begun.wait(60)
    execute(place.config("turns", *KEPT, "epochs=3"), (), listen)
    first.join(60)
    assert events[0] == Notice(SHARED)
    assert epochs_of(events) == [3]


def test_nobody_waits_for_one_that_ends_later(tmp_path):
    locks = RunLocks(tmp_path)
    turns = Turns(locks)
    configs = [few_epochs(*each) for each in ((5, None), (5, 2), (9, None), (3, None))]
    with turns.take("key", configs[0]):
        worth = [Turns(RunLocks(tmp_path)).is_worth_waiting("key", each) for each in configs]
        assert worth == [False, False, True, False]
        with Turns(RunLocks(tmp_path)).take("key", configs[3]):
            pass  # it does not wait
        assert turns.is_worth_waiting("key", configs[2])
    assert not turns.is_worth_waiting("key", configs[2])


def few_epochs(epochs, patience):
    config = load()
    stopping = replace(config.early_stopping, patience=patience)
    return replace(config, epochs=epochs, early_stopping=stopping)


@pytest.mark.parametrize(
    ("overrides", "membership", "shares"),
    [
        ((), None, True),
        ((), Membership("sweep"), True),
        ((), Membership("sweep", "study", 3), False),
        (("context=gpu",), None, False),
    ],
)
def test_who_shares_epochs(overrides, membership, shares):
    assert shares_epochs(load("context=cpu", *overrides), membership) == shares


def test_whoever_gives_it_up_is_told():
    assert unshared_note(load()) == ""
    assert unshared_note(load("keep_states=0")) == (
        "keep_states=0: no run goes on from another; epochs that they share are trained in each"
    )


def test_a_damaged_state_is_not_gone_on_from(place):
    place.execute("damaged", *KEPT, "epochs=2")
    place.execute("damaged", *KEPT, "epochs=3")
    for file in Path(place.folder, "checkpoints/states").glob("*/epoch-0003.checkpoint"):
        file.write_bytes(file.read_bytes()[:-1])
    _, events = place.execute("damaged", *KEPT, "epochs=4")
    assert epochs_of(events) == [3, 4]


def test_what_is_taken_over_whole_is_no_state_of_its_own(place):
    place.execute("whole", *KEPT, *STOPPING.split())
    place.execute("whole", *KEPT, "epochs=3")
    before = states(place)
    _, events = place.execute("whole", *KEPT, *STOPPING.split(), "epochs=4")
    assert epochs_of(events) == []
    assert states(place) == before


def test_states_that_were_of_no_use_for_long_make_room(place):
    found = []
    for seed in range(3):
        place.execute("room", *KEPT, f"seed={seed}", "epochs=2")
        found.append({each.name for each in states(place)})
    assert [len(each) for each in found] == [1, 2, 3]
    size = sum(file.stat().st_size for file in states(place)[0].iterdir())
    kept = KeptStates(place.folder / "checkpoints", 2.5 * size / MB)
    of_others = [states(place)[0].with_name(name) for name in (".DS_Store", "a-2-b-backup")]
    of_others[0].touch()
    of_others[1].mkdir()
    kept.tidy()
    assert {each.name for each in states(place)} == found[2] - found[0] | {"a-2-b-backup"}
    assert [*kept.epochs().values()] == [{2}, {2}]  # nor does what is not ours count
    assert all(each.exists() for each in of_others)
    of_others[0].unlink()
