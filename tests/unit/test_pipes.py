"""A program whose output is not read any more ends in silence."""

import os
import signal

import pytest

from sweep import pipes


class Ended(Exception):
    """What os._exit does not raise."""


@pytest.fixture(autouse=True)
def _end(monkeypatch):
    def end(code):
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)


def breaks():
    raise BrokenPipeError


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    yield reading, writing
    os.close(writing)


def test_nobody_reads(pipe):
    os.close(pipe[0])
    with pytest.raises(Ended) as ended:
        pipes.for_a_reader(breaks, pipe[1])
    assert ended.value.args == (128 + signal.SIGPIPE,)


def test_another_pipe_is_broken(pipe):
    with pytest.raises(BrokenPipeError):
        pipes.for_a_reader(breaks, pipe[1])
    os.close(pipe[0])


def test_an_exit_code_is_kept(pipe):
    with pytest.raises(SystemExit) as ended:
        pipes.for_a_reader(lambda: exit(3), pipe[1])
    assert ended.value.code == 3
    os.close(pipe[0])
