import contextlib
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from hooks import Heard

from sweep import notifying
from sweep.errors import UserError
from sweep.notifying import check_command, notify

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
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """However busy the machine is, what answers is told."""
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


def test_an_address_gets_the_outcome():
    with Heard() as server:
        assert notify([], server.url, OUTCOME) == []
    assert server.told == [("/hook/s3cret", "application/json", OUTCOME)]


def test_nobody_is_told_if_nobody_wants_to_know():
    assert notify([], None, OUTCOME) == []


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_address_that_refuses_is_a_line_without_what_may_be_secret(status):
    with Heard(status) as server:
        lines = notify([], server.url, OUTCOME)
    assert lines == [f"notify.url (127.0.0.1): could not be told: it answered {status}"]


def test_an_address_where_nobody_is_is_a_line():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/s3cret"
    (line,) = notify([], url, OUTCOME)
    assert line == "notify.url (127.0.0.1): could not be told: ConnectionError"


def test_an_address_that_never_answers_is_a_line(monkeypatch):
    monkeypatch.setattr(notifying, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (line,) = notify([], f"http://127.0.0.1:{silent.getsockname()[1]}/", OUTCOME)
    assert line == "notify.url (127.0.0.1): could not be told: ReadTimeout"


def test_an_address_that_answers_a_letter_at_a_time_is_left(monkeypatch):
    monkeypatch.setattr(notifying, "MOST_SECONDS", 0.1)
    end = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            while not end.wait(0.05):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        (line,) = notify([], f"http://127.0.0.1:{listener.getsockname()[1]}/", OUTCOME)
        end.set()
    assert line == "notify.url (127.0.0.1): could not be told: did not answer within 0.1 s"


def test_two_that_never_answer_take_no_longer_than_one(monkeypatch):
    now = 1000.0

    class Silent:
        def __init__(self, **options):
            pass

        def start(self):
            pass

        def join(self, seconds):
            nonlocal now
            now += seconds

    monkeypatch.setattr(notifying, "MOST_SECONDS", 10.0)
    monkeypatch.setattr(notifying.threading, "Thread", Silent)
    monkeypatch.setattr(notifying.time, "monotonic", lambda: now)
    lines = notify(["true"], "http://127.0.0.1:1/s3cret", OUTCOME)
    monkeypatch.undo()
    assert lines == [
        "notify.command: could not be told: did not answer within 10 s",
        "notify.url (127.0.0.1): could not be told: did not answer within 10 s",
    ]
    assert now == 1011.0


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


def test_a_program_that_is_not_there_is_refused():
    check_command([])
    check_command(["true", "x"])
    with pytest.raises(UserError) as error:
        check_command(["no-such-program", "x y"])
    assert str(error.value) == (
        "notify.command=[no-such-program,x y]: there is no program no-such-program here that can "
        "be run; allowed is a list of words, the first a program, as in [notify-send,done]"
    )
