"""How far Python leads MXNet's threads, with batches that take as long as the test wants."""

import pytest

from sweep.training import lead as leading
from sweep.training.lead import BATCHES_AHEAD, Lead


class Batches:
    """Batches one after another, of which Python asks for the next in no time."""

    def __init__(self, at_once, seconds, monkeypatch):
        """Let each batch take so many seconds."""
        self.now, self.done, self.results, self.ahead, self.waits = 0.0, 0, [], [], []
        self.seconds = seconds
        monkeypatch.setattr(leading.time, "monotonic", lambda: self.now)
        self._lead = Lead(at_once)

    def ask(self, count):
        for _ in range(count):
            self.results.append(Batch(self, len(self.results) + 1))
            self._lead.keep(self.results)
            self.ahead.append(len(self.results) - self.done)


class Batch:
    def __init__(self, batches, number):
        self._batches, self._number = batches, number

    def wait_to_read(self):
        batches = self._batches
        batches.waits.append(self._number)
        missing = max(0, self._number - batches.done)
        batches.now += missing * batches.seconds
        batches.done += missing


def test_slow_batches_are_waited_for_one_by_one(monkeypatch):
    batches = Batches(64, seconds=2.0, monkeypatch=monkeypatch)
    batches.ask(40)
    assert batches.waits == [*range(1, 26)]
    assert max(batches.ahead) == BATCHES_AHEAD - 1


@pytest.mark.parametrize(("at_once", "most"), [(64, 128), (8, BATCHES_AHEAD)])
def test_fast_ones_are_waited_for_together_as_many_as_may_be(monkeypatch, at_once, most):
    batches = Batches(at_once, seconds=0.001, monkeypatch=monkeypatch)
    batches.ask(1000)
    assert len(batches.waits) < 1000 / at_once + 2
    assert max(batches.ahead) == most - 1


def test_no_wait_is_much_longer_than_a_tenth_of_a_second(monkeypatch):
    batches, waits = Batches(64, seconds=0.003, monkeypatch=monkeypatch), []
    for _ in range(500):
        before = batches.now
        batches.ask(1)
        waits.append(batches.now - before)
    assert 0.09 < max(waits) < 0.11


def test_batches_that_become_slow_are_waited_for_one_by_one_again(monkeypatch):
    batches = Batches(64, seconds=0.001, monkeypatch=monkeypatch)
    batches.ask(500)
    batches.seconds = 5.0
    batches.ask(200)
    assert batches.ahead[-1] == BATCHES_AHEAD - 1
    last = batches.waits[-150:]
    assert last == [*range(last[0], last[0] + 150)]
