import pytest
from filelock import FileLock

from sweep import files, heartbeat


@pytest.fixture
def signs(monkeypatch):
    """The times at which there were signs of life, by a clock that the test sets."""
    found, clock = [], [100.0]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: clock[0])
    heartbeat.tell_by(lambda: found.append(clock[0]))
    yield found, clock
    heartbeat.tell_by(heartbeat._nobody)


def test_there_is_at_most_one_sign_of_life_a_second(signs):
    found, clock = signs
    for _ in range(25):
        heartbeat.beat()
        clock[0] += 0.25
    assert found == [100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0]


def test_who_waits_says_so_until_it_waits_no_more():
    told = []
    heartbeat.tell_by(lambda: told.append("on"), lambda: told.append("waits"))
    with pytest.raises(OSError), heartbeat.waiting():
        told.append("sends")
        raise OSError
    heartbeat.tell_by(heartbeat._nobody)
    assert told == ["waits", "sends", "on"]


def test_nobody_needs_to_listen():
    heartbeat.beat()


def test_who_waits_for_another_process_does_not_hang(monkeypatch, tmp_path):
    monkeypatch.setattr(heartbeat, "SECONDS", 0.01)
    held, beats = FileLock(tmp_path / "lock"), []
    held.acquire()

    def beat():
        beats.append(1)
        if len(beats) == 3:
            held.release()

    monkeypatch.setattr(heartbeat, "beat", beat)
    wanted = FileLock(tmp_path / "lock")
    files.wait_for(wanted)
    assert wanted.is_locked and len(beats) >= 3
