import threading

from sweep.errors import UserError
from sweep.watching import latest
from sweep.watching.latest import Latest


class Clock:
    """A monotonic clock that is set by hand."""

    def __init__(self, monkeypatch):
        self.now = 1000.0
        monkeypatch.setattr(latest.time, "monotonic", lambda: self.now)


def test_however_many_ask_it_is_read_once(monkeypatch):
    clock, reads = Clock(monkeypatch), []

    def read():
        reads.append(clock.now)
        return len(reads)

    numbers = Latest(read, least_seconds=3.0)
    assert reads == []
    assert [numbers.get().value for _ in range(100)] == [1] * 100
    clock.now += 2.9
    assert numbers.get().value == 1
    clock.now += 0.2
    assert numbers.get().value == 2
    assert numbers.get().trouble is None and numbers.get().at_ms > 0
    assert len(reads) == 2


def test_what_takes_long_to_read_is_read_less_often(monkeypatch):
    clock, reads = Clock(monkeypatch), []

    def read():
        reads.append(clock.now)
        clock.now += 2.0  # it takes

    slow = Latest(read, least_seconds=3.0)
    slow.get()
    clock.now += 19.0  # a tenth of the time may be spent with it
    slow.get()
    assert len(reads) == 1
    clock.now += 2.0
    slow.get()
    assert len(reads) == 2


def test_nobody_waits_for_a_record_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 0.01)
    answers = threading.Event()

    def read():
        assert answers.wait(60)
        return "at last"

    late = Latest(read, least_seconds=0.0)
    assert (late.get().value, late.get().trouble) == (None, None)
    answers.set()
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 60)
    assert late.get().value == "at last"


def test_a_record_that_cannot_be_read_for_a_moment_keeps_what_was_read(monkeypatch):
    clock = Clock(monkeypatch)
    outcomes = iter(["one", UserError("it does not answer"), ValueError("odd\nthing"), "two"])

    def read():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    seen = Latest(read, least_seconds=1.0)
    first = seen.get()
    found = [(first.value, first.trouble)]
    for _ in range(3):
        clock.now += 5.0
        found.append((seen.get().value, seen.get().trouble))
    assert found == [
        ("one", None),
        ("one", "it does not answer"),
        ("one", "ValueError: odd thing"),
        ("two", None),
    ]
