import pytest
from hooks import Heard
from store import Store

from sweep import notifying
from sweep.config.compose import load
from sweep.errors import RunFailed
from sweep.execution.stuck import StuckRuns
from sweep.results.runs import recorded_runs
from sweep.runs.events import Ended, Notice, Recorded, Retried
from sweep.sweeps.telling import Telling


@pytest.fixture
def told(monkeypatch):
    """A configuration with an address that is told how it ends, and what it was told."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for limit in ("MOST_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(notifying, limit, 120.0)  # on a busy machine
    with Heard() as server:
        config = load(f"notify.url={server.url}", "tracking.uri=http://me:secret@127.0.0.1:1")
        yield config, lambda: [outcome for _, _, outcome in server.told]


@pytest.mark.parametrize(
    ("error", "event", "reason"),
    [
        (None, "finished", ""),
        (RunFailed("1 of 2\nruns failed"), "failed", "1 of 2 runs failed"),
        (KeyboardInterrupt(), "interrupted", ""),
        (OSError("no space"), "failed", "no space"),
    ],
)
def test_how_it_ended_is_told_and_what_was_raised_is_raised(told, error, event, reason):
    config, read = told
    raised = None
    try:
        with Telling(config, "optim.lr=0.1,0.2") as telling:
            telling.run_id = "abc"
            if error:
                raise error
    except BaseException as found:
        raised = found
    assert raised is error
    (outcome,) = read()
    assert outcome.pop("seconds") >= 0 and outcome.pop("host")
    assert outcome == {
        "event": event,
        "name": "optim.lr=0.1,0.2",
        "id": "abc",
        "experiment": "sweep",
        "tracking_uri": "http://***@127.0.0.1:1",
        "reason": reason,
    }


def test_the_runs_and_the_best_value_are_told(told, tmp_path):
    config, read = told
    store = Store(tmp_path)
    parent = store.run("sweep", **{"sweep.kind": "sweep"})
    for value in (0.5, 0.75):
        store.run("sweep", metrics={"val/accuracy": value}, parent=parent)
    store.run("sweep", "FAILED", metrics={"val/accuracy": 0.875}, parent=parent)
    with Telling(config, "name") as telling:
        telling.run_id = parent
        telling.recorded = recorded_runs(store.uri, "sweep", parent)
    (outcome,) = read()
    assert outcome["runs"] == {"finished": 2, "failed": 1}
    assert (outcome["metric"], outcome["best"]) == ("val/accuracy", 0.75)


def test_what_was_never_recorded_is_not_told(told):
    config, read = told
    with Telling(config, "name"):
        pass
    assert read() == []


class Listener:
    def __init__(self):
        self.heard = []

    def add(self, number, name, cost):
        self.heard.append((number, name, cost))

    def __call__(self, number, event):
        self.heard.append((number, event))


def test_a_run_that_hangs_is_told(told):
    config, read = told
    shown = Listener()
    listener = StuckRuns(shown, config)
    stalled = "on node7: it made no progress for 600 seconds; its log has its stacks"
    listener.add(3, "optim.lr=0.1", 1.0)
    events = [
        *(Recorded("abc"), Retried("it was killed", 1, 2), Retried(stalled, 2, 2)),
        *(Ended("FAILED", stalled), Ended("FINISHED")),
    ]
    for event in events:
        listener(3, event)
    assert shown.heard == [(3, "optim.lr=0.1", 1.0), *((3, each) for each in events)]
    first, second = read()
    assert first == second
    assert first.pop("host")
    assert first == {
        "event": "stuck",
        "name": "optim.lr=0.1",
        "id": "abc",
        "experiment": "sweep",
        "reason": stalled,
    }


def test_what_could_not_be_told_is_a_notice():
    shown = Listener()
    listener = StuckRuns(shown, load("notify.command=[no-such-program]"))
    listener(0, Ended("FAILED", "it made no progress for 5 seconds; run.log has its stacks"))
    line = "notify.command: could not be told: No such file or directory"
    assert shown.heard[1:] == [(0, Notice(line))]
