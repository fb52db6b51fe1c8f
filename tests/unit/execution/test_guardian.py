"""What ends processes that were left, where the system refuses one. For real: tests/system."""

import os
import signal

import pytest

from sweep.execution.local import guarded, guardian


def test_one_that_has_just_ended_keeps_none_of_the_others(monkeypatch):
    signalled = []

    def refuse_the_first(descriptor, number):
        signalled.append((descriptor, number))
        if len(signalled) == 1:
            raise ProcessLookupError

    monkeypatch.setattr(guardian, "_left_by", lambda sweep: {5, 6})
    monkeypatch.setattr(signal, "pidfd_send_signal", refuse_the_first, raising=False)
    guardian.guard(sweep=4, grace_seconds=0)
    assert sorted(signalled) == [(5, signal.SIGKILL), (6, signal.SIGKILL)]


@pytest.mark.parametrize("error", [ProcessLookupError, OSError(24, "Too many open files")])
def test_one_that_cannot_be_opened_keeps_none_of_the_others(monkeypatch, error):
    def opened(number):
        if number == 5:
            raise error
        return number

    monkeypatch.setattr(os, "pidfd_open", opened, raising=False)
    assert [*guardian._opened([4, 5, 6])] == [4, 6]


@pytest.mark.parametrize("python", [None, "", "/nothing/there"])
def test_where_no_guardian_can_be_started_runs_are_trained_without(monkeypatch, python):
    monkeypatch.setattr("sys.executable", python)
    assert guarded._numbers.__wrapped__() is None
