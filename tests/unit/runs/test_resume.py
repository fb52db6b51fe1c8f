"""A run that is interrupted goes on as if nothing had happened, and what is trained is found."""

import pytest
from executions import CASES, Place, epochs_of, few
from outcomes import outcome

from sweep.runs import prepare as running
from sweep.runs.events import AlreadyTrained, Ended, EpochKept, Recorded, Started
from sweep.runs.membership import Membership
from sweep.tracking import Tracker

POINTS = [("mlp", point) for point in ("start", 1, 2, 3, 4, "end")]
POINTS += [("stops early", 2), ("stops early", "end"), ("lenet", 2), ("no val", 2)]
OTHER_POINTS = [("stops early", 1), ("stops early", 3)]
OTHER_POINTS += [(case, point) for case in ("lenet", "no val") for point in (1, 3)]
POINTS += [pytest.param(*each, marks=pytest.mark.nightly) for each in OTHER_POINTS]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Place(tmp_path_factory.mktemp("resume"))


@pytest.fixture(autouse=True)
def _few_images(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setattr(running, "load_dataset", few)


@pytest.fixture
def whole(place):
    return place.whole


@pytest.mark.parametrize("case", CASES)
def test_what_is_compared_has_been_trained(whole, case):
    _, epochs = CASES[case]
    _, found = whole(case)
    assert [step for step, _ in found["train/loss"]] == list(range(1, epochs + 1))
    losses = [value for _, value in found["train/loss"]]
    assert len(set(losses)) == epochs
    if case == "mlp":
        ((_, best),) = found["best_epoch"]
        assert 1 < best < epochs  # so that it must be remembered


@pytest.mark.parametrize(("case", "point"), POINTS)
def test_it_goes_on_where_it_was_interrupted(place, whole, case, point):
    overrides, epochs = CASES[case]
    experiment = f"{case} {point}"
    _, before = place.execute(experiment, *overrides, stop=point)
    killed = place.run(experiment)
    assert before[-1] == Ended("KILLED")
    assert (killed.info.status, "failure_reason" in killed.data.tags) == ("KILLED", False)
    assert place.checkpoints(experiment).is_dir()

    score, events = place.execute(experiment, *overrides)
    run = place.run(experiment)
    done = {"start": 0, "end": epochs}.get(point, point)
    name, run_id = run.info.run_name, killed.info.run_id
    limit = place.config(experiment, *overrides).epochs
    assert run.info.run_id == run_id
    assert events[:2] == [Recorded(run_id), Started(name, run_id, limit, done)]
    assert epochs_of(events) == list(range(done + 1, epochs + 1))
    assert isinstance(events[-2], EpochKept)
    assert events[-1] == Ended("FINISHED")
    assert (score, outcome(place.client, run)) == whole(case)
    assert not (place.folder / "checkpoints" / run_id).exists()


def test_it_goes_on_however_often_it_was_interrupted(place, whole):
    overrides, _ = CASES["mlp"]
    for epoch in ["start", 1, 2, 3, 4, "end", "end"]:
        place.execute("often", *overrides, stop=epoch)
    score, _ = place.execute("often", *overrides)
    assert (score, outcome(place.client, place.run("often"))) == whole("mlp")
    assert place.run("often").data.tags["interruptions"] == "7"


def test_a_run_that_failed_goes_on(place, whole):
    overrides, _ = CASES["mlp"]
    _, events = place.execute("failed", *overrides, stop=2, error=ValueError("because"))
    failed = place.run("failed")
    assert failed.info.status == "FAILED"
    assert failed.data.tags["failure_reason"] == "ValueError: because"
    assert events[-1] == Ended("FAILED", "ValueError: because")
    score, events = place.execute("failed", *overrides)
    assert epochs_of(events) == [3, 4]
    run = place.run("failed")
    assert "failure_reason" not in run.data.tags
    assert (score, outcome(place.client, run)) == whole("mlp")


def test_it_goes_on_if_the_same_is_said_in_other_words(place, whole):
    overrides, _ = CASES["no momentum"]
    place.execute("words", *overrides, "preset=mine", stop=2)
    begun = place.run("words")
    score, events = place.execute("words", *overrides, "n_jobs=3", "max_retries=7")
    assert epochs_of(events) == [3]
    found = outcome(place.client, place.run("words"))
    assert found.pop("params") == begun.data.params  # as MLflow keeps them
    expected = dict(whole("no momentum")[1])
    assert expected.pop("params") | {"preset": "mine"} == begun.data.params
    assert (score, found) == (whole("no momentum")[0], expected)


def test_a_run_that_was_begun_alone_goes_on_in_a_sweep(place, whole):
    overrides, _ = CASES["no momentum"]
    place.execute("alone at first", *overrides, stop=2)
    begun = place.run("alone at first")
    with Tracker(place.uri, "alone at first").open_run("sweep", {}, {}, None) as parent:
        member = Membership(parent.run_id)
        score, events = place.execute("alone at first", *overrides, member=member)
    assert (events[0], epochs_of(events)) == (Recorded(begun.info.run_id), [3])
    run = place.client.get_run(begun.info.run_id)
    assert (score, outcome(place.client, run)) == whole("no momentum")
    assert len(place.runs("alone at first")) == 2


# --- what is trained already ---


@pytest.mark.parametrize("case", ["mlp", "no val"])
def test_what_is_trained_is_found(place, whole, case):
    score, _ = whole(case)
    experiment = f"{case} whole"
    before = place.run(experiment)
    found = AlreadyTrained(before.info.run_name, before.info.run_id)
    assert place.execute(experiment, *CASES[case][0]) == (score, [found])
    assert place.run(experiment).to_dictionary() == before.to_dictionary()


def test_what_is_trained_is_trained_again_if_asked_to(place, whole):
    overrides = (*CASES["no momentum"][0], "rerun=true")
    for experiment in ("again", "again", "again"):
        score, events = place.execute(experiment, *overrides)
        assert epochs_of(events) == [1, 2, 3]
    runs = place.runs("again")
    assert len({run.info.run_id for run in runs}) == 3
    for run in runs:
        assert (score, outcome(place.client, run)) == whole("no momentum")


def test_a_run_that_is_asked_for_again_does_not_go_on_with_another(place):
    overrides = CASES["no momentum"][0]
    place.execute("not gone on with", *overrides, stop=2)
    _, events = place.execute("not gone on with", *overrides, "rerun=true")
    assert epochs_of(events) == [1, 2, 3]
    assert [run.info.status for run in place.runs("not gone on with")] == ["KILLED", "FINISHED"]


def test_a_run_of_a_sweep_that_is_asked_for_again_goes_on_in_it(place, whole):
    overrides = (*CASES["no momentum"][0], "rerun=true")
    with Tracker(place.uri, "retried").open_run("sweep", {}, {}, None) as parent:
        member = Membership(parent.run_id)
        place.execute("retried", *overrides, stop=2, member=member)
        _, events = place.execute("retried", *overrides, member=member)  # as a retry does
        assert epochs_of(events) == [3]
        score, events = place.execute("retried", *overrides, member=member)
        assert [type(event) for event in events] == [AlreadyTrained]
    (run,) = [run for run in place.runs("retried") if run.info.run_id != parent.run_id]
    assert (score, outcome(place.client, run)) == whole("no momentum")
