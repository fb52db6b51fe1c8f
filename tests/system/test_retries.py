"""What the scheduler does about runs that die, take too long or fail."""

import threading

import pytest
from hydra.core.utils import JobReturn, JobStatus
from machine import Machine, job, run

from sweep.runs.events import Ended, Recorded, Retried, Started

KILLED = "its process was killed by SIGKILL"


def statuses(results):
    return {number: each.status.name for number, each in results.items()}


class Lives:
    """A script in which runs die: each so often, then it finishes."""

    def __init__(self, deaths, code=-9):
        self.left, self.code = dict(deaths), code

    def __call__(self, machine, number):
        if self.left.get(number, 0):
            self.left[number] -= 1
            machine.die(number, self.code)
        else:
            machine.finish(number)


# --- retries ---


@pytest.mark.parametrize(("retries", "deaths"), [(1, 0), (1, 1), (3, 2), (3, 3)])
def test_a_run_that_dies_is_started_again(retries, deaths):
    machine = Machine(Lives({0: deaths}))
    results = run(machine, [job(0, 2, f"max_retries={retries}")], 1)
    assert statuses(results) == {0: "COMPLETED"}
    assert machine.started == [0] * (deaths + 1)
    assert machine.told == [
        (0, Retried(KILLED, number, retries)) for number in range(1, deaths + 1)
    ]


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_run_that_dies_too_often_fails(retries):
    machine = Machine(Lives({0: 99}))
    results = run(machine, [job(0, 2, f"max_retries={retries}"), job(1, 1)], 1)
    assert statuses(results) == {0: "FAILED", 1: "COMPLETED"}
    assert str(results[0]._return_value) == KILLED
    assert machine.started == [*[0] * (retries + 1), 1]
    told = [Retried(KILLED, number, retries) for number in range(1, retries + 1)]
    assert machine.told == [(0, each) for each in [*told, Ended("FAILED", KILLED)]]


def test_retries_are_counted_for_each_run_and_keep_its_number():
    machine = Machine(Lives({0: 1, 2: 1}))
    jobs = [job(number, 9 - number) for number in range(3)]
    results = run(machine, jobs, 1)
    assert statuses(results) == dict.fromkeys(range(3), "COMPLETED")
    assert machine.started == [0, 0, 1, 2, 2]  # it goes on at once: it is not put last
    assert {number: each.return_value for number, each in results.items()} == {
        number: number / 10 for number in range(3)
    }
    assert machine.most == 1  # its place was free


def test_what_is_told_before_and_after_a_death_has_the_same_number():
    def tell_and_die_once(machine, number):
        machine.send(number, Recorded("id"))
        machine.send(number, Started("name", "id", 9, epochs_before=len(machine.started) - 1))
        if len(machine.started) == 1:
            machine.send(number, Ended("FAILED", "what it said"))  # or its record would be closed
            machine.die(number, -9)
        else:
            machine.finish(number)

    machine = Machine(tell_and_die_once)
    run(machine, [job(5, 9)], 1)
    assert [event for number, event in machine.told if number == 5] == [
        Recorded("id"),
        Started("name", "id", 9),
        Ended("FAILED", "what it said"),
        Retried(KILLED, 1, 1),
        Recorded("id"),
        Started("name", "id", 9, epochs_before=1),
    ]


def test_the_record_of_a_run_that_died_is_closed_if_it_has_one(monkeypatch):
    closed = []
    monkeypatch.setattr(
        "sweep.execution.scheduler.close_as_failed",
        lambda tracking, run_id, error: closed.append((tracking.experiment, run_id, str(error))),
    )

    def die(machine, number):
        if number == 0:
            machine.send(0, Recorded("zero"))
        if number == 1:
            machine.send(1, Recorded("one"))
            machine.send(1, Ended("KILLED"))
        machine.die(number, 3)

    machine = Machine(die)
    options = ("max_retries=0", "tracking.experiment=mine")
    run(machine, [job(number, 1, *options) for number in range(3)], 1)
    assert closed == [("mine", "zero", "its process ended with exit code 3")]


def test_a_run_that_fails_by_itself_is_not_started_again():
    machine = Machine(lambda machine, number: machine.fail(number, "diverged at epoch 1"))
    results = run(machine, [job(0, 2, "max_retries=5")], 1)
    assert (statuses(results), machine.started) == ({0: "FAILED"}, [0])
    assert machine.told == [(0, Ended("FAILED", "diverged at epoch 1"))]


def test_a_run_that_was_told_to_stop_is_not_started_again():
    machine = Machine(lambda machine, number: machine.die(number, 143))
    results = run(machine, [job(0, 2, "max_retries=5")], 1)
    assert (statuses(results), machine.started) == ({0: "FAILED"}, [0])
    assert machine.told == [(0, Ended("FAILED", "its process was stopped by SIGTERM"))]


# --- runs that take too long ---


@pytest.mark.parametrize("retries", [0, 1])
def test_a_run_that_takes_too_long_is_killed(retries):
    def hang(machine, number):
        if number == 1:
            machine.finish(1)

    machine = Machine(hang)
    options = ("run_timeout=0.05", f"max_retries={retries}")
    results = run(machine, [job(0, 2, *options), job(1, 1)], 2)
    assert statuses(results) == {0: "FAILED", 1: "COMPLETED"}
    reason = "it took longer than run_timeout=0.05 seconds"
    assert str(results[0]._return_value) == reason
    retried = [Retried(reason, 1, 1)] * retries
    assert machine.told == [(0, each) for each in [*retried, Ended("FAILED", reason)]]
    assert machine.processes[0].calls == ["kill", "join"]


def test_each_retry_has_the_time_for_itself():
    def hang_at_first(machine, number):
        if len(machine.started) > 1:
            machine.finish(number)

    machine = Machine(hang_at_first)
    results = run(machine, [job(0, 2, "run_timeout=0.05")], 1)
    assert (statuses(results), machine.started) == ({0: "COMPLETED"}, [0, 0])


def test_runs_have_times_of_their_own():
    def hang_but_one(machine, number):
        if number == 2:
            machine.finish(2)
            threading.Timer(0.5, machine.finish, [1]).start()

    machine = Machine(hang_but_one)
    timeouts = ("0.1", "60", "null")
    options = [(f"run_timeout={each}", "max_retries=0") for each in timeouts]
    results = run(machine, [job(number, 9, *each) for number, each in enumerate(options)], 3)
    assert statuses(results) == {0: "FAILED", 1: "COMPLETED", 2: "COMPLETED"}
    assert [machine.processes[number].calls for number in range(3)] == [
        ["kill", "join"],
        ["join"],
        ["join"],
    ]


def test_a_result_that_came_in_time_counts():
    def finish_but_stay(machine, number):
        machine.send(number, JobReturn(status=JobStatus.COMPLETED, _return_value=0.5))

    machine = Machine(finish_but_stay)
    results = run(machine, [job(0, 2, "run_timeout=0.05")], 1)
    assert (statuses(results), results[0].return_value) == ({0: "COMPLETED"}, 0.5)
    assert machine.processes[0].calls == ["kill", "join"]


# --- on_failure=stop ---


@pytest.mark.parametrize("how", ["fail", "die"])
def test_the_first_failure_stops_the_others(how):
    def fail_the_second(machine, number):
        if number == 1:
            machine.fail(1, "because") if how == "fail" else machine.die(1, -9)

    machine = Machine(fail_the_second)
    options = ("on_failure=stop", "max_retries=0")
    results = run(machine, [job(number, 9 - number, *options) for number in range(4)], 2)
    assert statuses(results) == {1: "FAILED"}
    assert machine.started == [0, 1]
    assert machine.processes[0].calls == ["terminate", "join"]
    assert machine.told == [(1, Ended("FAILED", "because" if how == "fail" else KILLED))]


def test_what_stopped_runs_tell_is_shown():
    def fail_the_second(machine, number):
        if number == 1:
            machine.send(0, Ended("KILLED"))
            machine.fail(1, "because")

    machine = Machine(fail_the_second)
    run(machine, [job(number, 9, "on_failure=stop") for number in range(2)], 2)
    assert sorted(machine.told, key=lambda each: each[0]) == [
        (0, Ended("KILLED")),
        (1, Ended("FAILED", "because")),
    ]


def test_a_death_that_is_retried_is_no_failure():
    machine = Machine(Lives({0: 1}))
    results = run(machine, [job(0, 2, "on_failure=stop"), job(1, 1, "on_failure=stop")], 1)
    assert statuses(results) == {0: "COMPLETED", 1: "COMPLETED"}


def test_runs_that_ended_at_the_same_moment_are_not_lost():
    def end_both(machine, number):
        if number == 1:
            machine.fail(0, "because")
            machine.finish(1)

    machine = Machine(end_both)
    results = run(machine, [job(number, 9, "on_failure=stop") for number in range(2)], 2)
    assert statuses(results) == {0: "FAILED", 1: "COMPLETED"}
