"""How benchmarks/sweeps.py starts a contender, and ends it."""

import subprocess
import sys
import time

import pytest
from contenders import Failed, Place, timed
from workloads import Images
from workplace import lives


@pytest.fixture
def place(tmp_path):
    return Place(Images([], tmp_path / "images.npz", 100), tmp_path, "sqlite:///mlflow.db")


def python(code):
    return [sys.executable, "-c", code]


def test_the_last_line_is_what_a_command_has_to_say(place):
    seconds, line = timed(python("print('a'); print('b\\n')"), place)
    assert line == "b"
    assert seconds > 0


def test_a_command_that_fails_says_why_in_its_last_line(place, capfd):
    with pytest.raises(Failed, match="^exit 1: ValueError: of this$"):
        timed(python("print('begun'); raise ValueError('of this')"), place)
    assert {"begun", "ValueError: of this"} <= {*capfd.readouterr().out.splitlines()}


def test_an_exception_is_the_reason_also_with_more_lines(place):
    with pytest.raises(Failed, match="^exit 1: ValueError: of this$"):
        timed(python("raise ValueError('of this\\nand details')"), place)


def test_a_command_that_hangs_is_ended_with_all_it_started(place, monkeypatch):
    hanging = (
        "import subprocess as s; p = s.Popen(['sleep', '999']); print(p.pid, flush=True); p.wait()"
    )
    printed, wait = place.folder / "printed.txt", subprocess.Popen.wait

    def wait_in_vain(process, timeout=None):
        if timeout is None:
            return wait(process)
        while not printed.read_text().endswith("\n"):
            time.sleep(0.01)
        raise subprocess.TimeoutExpired(process.args, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_in_vain)
    with pytest.raises(Failed, match="did not end in 3,600 seconds"):
        timed(python(hanging), place)
    while lives(int(printed.read_text())):
        time.sleep(0.01)


def test_nobody_is_told_how_many_threads_to_take(place, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert timed(python("import os; print('OMP_NUM_THREADS' in os.environ)"), place)[1] == "False"
