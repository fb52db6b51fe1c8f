"""A run that its sweep asks to pause stops after its epoch, and goes on to the same bits."""

import pytest
from executions import CASES, Place, epochs_of, few
from outcomes import outcome

from sweep.runs import prepare as running
from sweep.runs.control_folder import ControlFolder
from sweep.runs.events import PAUSED, Ended, Recorded
from sweep.runs.execute import execute
from sweep.runs.membership import Membership

SWEEP = "5" * 32


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("pausing"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)


def train(place, experiment, overrides, pauses, sweep_id=SWEEP):
    """Train; ask the run to pause as soon as it is recorded. Return its score and what it told."""
    folder, events = ControlFolder(place.folder / "checkpoints", sweep_id), []
    folder.open()

    def tell(event):
        events.append(event)
        if isinstance(event, Recorded) and pauses:
            folder.ask_to_pause(event.run_id)

    score = execute(place.config(experiment, *overrides), overrides, tell, Membership(SWEEP))
    folder.close()
    return score, events


def test_it_stops_after_an_epoch_and_goes_on_as_if_nothing_had_happened(place):
    overrides, epochs = CASES["mlp"]
    for done in (1, 1):  # the second time after what it has trained already
        score, events = train(place, "paused", overrides, pauses=True)
        run = place.run("paused")
        assert events[-1] == Ended(PAUSED, f"paused after epoch {done}")
        assert (run.info.status, run.data.tags["paused_after_epoch"]) == ("KILLED", f"{done}")
        assert "failure_reason" not in run.data.tags
        assert score == run.data.metrics["val/loss"]
    score, events = train(place, "paused", overrides, pauses=False)
    run = place.run("paused")
    assert epochs_of(events) == [*range(2, epochs + 1)]
    assert events[-1] == Ended("FINISHED")
    assert "paused_after_epoch" not in run.data.tags
    assert (score, outcome(place.client, run)) == place.whole("mlp")


def test_it_does_not_stop_where_nothing_is_left_to_train(place):
    overrides = (*CASES["mlp"][0], "epochs=1")
    _, events = train(place, "last", overrides, pauses=True)
    assert events[-1] == Ended("FINISHED")


def test_what_is_asked_of_another_sweep_does_not_count(place):
    overrides, epochs = CASES["no momentum"]
    _, events = train(place, "other", overrides, True, sweep_id="6" * 32)
    assert epochs_of(events) == [*range(1, epochs + 1)]
    assert events[-1] == Ended("FINISHED")
