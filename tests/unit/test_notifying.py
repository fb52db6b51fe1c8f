import contextlib
import socket
import threading

import pytest
from hooks import Heard

from sweep import notifying
from sweep.errors import UserError
from sweep.notifying import check_command, notify

OUTCOME = {
    **{"event": "failed", "name": "optim.lr=0.1,0.2 $(id) `id` ; rm", "id": "a" * 32},
    **{"reason": "1 of 2 runs failed", "seconds": 12.5, "runs": {"failed": 1, "finished": 1}},
}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """However busy the machine is, what answers is told."""
    monkeypatch.setattr(notifying, "MOST_SECONDS", 120.0)
    monkeypatch.setattr(notifying, "ANSWER_SECONDS", 120.0)


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


def test_a_program_that_is_not_there_is_refused():
    check_command([])
    check_command(["true", "x"])
    with pytest.raises(UserError) as error:
        check_command(["no-such-program", "x y"])
    assert str(error.value) == (
        "notify.command=[no-such-program,x y]: there is no program no-such-program here that can "
        "be run; allowed is a list of words, the first a program, as in [notify-send,done]"
    )
