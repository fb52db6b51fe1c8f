"""What a run has used: its own time and memory, also over interruptions."""

import mmap
import time

import numpy as np
import pytest
from executions import CASES, Place, few

from sweep.runs import prepare as running
from sweep.runs import used
from sweep.runs.used import Used
from sweep.training.checkpoints import Checkpoints

MIB = 2**20


def test_time_of_the_processor_counts_from_the_beginning_and_what_was_before_is_added(monkeypatch):
    clock = iter([5.0, 5.25, 7.5, 8.0])
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    one = Used()
    assert one.so_far()["cpu_seconds"] == 0.25
    assert one.so_far()["cpu_seconds"] == 2.5
    one.add({"cpu_seconds": 100.0, "peak_memory_mib": 1e9})
    assert one.so_far() == {"cpu_seconds": 103.0, "peak_memory_mib": 1e9}


def taken(size):
    """Take memory of the system; an array might get some that the process has already."""
    memory = mmap.mmap(-1, size)
    np.frombuffer(memory, np.uint8).fill(1)
    return memory


@pytest.mark.skipif(not (used.OWN / "clear_refs").exists(), reason="only Linux sets a peak back")
def test_the_peak_is_the_largest_since_the_beginning():
    large = taken(300 * MIB)
    before = Used().so_far()["peak_memory_mib"]
    assert before > 300
    large.close()
    one = Used()
    small = one.so_far()["peak_memory_mib"]
    assert small < before - 290
    taken(100 * MIB)
    found = one.so_far()["peak_memory_mib"]
    assert small + 95 < found < small + 110
    one.add({"peak_memory_mib": found - 50})
    assert one.so_far()["peak_memory_mib"] >= found


def test_where_there_is_no_proc_the_system_is_asked(monkeypatch, tmp_path):
    monkeypatch.setattr(used, "OWN", tmp_path)
    largest = Used().so_far()["peak_memory_mib"]
    assert largest >= 20
    for platform, unit in (("linux", 1), ("darwin", 1 / 1024)):
        monkeypatch.setattr(used.sys, "platform", platform)
        assert Used().so_far()["peak_memory_mib"] == pytest.approx(largest * unit, rel=0.1)


def test_a_run_records_both_and_counts_its_interrupted_tries(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "load_dataset", few)
    place, (overrides, epochs) = Place(tmp_path), CASES["no momentum"]
    place.execute("used", *overrides, stop=2)
    folder = place.checkpoints("used")
    fingerprint = place.run("used").data.tags["fingerprint"]
    (last, _) = Checkpoints(folder, fingerprint).load(print)
    assert last.epoch == 2
    assert 0 < last.used["cpu_seconds"] < 60
    assert 20 < last.used["peak_memory_mib"] < 1e5
    enlarged = {"cpu_seconds": 1000.0, "peak_memory_mib": 1e6}
    Checkpoints(folder, fingerprint).save(replace_used(last, enlarged))
    place.execute("used", *overrides)
    run = place.run("used")
    assert 1000 < run.data.metrics["cpu_seconds"] < 1060
    assert run.data.metrics["peak_memory_mib"] == 1e6
    for key in enlarged:
        (point,) = place.client.get_metric_history(run.info.run_id, key)
        assert 1 <= point.step <= epochs


def replace_used(snapshot, amounts):
    return type(snapshot)(snapshot.records, snapshot.best_epoch, snapshot.arrays, amounts)
