"""``sweep control`` where it can tell by itself that something is wrong, and how it waits."""

import os
import threading

import pytest
from store import Store

from sweep.commands.cli import run, sweep
from sweep.runs import asking as module
from sweep.runs.control_folder import ControlFolder
from sweep.runs.locks import RunLocks
from sweep.runs.requests import Answer

KEY = "5" * 16


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def locks(tmp_path):
    return RunLocks(tmp_path / "checkpoints")


@pytest.fixture
def at_work(store, locks):
    """A sweep that is at work, as far as its lock and its folder say."""
    sweep_id = record(store, locks, "RUNNING")
    folder = ControlFolder(locks.folder, sweep_id)
    with locks.try_hold(KEY):
        folder.open()
        yield sweep_id, folder
    folder.close()


def record(store, locks, status, name="optim.lr=0.1,0.2", folder_id=None, **tags):
    tags = {"sweep.kind": "sweep", "fingerprint": KEY, **tags}
    tags["checkpoint_folder"] = folder_id or locks.folder_id
    return store.run("sweep", status=status, name=name, **tags)


def control(store, locks, capsys, *arguments):
    """Return the exit code, and the one line that was printed."""
    places = ["--tracking-uri", store.uri, "--checkpoint-dir", str(locks.folder)]
    code = run(sweep, ["control", *arguments, *places])
    output, errors = capsys.readouterr()
    assert (output + errors).count("\n") == 1
    assert bool(errors) == bool(code)
    return code, (output + errors).rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["stpo"],
            "stpo: is no action (did you mean stop?); allowed are pause, resume, stop, jobs,",
        ),
        (["jobs", "-1"], "jobs -1: allowed is a whole number from 1 to 10,000"),
        (["kill"], "kill: allowed is kill RUN"),
        (["add", "optim.lr=[1"], "add optim.lr=[1: is no override such as optim.lr=0.1,0.2: "),
        (["add", "lenet"], "add lenet: is no override such as optim.lr=0.1,0.2: "),
        (["add", "epochs=range(1,5,0)"], "epochs=range(1,5,0): "),
    ],
)
def test_what_cannot_be_asked_of_any_sweep(tmp_path, capsys, arguments, message):
    code = run(sweep, ["control", "0401", *arguments])
    assert code == 2
    output, errors = capsys.readouterr()
    assert errors.startswith(message)
    assert (output, errors.count("\n")) == ("", 1)


def test_a_sweep_that_is_unknown_or_ambiguous_or_no_sweep(store, locks, capsys):
    code, line = control(store, locks, capsys, "nothing", "pause")
    assert (code, line.startswith("nothing is neither a run nor a sweep in ")) == (2, True)
    ids = [record(store, locks, "RUNNING", name="twice") for _ in range(2)]
    code, line = control(store, locks, capsys, "twice", "pause")
    assert (code, line.startswith("twice may be several in ")) == (2, True)
    assert all(each in line for each in ids)
    run_id = store.run("sweep", name="one")
    code, line = control(store, locks, capsys, run_id, "pause")
    assert (code, line) == (2, f"{run_id}: is a run; allowed is a sweep, which `sweep list` shows")


@pytest.mark.parametrize("status", ["FINISHED", "KILLED", "RUNNING"])
def test_a_sweep_that_has_ended(store, locks, capsys, status):
    sweep_id = record(store, locks, status)
    assert control(store, locks, capsys, sweep_id, "pause") == (
        2,
        f"sweep optim.lr=0.1,0.2 ({sweep_id[:8]}) is not at work ({status}), and there is nothing "
        "to steer; its own command goes on with what is missing",
    )


def test_a_sweep_with_its_checkpoints_elsewhere(store, locks, capsys):
    sweep_id = record(store, locks, "RUNNING", folder_id="0" * 32)
    assert control(store, locks, capsys, sweep_id, "pause") == (
        2,
        f"--checkpoint-dir {locks.folder}: is not the folder that sweep optim.lr=0.1,0.2 "
        f"({sweep_id[:8]}) has its checkpoints in; allowed is that folder",
    )


def test_a_sweep_that_looks_at_no_requests(store, locks, capsys):
    sweep_id = record(store, locks, "RUNNING")
    with locks.try_hold(KEY):
        code, line = control(store, locks, capsys, sweep_id, "pause")
    assert (code, line) == (
        2,
        f"sweep optim.lr=0.1,0.2 ({sweep_id[:8]}) trains no runs at this moment, or by a launcher "
        "that cannot be steered; allowed are those of gluon-sweep, while they train",
    )


def test_nothing_is_added_to_a_search(store, locks, capsys):
    sweep_id = record(store, locks, "RUNNING", **{"search.study": "mine"})
    code, line = control(store, locks, capsys, sweep_id, "add", "optim.lr=0.1")
    assert (code, line) == (
        2,
        f"add: sweep optim.lr=0.1,0.2 ({sweep_id[:8]}) is a search, which has no grid to add to; "
        "it suggests its runs itself",
    )


@pytest.mark.parametrize(
    ("answer", "code", "end"),
    [
        (Answer(True, "2 runs at once"), 0, "({}): 2 runs at once"),
        (Answer(False, "run 3 has ended"), 2, "run 3 has ended"),
    ],
)
def test_the_answer_is_printed(store, locks, capsys, at_work, answer, code, end):
    sweep_id, folder = at_work
    taken = []

    def work():
        while not taken:
            taken.extend(folder.take())
        folder.answer(taken[0].name, answer)

    thread = threading.Thread(target=work)
    thread.start()
    told = control(store, locks, capsys, sweep_id[:8], "jobs", "2")
    thread.join(60)
    assert (told[0], told[1].endswith(end.format(sweep_id[:8]))) == (code, True)
    assert taken[0].asked.words == "jobs 2"


def test_a_sweep_that_does_not_answer_in_time(store, locks, capsys, at_work, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    sweep_id, folder = at_work
    code, line = control(store, locks, capsys, sweep_id, "jobs", "2")
    assert (code, line) == (
        1,
        f"sweep optim.lr=0.1,0.2 ({sweep_id[:8]}): was asked: jobs 2; it has not answered yet, and "
        "its terminal will say",
    )
    assert [each.asked.action for each in folder.take()] == ["jobs"]


def test_a_sweep_that_ends_before_it_answers(store, locks, capsys, monkeypatch):
    monkeypatch.setattr(module, "WORK_SECONDS", 0.0)
    sweep_id = record(store, locks, "RUNNING")
    folder = ControlFolder(locks.folder, sweep_id)
    asked = []
    usual = module.Asking.ask

    with locks.try_hold(KEY):
        folder.open()
        answers = iter([True, False])
        monkeypatch.setattr(module, "is_at_work", lambda *_: next(answers))
        monkeypatch.setattr(
            module.Asking, "ask", lambda *given: asked.append(usual(*given)) or asked[0]
        )
        code, line = control(store, locks, capsys, sweep_id, "pause")
    assert (code, line) == (
        2,
        f"sweep optim.lr=0.1,0.2 ({sweep_id[:8]}) has ended meanwhile",
    )
    assert asked and folder.take() == []
    assert os.listdir(folder.path) == []
