"""A program whose output is not read any more ends in silence."""

import os
import signal
import sys

import pytest

from sweep import pipes
from sweep.display.console import show_lines


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


@pytest.mark.parametrize("printed", [print, show_lines])
def test_nobody_reads_what_is_printed_by_whatever(pipe, printed):
    os.close(pipe[0])

    def application():
        try:
            printed("a line")
            sys.stdout.flush()
        finally:
            printed("a line of the end")

    with pytest.raises(Ended) as ended:
        pipes.for_a_reader(application, pipe[1])
    assert ended.value.args == (128 + signal.SIGPIPE,)


def test_an_interrupt_that_ends_the_reader_too_is_told_as_one(pipe):
    os.close(pipe[0])

    def application():
        try:
            raise KeyboardInterrupt
        finally:
            show_lines("a line of the end")

    with pytest.raises(KeyboardInterrupt):
        pipes.for_a_reader(application, pipe[1])


def test_another_pipe_is_broken(pipe):
    with pytest.raises(BrokenPipeError):
        pipes.for_a_reader(breaks, pipe[1])
    os.close(pipe[0])


def test_an_exit_code_is_kept(pipe):
    with pytest.raises(SystemExit) as ended:
        pipes.for_a_reader(lambda: exit(3), pipe[1])
    assert ended.value.code == 3
    os.close(pipe[0])


@pytest.fixture
def full():
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no file here that is always full")
    output = os.open("/dev/full", os.O_WRONLY)
    yield output
    os.close(output)


@pytest.mark.parametrize(("code", "told"), [(None, 1), (0, 1), (3, 3)])
def test_what_is_printed_to_a_full_output_is_lost_and_the_program_goes_on(full, capfd, code, told):
    done = []

    def application():
        for _ in range(2):
            print("a line", flush=True)
            done.append("a line")
        if code is not None:
            exit(code)

    with pytest.raises(SystemExit) as ended:
        pipes.for_a_reader(application, full)
    assert (done, ended.value.code) == (["a line"] * 2, told)
    assert capfd.readouterr().err == (
        "The output cannot be written: No space left on device; what would be printed from here "
        "on is lost.\n"
    )


@pytest.fixture
def closed_terminal(monkeypatch):
    """Standard output and errors on a terminal that was closed since it was opened."""
    ours, theirs = os.openpty()
    with open(theirs, "wb", buffering=0) as terminal:
        monkeypatch.setattr(pipes, "ERRORS", theirs)
        os.close(ours)
        yield terminal.fileno()


def test_a_program_goes_on_where_neither_output_nor_errors_can_be_written(closed_terminal):
    done = []

    def application():
        for _ in range(2):
            print("a line", flush=True)
            print("an error", file=sys.stderr, flush=True)
            sys.stderr.write("what multiprocessing flushes before it starts a process")
            sys.stderr.flush()
            done.append("a line")
        raise KeyboardInterrupt

    usual = sys.stderr
    with pytest.raises(KeyboardInterrupt):
        pipes.for_a_reader(application, closed_terminal)
    assert done == ["a line"] * 2
    assert sys.stderr is usual


def test_errors_get_where_they_went_at_once(capfd):
    def application():
        print("an error ±", file=sys.stderr)
        assert capfd.readouterr() == ("", "an error ±\n")

    pipes.for_a_reader(application)


def test_all_that_is_printed_gets_there(tmp_path):
    usual, lines = sys.stdout, "".join(f"line {number} ±\n" for number in range(9999))
    with open(tmp_path / "output", "w") as file:
        pipes.for_a_reader(lambda: print(lines, end=""), file.fileno())
    assert (tmp_path / "output").read_text(encoding=usual.encoding) == lines
    assert sys.stdout is usual
