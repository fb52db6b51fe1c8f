"""How benchmarks/sweeps.py starts a contender, and ends it."""

import sys
from pathlib import Path

import contenders
import pytest
from contenders import Failed, Place, timed
from workloads import Images


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


def test_a_command_that_hangs_is_ended_with_all_it_started(place, monkeypatch):
    monkeypatch.setattr(contenders, "PATIENCE_SECONDS", 1)
    hanging = (
        "import subprocess as s; p = s.Popen(['sleep', '99']); print(p.pid, flush=True); p.wait()"
    )
    with pytest.raises(Failed, match="did not end in 1 seconds"):
        timed(python(hanging), place)
    status = Path("/proc", (place.folder / "printed.txt").read_text().strip(), "stat")
    assert not status.exists() or status.read_text().split()[2] == "Z"


def test_nobody_is_told_how_many_threads_to_take(place, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert timed(python("import os; print('OMP_NUM_THREADS' in os.environ)"), place)[1] == "False"
