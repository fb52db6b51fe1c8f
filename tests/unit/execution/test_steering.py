"""What the scheduler does with what users ask of it: with runs that only seem to train."""

import json
import os
import threading
from dataclasses import replace

import pytest
from hydra.core.utils import JobReturn, JobStatus
from machine import Machine, job
from workplace import comes

from sweep.errors import UserError
from sweep.execution import adding, logbook
from sweep.execution import steering as module
from sweep.execution.adding import Added, cannot_add
from sweep.execution.capacity import LocalCapacity
from sweep.execution.job_table import JobTable
from sweep.execution.scheduler import Scheduler
from sweep.execution.steering import Steering
from sweep.runs import control_folder
from sweep.runs.asking import Asking
from sweep.runs.control_files import pause_file
from sweep.runs.control_folder import ControlFolder
from sweep.runs.events import PAUSED, UNDECIDED, Ended, Recorded
from sweep.runs.requests import Answer
from sweep.tracking.run_info import as_name

KILLED = "killed by sweep control"


class Kept:
    """Stands in for the record of a sweep."""

    def __init__(self):
        self.texts, self.tags = {}, {}

    def log_text(self, text, path):
        self.texts[path] = json.loads(text)

    def set_tag(self, key, value):
        self.tags[key] = value

    def delete_tag(self, key):
        self.tags.pop(key, None)


class Steered:
    """A scheduler at work in another thread, with runs that do what the test says."""

    def __init__(self, folder, jobs, n_jobs, add=cannot_add, source=None, others=cannot_add):
        self.folder, self.record, self.said, self.ended = folder, Kept(), [], []
        self.machine = Machine(lambda machine, number: self.begin(number))
        self.machine.capacity = LocalCapacity(n_jobs, [])
        control, before = ControlFolder(folder, "s"), [["seed=9"]]
        steering = Steering(control, self.record, add, others, before, self.said.append)
        self.scheduler = Scheduler(
            self.machine, jobs, self.machine, source, close=self.close, steering=steering
        )
        self.closed, self.asking = [], Asking(folder, "s")
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()
        assert comes(lambda: self.asking.is_there)

    def begin(self, number):
        self.machine.send(number, Recorded(f"{number}" * 32))

    def close(self, *arguments):
        self.closed.append(arguments)

    def work(self):
        try:
            self.ended.append(self.scheduler.run())
        except BaseException as error:
            self.ended.append(error)

    def ask(self, action, *arguments):
        """Ask for something; return what is answered."""
        name, found = self.asking.ask(action, arguments), []
        assert comes(lambda: found.append(self.asking.answer(name)) or found[-1])
        return found[-1]

    def trains(self, *numbers):
        """Wait until these train, and no others."""
        return comes(lambda: sorted(self.machine.senders) == sorted(numbers))

    def hears(self, *numbers):
        """Wait until the scheduler knows the records of these."""
        told = [(each, Recorded(f"{each}" * 32)) for each in numbers]
        assert comes(lambda: all(each in self.machine.told for each in told))

    def is_asked_to_pause(self, *numbers):
        files = [pause_file(self.folder, "s", f"{number}" * 32) for number in numbers]
        return comes(lambda: sorted(self.asking.path.glob("*.pause")) == sorted(files))

    def end(self):
        """Wait for the end; return the results."""
        self.thread.join(60)
        assert not self.thread.is_alive(), self.machine.started
        assert [*self.folder.iterdir()] == []
        if isinstance(self.ended[0], BaseException):
            raise self.ended[0]
        return {number: each.status for number, each in self.ended[0].items()}

    def told(self, number):
        return [each for known, each in self.machine.told if known == number]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)


DONE = JobStatus.COMPLETED


def test_a_pause_lets_epochs_end_and_nothing_start_until_it_goes_on(tmp_path):
    sweep = Steered(tmp_path, [job(0, 3), job(1, 2), job(2, 1)], 2)
    assert sweep.trains(0, 1)
    assert sweep.ask("pause") == Answer(True, "2 runs will stop after the epoch in progress")
    assert sweep.is_asked_to_pause(0, 1)
    sweep.machine.pause(0)
    sweep.machine.finish(1)  # it was in its last epoch
    assert sweep.is_asked_to_pause()
    assert comes(lambda: "sweep.paused" in sweep.record.tags)
    assert sweep.ask("pause") == Answer(True, "is paused already")
    assert sweep.machine.started == [0, 1]
    assert sweep.ask("resume") == Answer(True, "goes on: 2 runs waiting")
    assert sweep.trains(0, 2)  # what was paused is the first
    assert sweep.machine.started == [0, 1, 0, 2]
    sweep.machine.finish(0)
    sweep.machine.finish(2)
    assert sweep.end() == {0: DONE, 1: DONE, 2: DONE}
    assert sweep.told(0) == [
        *(Recorded("0" * 32), Ended(PAUSED, "paused after epoch 1"), Recorded("0" * 32))
    ]
    assert sweep.record.tags == {}
    kept = [sweep.record.texts[key] for key in sorted(sweep.record.texts)]
    assert [(each["asked"], each["is_done"]) for each in kept] == [
        *(("pause", True), ("pause", True), ("resume", True))
    ]
    assert {*kept[0]} == {"time", "user", "host", "asked", "is_done", "outcome"}


def test_what_goes_on_in_time_is_not_paused(tmp_path):
    sweep = Steered(tmp_path, [job(0, 1)], 1)
    assert sweep.trains(0)
    sweep.ask("pause")
    assert sweep.is_asked_to_pause(0)
    sweep.ask("resume")
    assert sweep.is_asked_to_pause()
    assert sweep.ask("resume") == Answer(False, "resume: the sweep is not paused")
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}


def test_a_pause_in_the_last_epochs_is_over_with_them(tmp_path):
    sweep = Steered(tmp_path, [job(0, 1)], 1)
    assert sweep.trains(0)
    sweep.ask("pause")
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}
    assert sweep.record.tags == {}


def test_fewer_jobs_pause_the_last_that_were_started(tmp_path):
    sweep = Steered(tmp_path, [job(number, 9 - number) for number in range(4)], 3)
    assert sweep.trains(0, 1, 2)
    assert sweep.ask("jobs", "1") == Answer(
        True, "1 run at once; 2 runs will stop after the epoch in progress, and go on later"
    )
    assert sweep.is_asked_to_pause(1, 2)
    for number in (2, 1):
        sweep.machine.pause(number)
        assert comes(lambda number=number: sweep.scheduler._queue[0].number == number)
    assert sweep.trains(0)
    sweep.machine.finish(0)
    assert sweep.trains(1)
    sweep.machine.finish(1)
    assert sweep.trains(2)
    assert sweep.ask("jobs", "5") == Answer(True, "5 runs at once")
    assert sweep.trains(2, 3)
    sweep.machine.finish(2)
    sweep.machine.finish(3)
    assert sweep.end() == dict.fromkeys(range(4), DONE)
    assert sweep.machine.started == [0, 1, 2, 1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "number_of_files"), [(["pause"], 2), (["jobs", "1"], 1), (["kill", "0"], 0)]
)
def test_runs_are_asked_to_pause_before_it_is_answered(
    tmp_path, monkeypatch, asked, number_of_files
):
    usual, files = ControlFolder.answer, []

    def answer(folder, *given):
        files.extend(folder.path.glob("*.pause"))
        usual(folder, *given)

    monkeypatch.setattr(module, "close_as_killed", lambda *_: True)
    monkeypatch.setattr(ControlFolder, "answer", answer)
    sweep = Steered(tmp_path, [job(0, 2), job(1, 1)], 2)
    assert sweep.trains(0, 1)
    sweep.hears(0, 1)
    sweep.ask(*asked)
    assert len(files) == number_of_files
    sweep.machine.finish(1)
    if asked[0] != "kill":
        sweep.machine.finish(0)
    sweep.end()


def test_a_run_is_killed_and_not_tried_again(tmp_path, monkeypatch):
    recorded = []
    monkeypatch.setattr(
        module, "close_as_killed", lambda _, *others: recorded.append(others) or True
    )
    sweep = Steered(tmp_path, [job(0, 2), job(1, 1)], 1)
    assert sweep.trains(0)
    assert sweep.ask("kill", "0" * 8) == Answer(True, "run 0 (epochs=2) is told to end")
    assert comes(lambda: sweep.machine.started == [0, 1])
    assert recorded == [("0" * 32, KILLED)]
    assert sweep.ask("kill", "0") == Answer(False, "kill 0: run 0 (epochs=2) has ended")
    sweep.machine.finish(1)
    assert sweep.end() == {0: JobStatus.UNKNOWN, 1: DONE}
    assert sweep.machine.processes[0].calls == ["terminate", "join"]
    assert (sweep.machine.started, sweep.closed) == ([0, 1], [])
    assert sweep.told(0)[-1] == Ended("KILLED", KILLED)


def test_a_run_that_does_not_hear_it_is_killed_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(module, "close_as_killed", lambda *_: True)
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    sweep.machine.processes[0].stubborn = True
    sweep.ask("kill", "epochs=2")
    assert sweep.end() == {0: JobStatus.UNKNOWN}
    assert sweep.machine.processes[0].calls == ["terminate", "kill", "join"]


def test_a_run_that_ends_well_although_it_was_told_to_end_has_ended_well(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    process = sweep.machine.processes[0]
    process.terminate = lambda: sweep.machine.finish(0)
    sweep.ask("kill", "0")
    assert sweep.end() == {0: DONE}


@pytest.mark.parametrize(("tells", "is_killed"), [(True, True), (False, False)])
def test_a_run_that_had_finished_when_it_was_killed_is_done(
    tmp_path, monkeypatch, tells, is_killed
):
    """It was killed before it could send its result, or even tell that it had finished."""
    source = Suggesting([])
    monkeypatch.setattr(module, "close_as_killed", lambda *_: is_killed)
    sweep = Steered(tmp_path, [job(0, 2)], 1, source=source)
    assert sweep.trains(0)
    if tells:
        sweep.machine.send(0, Ended("FINISHED"))
    sweep.hears(0)
    sweep.ask("kill", "0")
    assert sweep.end() == {0: DONE}
    assert sweep.told(0) == [Recorded("0" * 32), Ended("FINISHED")]
    assert (sweep.machine.started, source.ended) == ([0], [0])


@pytest.mark.parametrize("status", [PAUSED, UNDECIDED])
def test_a_run_that_pauses_when_it_is_told_to_end_does_not_go_on(tmp_path, monkeypatch, status):
    recorded = []
    monkeypatch.setattr(
        module, "close_as_killed", lambda _, *others: recorded.append(others) or True
    )
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    sweep.hears(0)
    sweep.machine.send(0, Ended(status, "paused after epoch 1"))
    sweep.machine.send(0, JobReturn(status=JobStatus.COMPLETED, _return_value=0.5))
    assert comes(lambda: sweep.told(0)[-1] == Ended(status, "paused after epoch 1"))
    sweep.ask("kill", "0")
    assert sweep.end() == {0: JobStatus.UNKNOWN}
    assert recorded == [("0" * 32, KILLED)]
    assert sweep.machine.started == [0]


def test_who_goes_on_is_not_killed_for_what_was_before(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    table, steering = sweep.scheduler._table, sweep.scheduler._steering
    (now,) = table.running.values()
    before = replace(now, process=None)
    steering._ending.append((before, 0.0))
    assert comes(lambda: steering._ending == [])
    assert sweep.machine.processes[0].calls == []
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}


def test_a_run_that_waits_is_killed_before_it_starts(tmp_path):
    reasons = []
    waiting = replace(job(1, 1), record_failure=lambda error: reasons.append(repr(error)))
    sweep = Steered(tmp_path, [job(0, 2), waiting], 1)
    assert sweep.trains(0)
    assert sweep.ask("kill", "1") == Answer(True, "run 1 (epochs=1) will not be trained")
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE, 1: JobStatus.UNKNOWN}
    assert reasons == [f"Killed('{KILLED}')"]
    assert sweep.machine.started == [0]


def test_one_run_starts_next_even_if_it_needs_more_room(tmp_path, monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    jobs = [job(0, 9), job(1, 8), job(2, 7), job(3, 1, "threads_per_run=2")]
    sweep = Steered(tmp_path, jobs, None)
    assert sweep.trains(0, 1)
    assert sweep.ask("first", "3") == Answer(True, "run 3 (epochs=1) starts next")
    sweep.machine.finish(0)
    assert sweep.trains(1)
    assert sweep.ask("first", "1") == Answer(False, "first 1: run 1 (epochs=8) trains already")
    assert sweep.ask("first", "0") == Answer(False, "first 0: run 0 (epochs=9) has ended")
    assert sweep.machine.started == [0, 1]
    sweep.machine.finish(1)
    assert sweep.trains(3)
    sweep.machine.finish(3)
    assert sweep.trains(2)
    sweep.machine.finish(2)
    assert sweep.end() == dict.fromkeys(range(4), DONE)


def test_what_is_to_start_next_does_so_before_what_was_paused(tmp_path):
    sweep = Steered(tmp_path, [job(number, 9 - number) for number in range(4)], 2)
    assert sweep.trains(0, 1)
    sweep.ask("first", "3")
    sweep.ask("jobs", "1")
    assert sweep.is_asked_to_pause(1)
    sweep.machine.pause(1)
    assert sweep.trains(0)
    for number, following in ((0, [3]), (3, [1]), (1, [2]), (2, [])):
        sweep.machine.finish(number)
        assert sweep.trains(*following)
    assert sweep.end() == dict.fromkeys(range(4), DONE)


def test_stop_is_as_an_interrupt(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2), job(1, 1)], 1)
    assert sweep.trains(0)
    assert sweep.ask("stop") == Answer(True, "stops; the same command goes on with it")
    with pytest.raises(KeyboardInterrupt):
        sweep.end()
    assert sweep.machine.processes[0].calls == ["terminate", "join"]
    assert sweep.machine.started == [0]
    ((_, kept),) = sweep.record.texts.items()
    assert kept["asked"] == "stop"


def test_what_is_asked_after_a_stop_is_answered_and_recorded(tmp_path, monkeypatch):
    """All of it is taken from the folder at once."""
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    usual, asked = ControlFolder.take, [("stop",), ("pause",), ("add", "seed=1"), ("kill", "0")]

    def take(folder):
        names.extend(sweep.asking.ask(each[0], each[1:]) for each in asked[len(names) :])
        return usual(folder)

    names = []
    monkeypatch.setattr(ControlFolder, "take", take)
    ended = Answer(False, "the sweep has ended")
    found = {}
    assert comes(
        lambda: (
            found.update({n: a for n in names if (a := sweep.asking.answer(n))})
            or len(found) == len(asked)
        )
    )
    assert [found[each] for each in names][1:] == [ended] * 3
    with pytest.raises(KeyboardInterrupt):
        sweep.end()
    kept = [sweep.record.texts[key] for key in sorted(sweep.record.texts)]
    assert [each["asked"] for each in kept] == [" ".join(each) for each in asked]


def test_a_name_that_a_terminal_would_obey_is_not_shown_as_it_is(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    (sweep.asking.path / "\x1b[2Jgone.json").write_text("{")
    assert comes(lambda: sweep.said)
    (line,) = sweep.said
    assert line.isprintable()
    assert line.endswith("/\\x1b[2Jgone.refused'")
    (sweep.asking.path / "\x1b[2Jgone.refused").unlink()
    sweep.machine.finish(0)
    sweep.end()


def test_runs_are_added_while_others_train(tmp_path):
    asked, released = [], threading.Event()

    def add(overrides):
        asked.append(overrides)
        released.wait(60)
        return Added([job(1, 5), job(2, 6)], "2 runs added (1, 2)")

    sweep = Steered(tmp_path, [job(0, 2)], 1, add)
    assert sweep.trains(0)
    name = sweep.asking.ask("add", ["optim.lr=0.5", "seed=1,2"])
    assert comes(lambda: asked)
    sweep.machine.finish(0)  # the sweep waits for what comes
    assert comes(lambda: not sweep.machine.senders)
    released.set()
    assert comes(lambda: sweep.asking.answer(name) == Answer(True, "2 runs added (1, 2)"))
    assert sweep.trains(1)
    sweep.machine.finish(1)
    assert sweep.trains(2)
    sweep.machine.finish(2)
    assert sweep.end() == {0: DONE, 1: DONE, 2: DONE}
    assert asked == [("optim.lr=0.5", "seed=1,2")]
    # It is known when the sweep goes on after an interruption, as is what was added before.
    assert sweep.record.texts["added.json"] == [["seed=9"], [*asked[0]]]
    assert sweep.machine.added == [0, 1, 2]


def test_what_takes_long_to_compose_keeps_a_stop_from_no_record(tmp_path, monkeypatch):
    monkeypatch.setattr(logbook, "CLOSING_SECONDS", 5.0)
    released, begun = threading.Event(), []

    def add(overrides):
        begun.append(overrides)
        released.wait(60)
        return Added([], "0 runs added")

    sweep = Steered(tmp_path, [job(0, 2)], 1, add)
    assert sweep.trains(0)
    sweep.asking.ask("add", ["seed=1"])
    assert comes(lambda: begun)
    sweep.ask("stop")
    try:
        with pytest.raises(KeyboardInterrupt):
            sweep.end()
        kept = [sweep.record.texts[key] for key in sorted(sweep.record.texts)]
        assert [each["asked"] for each in kept] == ["add seed=1", "stop"]
    finally:
        released.set()


def test_what_was_added_is_recorded_before_it_is_answered_however_long_it_is(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2)], 1, lambda overrides: Added([], "0 runs added"))
    assert sweep.trains(0)
    long = ["optim.lr=" + ",".join(["0.123456789"] * 400)] * 3
    assert sweep.ask("add", *long) == Answer(True, "0 runs added")
    assert sweep.record.texts["added.json"] == [["seed=9"], long]
    usual = sweep.record.log_text
    sweep.record.log_text = lambda *_: 1 / 0
    assert sweep.ask("add", "seed=1") == Answer(
        True,
        "0 runs added; not recorded, and to be added again if the sweep is interrupted: "
        "ZeroDivisionError: division by zero",
    )
    sweep.record.log_text = usual
    assert sweep.ask("add", "seed=2").is_done  # and with it what could not be recorded
    assert sweep.record.texts["added.json"] == [["seed=9"], long, ["seed=1"], ["seed=2"]]
    sweep.machine.finish(0)
    sweep.end()


def test_what_is_composed_when_a_failure_has_stopped_all_is_not_said_to_be_added(tmp_path):
    released, goes_on = threading.Event(), threading.Event()

    def add(overrides):
        released.wait(60)
        return Added([job(1, 5)], "1 run added (1)")

    class Slow(Suggesting):
        def finished(self, job, result):
            goes_on.wait(60)

    sweep = Steered(tmp_path, [job(0, 2, "on_failure=stop")], 1, add, Slow([]))
    assert sweep.trains(0)
    steering, name = sweep.scheduler._steering, sweep.asking.ask("add", ["seed=1"])
    assert comes(lambda: steering.is_busy)
    sweep.machine.fail(0, "because")
    assert comes(lambda: sweep.scheduler._is_stopped)
    released.set()
    assert comes(lambda: all(each.done() for each in steering._additions._composing))
    goes_on.set()
    assert comes(lambda: sweep.asking.answer(name) == Answer(False, "the sweep has ended"))
    assert sweep.end() == {0: JobStatus.FAILED}
    assert "added.json" not in sweep.record.texts


def test_what_is_composed_when_the_sweep_has_ended_is_not_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(control_folder, "READING_SECONDS", 0.0)
    begun, released = threading.Event(), threading.Event()

    def add(overrides):
        begun.set()
        released.wait(60)
        return Added([job(1, 5)], "1 run added (1)")

    record, said = Kept(), []
    steering = Steering(ControlFolder(tmp_path, "s"), record, add, say=said.append)
    steering.begin()
    Asking(tmp_path, "s").ask("add", ["seed=1"])
    assert steering.look(table()) == []
    assert begun.wait(60)
    steering.close()
    released.set()
    for thread in (steering._logbook._composing, steering._logbook._thread):
        thread.shutdown(wait=True)
    assert [line.rpartition(": ")[2] for line in said] == ["the sweep has ended"]
    assert [each["is_done"] for each in record.texts.values()] == [False]


@pytest.mark.parametrize("is_away", [False, True])
def test_what_is_trained_already_is_added_though_the_sweep_ends(tmp_path, monkeypatch, is_away):
    recording, released = threading.Event(), threading.Event()
    sweep = Steered(tmp_path, [job(0, 2)], 2, lambda overrides: Added([job(1, 1)], "1 run added"))
    usual = sweep.record.log_text

    def keep(text, path):
        if path == "added.json":
            recording.set()
            released.wait(60)
        usual(text, path)

    sweep.record.log_text = keep
    assert sweep.trains(0)
    name = sweep.asking.ask("add", ["seed=1"])
    assert recording.wait(60)
    assert sweep.trains(0, 1)
    sweep.ask("stop")
    if is_away:
        monkeypatch.setattr(adding, "CLOSING_SECONDS", 0.0)
    else:
        released.set()
    found = []
    assert comes(lambda: found.append(sweep.asking.answer(name)) or found[-1])
    released.set()
    assert found[-1].is_done
    assert ("not recorded, and to be added again" in found[-1].text) is is_away
    with pytest.raises(KeyboardInterrupt):
        sweep.end()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UserError("epochs=0: 1 or more\n(in the combination epochs=0)"),) * 2,
        (OSError(5, "Input/output error"), "OSError: [Errno 5] Input/output error"),
    ],
)
def test_what_cannot_be_added_is_refused_and_the_sweep_goes_on(tmp_path, error, told):
    def add(overrides):
        raise error

    sweep = Steered(tmp_path, [job(0, 2)], 1, add)
    assert sweep.trains(0)
    assert sweep.ask("add", "x=1") == Answer(False, " ".join(str(told).split()))
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}


def test_nothing_is_added_to_a_search(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    answer = sweep.ask("add", "optim.lr=0.5")
    assert (answer.is_done, answer.text) == (
        False,
        "add optim.lr=0.5: this is a search, which has no grid to add to; it suggests its runs "
        "itself",
    )
    sweep.machine.finish(0)
    sweep.end()


@pytest.mark.parametrize("is_own", [True, False])
def test_what_others_add_is_composed_for_others(tmp_path, monkeypatch, is_own):
    usual = control_folder.read
    owner = os.geteuid() if is_own else os.geteuid() + 1
    monkeypatch.setattr(control_folder, "read", lambda path: (usual(path)[0], owner))
    adders = [lambda overrides, who=who: Added([], who) for who in ("own", "others")]
    sweep = Steered(tmp_path, [job(0, 2)], 1, adders[0], others=adders[1])
    assert sweep.trains(0)
    assert sweep.ask("add", "seed=1") == Answer(True, "own" if is_own else "others")
    sweep.machine.finish(0)
    sweep.end()


class Suggesting:
    """Suggests jobs of these numbers, one after another."""

    def __init__(self, numbers):
        self.numbers, self.ended = numbers, []

    def next(self):
        return job(self.numbers.pop(0), 1) if self.numbers else None

    def finished(self, job, result):
        self.ended.append(job.number)


def test_a_search_that_is_paused_suggests_nothing_and_does_not_end(tmp_path):
    source = Suggesting([0, 1, 2])
    sweep = Steered(tmp_path, [], 1, source=source)
    assert sweep.trains(0)
    sweep.ask("pause")
    sweep.machine.finish(0)
    assert sweep.trains()
    assert source.numbers == [1, 2]
    assert sweep.ask("resume").is_done
    for number in (1, 2):
        assert sweep.trains(number)
        sweep.machine.finish(number)
    assert sweep.end() == {0: DONE, 1: DONE, 2: DONE}
    assert source.ended == [0, 1, 2]


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("kill", Answer(True, "run 0 (epochs=1) is told to end")),
        ("first", Answer(False, "first 0: run 0 (epochs=1) trains already")),
    ],
)
def test_a_run_that_goes_on_from_a_rung_has_not_ended(tmp_path, monkeypatch, action, answer):
    monkeypatch.setattr(module, "close_as_killed", lambda *_: True)
    source = Suggesting([0, 0])
    sweep = Steered(tmp_path, [], 1, source=source)
    assert sweep.trains(0)
    sweep.machine.finish(0)  # at its rung
    assert comes(lambda: sweep.machine.started == [0, 0])
    assert sweep.ask(action, "0") == answer
    if action == "first":
        sweep.machine.finish(0)
    assert sweep.end() == {0: DONE if action == "first" else JobStatus.UNKNOWN}


def test_a_source_is_told_of_a_run_that_was_killed_before_it_started(tmp_path):
    source = Suggesting([])
    sweep = Steered(tmp_path, [job(0, 2), job(1, 1)], 1, source=source)
    assert sweep.trains(0)
    assert sweep.ask("kill", "1").is_done
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE, 1: JobStatus.UNKNOWN}
    assert source.ended == [1, 0]


def test_what_is_no_request_is_said_and_harms_nothing(tmp_path):
    sweep = Steered(tmp_path, [job(0, 2)], 1)
    assert sweep.trains(0)
    (sweep.asking.path / "001.json").write_text("{")
    aside = sweep.asking.path / "001.refused"
    assert comes(aside.exists)
    assert comes(
        lambda: sweep.said == [f"control: a request was not taken: it is not JSON: {aside}"]
    )
    assert comes(lambda: (sweep.asking.path / "001.answer").exists())
    assert sweep.asking.answer("001") == Answer(
        False, "the sweep did not take the request: it is not JSON"
    )
    aside.unlink()
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}


def test_a_record_that_is_away_does_not_stop_the_sweep(tmp_path):
    def away(*_):
        raise ConnectionError("away")

    sweep = Steered(tmp_path, [job(0, 2)], 1)
    sweep.record.log_text = sweep.record.set_tag = sweep.record.delete_tag = away
    assert sweep.trains(0)
    assert sweep.ask("pause").is_done
    sweep.machine.pause(0)
    assert sweep.ask("resume").is_done
    assert sweep.trains(0)
    sweep.machine.finish(0)
    assert sweep.end() == {0: DONE}


def test_a_folder_that_cannot_be_made_leaves_the_sweep_unsteered(tmp_path):
    (tmp_path / "control").write_text("")
    said, machine = [], Machine(Machine.finish)
    machine.capacity = LocalCapacity(1, [])
    steering = Steering(ControlFolder(tmp_path, "s"), Kept(), say=said.append)
    results = Scheduler(machine, [job(0, 1)], machine, steering=steering).run()
    assert [each.status for each in results.values()] == [DONE]
    (line,) = said
    assert line.startswith("control: this sweep cannot be steered: [Errno 20] Not a directory")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "7",
            "7: is none of the runs that this sweep trains; allowed are their numbers (0, 1, 2), ",
        ),
        ("abc", "abc: is none of the runs"),
        ("epochs=4", "epochs=4: may be several: run 1 (epochs=4), run 2 (epochs=4); allowed is "),
        ("aaaa", "aaaa: may be several: run 1 (epochs=4), run 2 (epochs=4); allowed is one of"),
    ],
)
def test_a_run_that_is_unknown_or_ambiguous(given, message):
    with pytest.raises(UserError) as raised:
        table().find(given)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("given", "number"),
    [("0", 0), ("epochs=3", 0), ("aaaab", 2), ("epochs=3 mlp relu mnist_5k", 0)],
)
def test_a_run_by_its_number_overrides_name_or_id(given, number):
    assert table().find(given).number == number


def test_a_run_by_the_part_of_its_long_name_that_is_recorded():
    jobs = table()
    long = f"init_from={'a' * 300}"
    jobs.add(replace(job(3, 5), overrides=(long,)))
    assert jobs.find(long).number == jobs.find(as_name(long)).number == 3


def table():
    machine = Machine(None)
    found = JobTable(LocalCapacity(1, []), machine)
    for each in (job(0, 3), job(1, 4), job(2, 4)):
        found.add(each)
    found.run_ids |= {1: "aaaaa", 2: "aaaab"}
    return found
