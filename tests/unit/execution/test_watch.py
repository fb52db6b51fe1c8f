"""When a run is taken for one that hangs, and what is done with it then."""

import math
from multiprocessing import Pipe
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn, JobStatus
from machine import Machine, job, run

from sweep.execution import watch
from sweep.execution.remote import agent
from sweep.execution.watch import LOOK_SECONDS, Silence, Watch
from sweep.runs.events import Alive, Ended, Notice, Recorded, Retried, Waiting
from sweep.training.selection import EpochRecord

REASON = "it made no progress for 0.05 seconds; its log has its stacks"


def stalled_at(silence, events, until=math.inf):
    """Return when a run is first taken for one that hangs, looked at every two seconds.

    Args:
        silence: begun at 0.
        events: by the times at which the run tells them.
        until: when to look no more.
    """
    now = 0.0
    while now < until:
        now += 2.0
        if now in events:
            silence.heard(events[now], now)
        elif silence.look(now):
            return now
    return None


def epoch(number, seconds):
    return EpochRecord(number, {"epoch_seconds": seconds})


@pytest.mark.parametrize(
    ("limit", "events", "when"),
    [
        (60, {}, 60),
        (60, {50: Recorded("id")}, 110),
        (60, {50: Alive(), 100: Alive()}, 160),
        (60, {50: Notice("anything"), 100: epoch(1, 50.0)}, 160),
        (7.5, {}, 8),
        ("auto", {}, 600),
        ("auto", {500: Alive()}, 1100),
        ("auto", {500: Waiting()}, 4100),
        ("auto", {500: Waiting(), 4000: Alive()}, 4600),
        (60, {50: Waiting()}, 110),
        ("auto", {100: epoch(1, 60.0)}, 700),
        ("auto", {100: epoch(1, 61.0)}, 710),
        ("auto", {100: epoch(1, 100.0), 200: epoch(2, 1.0)}, 1200),
        (None, {}, None),
    ],
)
def test_when_a_run_is_taken_for_one_that_hangs(limit, events, when):
    assert stalled_at(Silence(limit, 0.0), events, until=9000) == when


def test_a_first_epoch_may_take_a_day_if_there_are_signs_of_life():
    signs = {float(second): Alive() for second in range(500, 86_400, 500)}
    assert stalled_at(Silence("auto", 0.0), signs, until=86_400) is None


def test_time_in_which_nobody_looked_does_not_count():
    """As where a laptop slept, or Ctrl-Z suspended the sweep with all its runs."""
    silence = Silence(60, 0.0)
    assert not silence.look(2.0)
    assert not silence.look(5000.0)
    assert silence.left == LOOK_SECONDS
    silence.heard(Alive(), 5001.0)
    assert not silence.look(5005.0)
    assert silence.left == LOOK_SECONDS


@pytest.mark.parametrize(("limit", "left"), [(None, 5), (3, 3), (60, 5), ("auto", 5)])
def test_when_to_look_again(limit, left):
    assert Silence(limit, 0.0).left == left


# --- what the scheduler does with it ---


@pytest.fixture
def asked(monkeypatch):
    """Processes that were asked for their stacks, since they were silent for a moment."""
    found = []
    monkeypatch.setattr(watch, "LEAST_SECONDS", 0.05)
    monkeypatch.setattr(watch, "ask_for_stacks", found.append)
    monkeypatch.setattr(watch, "GRACE_SECONDS", 0.05)
    return found


def test_a_run_that_hangs_is_ended_and_goes_on_in_another_process(asked):
    def hang_at_first(machine, number):
        if len(machine.started) > 1:
            machine.finish(number)
        else:
            machine.send(number, Alive())

    machine = Machine(hang_at_first)
    (result,) = run(machine, [job(0, 2)], 1).values()
    assert (result.status, machine.started) == (JobStatus.COMPLETED, [0, 0])
    assert machine.told == [(0, Retried(REASON, 1, 1))]
    assert len(asked) == 1 and asked[0].calls == ["terminate", "join"]


def test_a_run_that_hangs_and_heeds_no_word_is_killed(asked):
    machine = Machine(lambda machine, number: setattr(machine.processes[number], "stubborn", True))
    (result,) = run(machine, [job(0, 2, "max_retries=0")], 1).values()
    assert (result.status, str(result._return_value)) == (JobStatus.FAILED, REASON)
    assert machine.told == [(0, Ended("FAILED", REASON))]
    assert machine.processes[0].calls == ["terminate", "kill", "join"]
    assert asked == [machine.processes[0]]


def test_that_it_closed_its_record_at_a_word_is_not_its_end(asked, monkeypatch):
    closed = []
    monkeypatch.setattr("machine.Scheduler", closing_by(closed))

    def close_and_stop(machine, number):
        machine.send(number, Recorded("id"))
        process = machine.processes[number]

        def stop():
            process.calls.append("terminate")
            machine.send(number, Ended("KILLED"))
            process.exitcode = 143
            machine.senders[number].close()

        process.terminate = stop

    machine = Machine(close_and_stop)
    (result,) = run(machine, [job(0, 2, "max_retries=0")], 1).values()
    assert str(result._return_value) == REASON
    assert machine.told == [(0, Recorded("id")), (0, Ended("FAILED", REASON))]
    assert closed == [("id", REASON)]


def closing_by(closed):
    """Return a scheduler that notes which records it closes, and why."""
    from sweep.execution.scheduler import Scheduler

    def create(*arguments):
        def close(tracking, run_id, error):
            closed.append((run_id, str(error)))

        return Scheduler(*arguments, close=close)

    return create


def test_a_result_counts_though_the_process_hangs_at_its_exit(asked):
    def finish_but_stay(machine, number):
        machine.send(number, JobReturn(status=JobStatus.COMPLETED, _return_value=0.5))

    (result,) = run(Machine(finish_but_stay), [job(0, 2)], 1).values()
    assert (result.status, result.return_value) == (JobStatus.COMPLETED, 0.5)


def test_a_process_that_has_ended_meanwhile_is_not_asked():
    class Process:
        pid, exitcode = 2**22 + 1, None  # more than there can be

    watch.ask_for_stacks(Process())


def test_a_run_that_takes_too_long_is_killed_even_while_it_gets_on(asked):
    process = Machine(lambda *_: None)
    calls = []
    process.kill = lambda: calls.append("kill")
    watched = Watch(job(0, 2, "run_timeout=0.001", "stall_timeout=null").config, process)
    while not calls:
        watched.heard(Alive())
        watched.look()
    assert watched.reason == "it took longer than run_timeout=0.001 seconds"
    assert watched.seconds_left > 0


def test_time_in_which_nobody_looked_is_none_that_a_run_takes(asked, monkeypatch):
    process, now = Machine(lambda *_: None), [0.0]
    process.kill = lambda: None
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    watched = Watch(job(0, 2, "run_timeout=60", "stall_timeout=null").config, process)
    looks = [2.0, 7000.0, 7050.0, *range(7052, 7098, 2)]  # 2 seconds, 5, 5, and then all
    for now[0] in looks:
        assert watched.seconds_left > 0
        watched.look()
        assert watched.reason is None
    now[0] += 2.0
    watched.look()
    assert watched.reason == "it took longer than run_timeout=60 seconds"


def test_a_run_is_over_though_what_it_has_started_goes_on(asked):
    """Such processes have the run's end of the pipe too, so that it never closes."""

    def leave_a_process_behind(machine, number):
        process = machine.processes[number]
        process.terminate = lambda: setattr(process, "exitcode", 143)

    (result,) = run(Machine(leave_a_process_behind), [job(0, 2, "max_retries=0")], 1).values()
    assert str(result._return_value) == REASON


def test_a_run_has_died_though_what_it_has_started_goes_on(asked, monkeypatch):
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.05)

    def die(machine, number):
        machine.processes[number].exitcode = -9

    machine = Machine(die)
    (result,) = run(machine, [job(0, 2, "max_retries=0", "stall_timeout=null")], 1).values()
    assert str(result._return_value) == "its process was killed by SIGKILL"
    assert asked == machine.processes[0].calls[:-1] == []


def test_who_hangs_names_its_log(asked):
    process = Machine(lambda *_: None)
    process.terminate = lambda: None
    watched = Watch(job(0, 2, "stall_timeout=auto").config, process, "outputs/run.log")
    while watched.reason is None:
        watched.look()
    assert watched.reason == "it made no progress for 0.05 seconds; outputs/run.log has its stacks"


# --- on another machine ---


def test_signs_of_life_and_an_end_by_force_stay_on_the_machine_of_the_run(asked, monkeypatch):
    monkeypatch.setattr(watch, "GRACE_SECONDS", 60.0)  # it ends at the first word
    receiver, sender = Pipe(duplex=False)

    class Stopping:
        exitcode = None

        def terminate(self):
            sender.send(Ended("KILLED"))
            sender.close()

    watched = Watch(job(0, 2).config, Stopping())
    sender.send(Alive())
    sender.send(Recorded("id"))
    assert [*agent._messages(receiver, watched)] == [Recorded("id")]
    assert watched.reason == REASON
