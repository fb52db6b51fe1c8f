"""Sources of jobs that take their time keep no run waiting."""

import threading
import time

from hydra.core.utils import JobReturn
from machine import Machine, job, run

from sweep.execution.source import BackgroundSource
from sweep.runs.events import Notice


class Slow:
    """Suggests two jobs; takes in what became of the first only when it is told to."""

    def __init__(self):
        self.is_told, self.goes_on = threading.Event(), threading.Event()
        self.jobs, self.ended = [job(0, 1), job(1, 1)], []

    def next(self):
        return self.jobs.pop(0) if self.jobs else None

    def finished(self, done, result):
        self.is_told.set()
        self.goes_on.wait(60)
        self.ended.append(done.number)


def test_what_a_source_is_told_late_stops_no_run_from_being_heard():
    source, known = Slow(), job(9, 9)

    class Heard(Machine):
        def __call__(self, number, event):
            source.goes_on.set()

    def script(machine, number):
        if number == 9:
            threading.Thread(target=finish_last).start()
        else:
            machine.finish(number)

    def finish_last():
        source.is_told.wait(60)  # of 0, which takes it until 9 was heard
        machine.send(9, Notice("a word"))
        machine.finish(9)

    machine = Heard(script)
    results = run(machine, [known], 2, source)
    assert sorted(results) == [0, 1, 9]
    assert machine.started == [9, 0, 1]  # 1 was suggested when the source knew of 0
    assert source.ended[0] == 0
    assert sorted(source.ended) == [0, 1, 9]


class Pausing:
    """Has another job once it has been told of the first, and answers only when it is told to."""

    def __init__(self):
        self.answers, self.is_told = threading.Event(), False

    def next(self):
        has_another = self.is_told
        self.answers.wait(60)
        return job(1, 1) if has_another else None

    def finished(self, done, result):
        self.is_told = True


def test_a_source_is_asked_again_if_it_was_told_more_before_it_answered():
    """The last run ends while the source still says that there is no more, and lets one go on."""
    pausing = Pausing()
    source = BackgroundSource(pausing)
    assert source.next() is None  # no answer yet
    source.finished(job(0, 1), JobReturn())
    pausing.answers.set()
    while (found := source.next()) is None:
        assert source.is_busy
        time.sleep(0.01)
    assert found.number == 1
    source.close()
