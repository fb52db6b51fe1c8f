"""Which sweep goes on, where another process holds its claim."""

import threading
from contextlib import ExitStack

from sweep.runs.locks import RunLocks
from sweep.sweeps import parent_run


def claimed_while(tmp_path, monkeypatch, seconds, patience):
    """Return whether a sweep keeps its key while somebody holds it for so many seconds."""
    monkeypatch.setattr(parent_run, "CLOSING_SECONDS", patience)
    locks = RunLocks(tmp_path)
    with ExitStack() as held:
        key = parent_run._claim(held, locks, ["a", "b"])
    is_held, let_go = threading.Event(), threading.Event()

    def hold():
        with RunLocks(tmp_path).try_hold(key):
            is_held.set()
            let_go.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(60)
    threading.Timer(seconds, let_go.set).start()
    with ExitStack() as held:
        found = parent_run._claim(held, locks, ["b", "a"])
    let_go.set()
    holder.join()
    return found == key


def test_a_process_that_closes_a_dead_sweep_is_waited_for(tmp_path, monkeypatch):
    assert claimed_while(tmp_path, monkeypatch, seconds=0.3, patience=60)


def test_a_sweep_that_goes_on_elsewhere_is_another_one(tmp_path, monkeypatch):
    assert not claimed_while(tmp_path, monkeypatch, seconds=60, patience=0.2)
