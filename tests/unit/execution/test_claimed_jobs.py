"""Combinations that another sweep trains at this moment are put off, not trained twice."""

import threading
from dataclasses import replace

import pytest
from machine import Machine, job, run

from sweep.config.compose import load
from sweep.execution import scheduler
from sweep.runs.events import CLAIMED, Notice, Retried
from sweep.runs.locks import RunLocks
from sweep.sweeps.checks import Prepared


@pytest.fixture
def polls(monkeypatch):
    monkeypatch.setattr(scheduler, "CLAIMED_SECONDS", 0.01)


def test_what_another_sweep_trains_is_put_off_while_others_go_on(polls):
    asked, machine = [], Machine(Machine.finish)

    def is_claimed():
        asked.append(list(machine.started))
        return len(asked) < 20

    jobs = [replace(job(0, 9), is_claimed=is_claimed), job(1, 5), job(2, 3)]
    results = run(machine, jobs, 1)
    assert sorted(results) == [0, 1, 2]
    assert machine.started == [1, 2, 0]
    assert machine.told == [(0, Notice(CLAIMED))]  # once
    assert len(asked) == 20  # and no more, once it is free
    assert asked[0] == []  # it would have been the first


def test_what_is_put_off_takes_no_place(polls):
    free = threading.Event()
    machine = Machine(lambda machine, number: machine.finish(number))
    claimed = [replace(job(n, 9), is_claimed=lambda: not free.is_set()) for n in (0, 1)]

    def finish_and_free(machine, number):
        if number == 4:
            free.set()
        machine.finish(number)

    machine.script = finish_and_free
    run(machine, [*claimed, job(2, 3), job(3, 2), job(4, 1)], 1)
    assert machine.started == [2, 3, 4, 0, 1]
    assert sorted(number for number, _ in machine.told) == [0, 1]


def test_nothing_is_asked_again_while_there_is_no_place(polls):
    asked, machine = [], Machine(lambda machine, number: None)

    def is_claimed():
        asked.append(None)
        return False

    def let_go(machine, number):
        threading.Timer(0.2, machine.finish, [number]).start()

    machine.script = let_go
    run(machine, [job(0, 9), replace(job(1, 1), is_claimed=is_claimed)], 1)
    assert (machine.started, len(asked), machine.told) == ([0, 1], 1, [])


def test_a_run_that_died_and_is_claimed_then_is_put_off_too(polls):
    def die_once(machine, number):
        machine.die(number, 3) if len(machine.started) == 1 else machine.finish(number)

    asked, machine = [], Machine(die_once)

    def is_claimed():
        asked.append(None)
        return len(asked) in (2, 3)

    results = run(machine, [replace(job(0, 9), is_claimed=is_claimed)], 1)
    assert (results[0].return_value, machine.started) == (0.0, [0, 0])
    retried = Retried("its process ended with exit code 3", 1, 1)
    assert machine.told == [(0, retried), (0, Notice(CLAIMED))]


def test_an_interrupt_while_all_are_put_off(polls):
    asked, machine = [], Machine(Machine.finish)

    def is_claimed():
        asked.append(None)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return True

    with pytest.raises(KeyboardInterrupt):
        run(machine, [replace(job(0, 9), is_claimed=is_claimed)], 1)
    assert machine.started == []


def test_a_lock_that_cannot_be_opened_stops_nothing(tmp_path):
    locks = RunLocks(tmp_path)
    (tmp_path / "locks" / "abc.lock").mkdir()  # as good as a full disk
    prepared = Prepared(datasets={}, devices={}, networks={}, starts={}, tracker=None, locks=locks)
    assert not prepared._is_claimed("abc", "", load())
    with locks.hold("def", waiting=list):
        assert prepared._is_claimed("def", "", load())
