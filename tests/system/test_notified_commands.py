"""A command that is told how a sweep ended: what it gets, and what becomes of one that fails."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from hooks import Heard

from sweep import notifying
from sweep.notifying import notify

OUTCOME = {
    **{"event": "failed", "name": "optim.lr=0.1,0.2 $(id) `id` ; rm", "id": "a" * 32},
    **{"reason": "1 of 2 runs failed", "seconds": 12.5, "runs": {"failed": 1, "finished": 1}},
}
KEEP = """
import json, os, sys
told = {key: value for key, value in os.environ.items() if key.startswith("SWEEP_")}
json.dump([sys.argv[2:], json.load(sys.stdin), told], open(sys.argv[1], "w"))
"""


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """However busy the machine is, what answers is told."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(notifying, "MOST_SECONDS", 120.0)
    monkeypatch.setattr(notifying, "ANSWER_SECONDS", 120.0)


def script(tmp_path, text):
    file = tmp_path / "script.py"
    file.write_text(text)
    return [sys.executable, str(file)]


def test_a_command_gets_the_outcome_and_its_own_words_as_they_are(tmp_path):
    words = ["two words", "$HOME", "*", "; false"]
    assert notify([*script(tmp_path, KEEP), str(tmp_path / "told"), *words], None, OUTCOME) == []
    arguments, given, variables = json.loads((tmp_path / "told").read_text())
    assert (arguments, given) == (words, OUTCOME)
    expected = {
        **{"SWEEP_EVENT": "failed", "SWEEP_NAME": OUTCOME["name"], "SWEEP_ID": "a" * 32},
        **{"SWEEP_REASON": "1 of 2 runs failed", "SWEEP_SECONDS": "12.5"},
    }
    assert expected.items() <= variables.items()
    assert "SWEEP_RUNS" not in variables


def test_a_command_that_fails_is_a_line(tmp_path):
    lines = notify(script(tmp_path, "raise SystemExit(3)"), None, OUTCOME)
    assert lines == ["notify.command: could not be told: its exit code is 3"]


def test_a_command_that_is_gone_is_a_line(tmp_path):
    lines = notify([str(tmp_path / "gone")], None, OUTCOME)
    assert lines == ["notify.command: could not be told: No such file or directory"]


def test_a_command_that_hangs_is_ended_with_what_it_has_started(tmp_path, monkeypatch):
    monkeypatch.setattr(notifying, "MOST_SECONDS", 2.0)
    started = tmp_path / "pid"
    hang = f"""
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(started)!r} + ".tmp", "w").write(str(other.pid))
os.rename({str(started)!r} + ".tmp", {str(started)!r})
time.sleep(600)
"""
    (line,) = notify(script(tmp_path, hang), None, OUTCOME)
    assert line == "notify.command: could not be told: it took longer than 2 s, and was ended"
    if started.exists():  # on a machine that is not too busy for that
        assert is_gone(int(started.read_text()))


def is_gone(pid):
    for _ in range(1000):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    os.kill(pid, 9)
    return False


def test_one_is_told_though_the_other_is_not(tmp_path):
    with Heard() as server:
        lines = notify([str(tmp_path / "gone")], server.url, OUTCOME)
    assert len(lines) == 1 and len(server.told) == 1
