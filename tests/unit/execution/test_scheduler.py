import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobStatus
from machine import Machine, job, run

from sweep.errors import RunFailed
from sweep.execution import scheduler
from sweep.runs.events import CLAIMED, Ended, Notice, Recorded, Started
from sweep.training.selection import EpochRecord


def test_the_longest_come_first_and_all_are_done():
    machine = Machine(Machine.finish)
    epochs = [3, 9, 1, 9, 4]
    results = run(machine, [job(number, each) for number, each in enumerate(epochs)], 1)
    assert machine.started == [1, 3, 4, 0, 2]
    assert {number: each.return_value for number, each in results.items()} == {
        number: number / 10 for number in range(5)
    }
    assert machine.most == 1


def test_what_is_free_takes_the_next_at_once_while_a_long_one_trains():
    def finish_all_but_the_longest(machine, number):
        if number > 0:
            machine.finish(number)
        if number == 5:
            machine.finish(0)  # it ends only when all others have been started

    machine = Machine(finish_all_but_the_longest)
    jobs = [job(0, 100), *(job(number, 1) for number in range(1, 6))]
    results = run(machine, jobs, 2)
    assert machine.started == [0, 1, 2, 3, 4, 5]
    assert sorted(results) == [0, 1, 2, 3, 4, 5]
    assert machine.most == 2


@pytest.mark.parametrize("places", [1, 2, 3, 7])
def test_never_more_at_once_than_there_are_places(places):
    def finish_when_full(machine, number):
        is_last = len(machine.started) == 6
        while len(machine.senders) >= places or (is_last and machine.senders):
            machine.finish(next(iter(machine.senders)))

    machine = Machine(finish_when_full)
    run(machine, [job(number, 1) for number in range(6)], places)
    assert machine.most == min(places, 6)
    assert sorted(machine.started) == [0, 1, 2, 3, 4, 5]


def test_what_runs_tell_is_passed_on_in_its_order():
    events = [Started("name", "id", 2), EpochRecord(1, {}), EpochRecord(2, {}), Ended("FINISHED")]

    def tell_all(machine, number):
        for event in events:
            machine.send(number, event)
        machine.finish(number)

    machine = Machine(tell_all)
    run(machine, [job(0, 2), job(1, 1)], 2)
    for number in (0, 1):
        assert [event for each, event in machine.told if each == number] == events


def test_a_run_that_fails_does_not_stop_the_others():
    def fail(machine, number):
        if number == 0:
            machine.fail(0, "diverged at epoch 1")
        else:
            machine.finish(number)

    machine = Machine(fail)
    results = run(machine, [job(0, 2), job(1, 1)], 1)
    assert [results[number].status for number in (0, 1)] == [JobStatus.FAILED, JobStatus.COMPLETED]
    assert machine.told == [(0, Ended("FAILED", "diverged at epoch 1"))]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (-9, "its process was killed by SIGKILL"),
        (-11, "its process crashed: a segmentation fault (SIGSEGV); its log has the stack"),
        (143, "its process was stopped by SIGTERM"),
        (3, "its process ended with exit code 3"),
        (0, "its process ended with exit code 0"),
    ],
)
def test_a_process_that_dies_before_its_run_is_recorded(code, reason):
    machine = Machine(lambda machine, number: machine.die(number, code))
    (result,) = run(machine, [job(0, 7, "max_retries=0")], 1).values()
    assert (result.status, str(result._return_value)) == (JobStatus.FAILED, reason)
    assert isinstance(result._return_value, RunFailed)
    assert (result.overrides, result.working_dir) == (["epochs=7"], "sweeps/0")
    assert machine.told == [(0, Ended("FAILED", reason))]


@pytest.mark.parametrize(
    ("act", "reasons"),
    [
        (lambda machine, number: machine.die(number, 3), ["its process ended with exit code 3"]),
        (lambda machine, number: machine.fail(number, "no folder"), ["no folder"]),
        (lambda machine, number: machine.finish(number), []),
    ],
)
def test_a_failure_that_the_run_has_not_recorded_is_recorded_by_the_sweep(
    monkeypatch, act, reasons
):
    monkeypatch.setattr(scheduler, "close_as_failed", lambda *others: None)

    def act_when_recorded(machine, number):
        if number:  # it has a record, which it closes itself
            machine.send(number, Recorded("an id"))
        act(machine, number)

    recorded = []
    jobs = [
        replace(
            job(n, 1, "max_retries=0"),
            record_failure=lambda error, n=n: recorded.append((n, error)),
        )
        for n in (0, 1)
    ]
    run(Machine(act_when_recorded), jobs, 1)
    assert [(n, str(error)) for n, error in recorded] == [(0, each) for each in reasons]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_goes_wrong_here_stops_all(error):
    def break_at_the_third(machine, number):
        if number == 1:
            machine.finish(1)
        if number == 2:
            raise error

    machine = Machine(break_at_the_third)
    with pytest.raises(error):
        run(machine, [job(number, 9 - number) for number in range(5)], 2)
    assert machine.started == [0, 1, 2]
    assert "terminate" in machine.processes[0].calls
    assert machine.processes[0].calls[-1] == "join"
    assert "kill" not in machine.processes[0].calls


def test_a_run_that_does_not_stop_is_killed(monkeypatch):
    monkeypatch.setattr(scheduler, "GRACE_SECONDS", 0.05)

    def hang(machine, number):
        machine.processes[number].stubborn = True
        if number == 1:
            raise KeyboardInterrupt

    machine = Machine(hang)
    with pytest.raises(KeyboardInterrupt):
        run(machine, [job(0, 2), job(1, 1)], 2)
    assert machine.processes[0].calls == ["terminate", "kill", "join"]


def test_nobody_is_killed_before_the_grace_is_over_since_nothing_can_be_shown(monkeypatch):
    """As where the output goes to a program that Ctrl-C has ended as well."""
    monkeypatch.setattr(scheduler, "GRACE_SECONDS", 60.0)

    class Unseen(Machine):
        def __call__(self, number, event):
            super().__call__(number, event)
            self.processes[1 - number].hang_up()
            raise BrokenPipeError

    def close_its_record(machine):
        machine.send(0, Ended("KILLED"))
        machine.senders[0].close()

    def interrupt_the_third(machine, number):
        if number == 2:
            machine.processes[0].hang_up = lambda: close_its_record(machine)
            machine.processes[1].stubborn = True  # until the first has told its end
            raise KeyboardInterrupt

    machine = Unseen(interrupt_the_third)
    with pytest.raises(KeyboardInterrupt):
        run(machine, [job(number, 9 - number) for number in range(3)], 3)
    assert machine.told == [(0, Ended("KILLED"))]
    assert machine.processes[0].calls == machine.processes[1].calls == ["terminate", "join"]


def test_runs_with_more_threads_wait_for_more_places(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    machine = Machine(Machine.finish)
    jobs = [job(0, 9), job(1, 5, "threads_per_run=2"), job(2, 3), job(3, 1, "threads_per_run=4")]
    results = run(machine, jobs, None)
    assert sorted(results) == [0, 1, 2, 3]
    assert machine.started == [0, 2, 1, 3]


class Suggesting:
    """Suggests jobs, each only when it is asked."""

    def __init__(self, count):
        self.count, self.asked, self.ended = count, [], []

    def next(self):
        if len(self.asked) == self.count:
            return None
        self.asked.append([*self.ended])
        return job(len(self.asked) - 1, 1)

    def finished(self, job, result):
        self.ended.append(job.number)


def test_a_free_slot_has_the_next_suggestion_at_once():
    """The first run of three trains until all others have ended."""

    def finish_all_but_the_first(machine, number):
        if number > 0:
            machine.finish(number)
        if number == 5:
            machine.finish(0)

    machine, suggesting = Machine(finish_all_but_the_first), Suggesting(6)
    results = run(machine, [], 3, suggesting)
    assert sorted(results) == [0, 1, 2, 3, 4, 5]
    assert len(suggesting.asked) == 6
    assert not any(0 in ended for ended in suggesting.asked)
    assert sorted(suggesting.ended) == [0, 1, 2, 3, 4, 5]


def test_a_suggestion_that_another_sweep_trains_is_put_off_and_shown(monkeypatch):
    monkeypatch.setattr(scheduler, "CLAIMED_SECONDS", 0.01)
    machine, answers = Machine(Machine.finish), [True, True, False]

    class Claimed(Suggesting):
        def next(self):
            suggested = super().next()
            claimed = {"is_claimed": lambda: answers.pop(0)} if suggested else {}
            return suggested and replace(suggested, **claimed)

    (result,) = run(machine, [], 1, Claimed(1)).values()
    assert (result.status, answers) == (JobStatus.COMPLETED, [])
    assert (machine.added, machine.told) == ([0], [(0, Notice(CLAIMED))])


def test_a_failed_suggestion_is_told_and_stops_the_rest_only_if_asked():
    def fail(machine, number):
        machine.fail(number, "no more")

    suggesting = Suggesting(3)
    assert len(run(Machine(fail), [], 1, suggesting)) == 3
    assert suggesting.ended == [0, 1, 2]

    class Stopping(Suggesting):
        def next(self):
            super().next()
            return job(len(self.asked) - 1, 1, "on_failure=stop")

    suggesting = Stopping(3)
    assert [*run(Machine(fail), [], 1, suggesting)] == [0]
    assert suggesting.ended == [0]


def test_a_failure_stops_all_though_a_source_has_not_answered():
    answers = threading.Event()

    class Slow(Suggesting):
        def next(self):
            answers.wait(60)

    machine = Machine(lambda machine, number: threading.Timer(0.3, fail, [machine]).start())

    def fail(machine):
        machine.fail(0, "because")
        threading.Timer(0.3, answers.set).start()  # when nobody wants to know any more

    suggesting = Slow(1)
    results = run(machine, [job(0, 1, "on_failure=stop")], 2, suggesting)
    assert [each.status for each in results.values()] == [JobStatus.FAILED]
    assert suggesting.ended == [0]


def test_a_suggestion_whose_process_dies_is_retried_before_it_is_told():
    def die_once(machine, number):
        machine.die(number, -9) if machine.started.count(number) == 1 else machine.finish(number)

    machine, suggesting = Machine(die_once), Suggesting(2)
    run(machine, [], 1, suggesting)
    assert machine.started == [0, 0, 1, 1]
    assert suggesting.ended == [0, 1]


def test_the_grace_begins_when_all_were_told_to_stop(monkeypatch):
    """Under SLURM each stop is a program that takes its time."""
    machine, now = Machine(lambda machine, number: None), [0.0]
    monkeypatch.setattr(scheduler, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def tell_slowly(process):
        process.calls.append("terminate")
        now[0] += scheduler.GRACE_SECONDS
        threading.Timer(0.1, process.hang_up).start()

    def interrupt_the_fourth(machine, number):
        process = machine.processes[number]
        process.terminate = lambda: tell_slowly(process)
        if number == 4:
            raise KeyboardInterrupt

    machine.script = interrupt_the_fourth
    with pytest.raises(KeyboardInterrupt):
        run(machine, [job(number, 9 - number) for number in range(5)], 5)
    for number in range(4):
        assert "kill" not in machine.processes[number].calls


def test_what_dies_or_pauses_when_another_has_stopped_all_does_not_start_again():
    """As where memory runs out: several end before the sweep hears of the first."""

    def end_all(machine, number):
        if number == 2:
            for each in (0, 1, 1):  # so that all three end with what they tell third
                machine.send(each, Notice("a word"))
            machine.fail(0, "because")
            machine.die(1, 3)
            machine.pause(2)

    machine = Machine(end_all)
    jobs = [job(number, 9 - number, "on_failure=stop", "max_retries=2") for number in range(3)]
    results = run(machine, jobs, 3)
    assert machine.started == [0, 1, 2]
    reasons = {number: str(each._return_value) for number, each in results.items()}
    assert reasons == {0: "because", 1: "its process ended with exit code 3"}
