import errno
import json
import os

import numpy as np
import pytest
from snapshots import KEY, file, kept, loaded, names, save, snapshot

from sweep.errors import RunFailed
from sweep.training.checkpoint import Snapshot
from sweep.training.checkpoints import Checkpoints
from sweep.training.selection import EpochRecord


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "checkpoints" / "run"


@pytest.fixture
def notices():
    return []


# --- what is read is what was written ---

ARRAYS = {
    "float32": np.array([0.1, -0.0, np.inf, np.nan, 1e-45, 3.4028235e38], np.float32),
    "float64": np.array([[0.1 + 0.2, 5e-324], [1.7976931348623157e308, -1 / 3]]),
    "float16": np.array([0.1], np.float16),
    "integers": np.array([[[-(2**63)]], [[2**63 - 1]]]),
    "bytes": np.arange(256, dtype=np.uint8).reshape(2, 2, 64),
    "empty": np.zeros((3, 0), np.float32),
    "scalar": np.array(7, np.int32),
    "bool": np.array([True, False]),
    "net/0.weight": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
    "optimizer/12": np.random.RandomState(0).normal(size=(50, 20)).astype(np.float32),
}


def test_what_is_read_is_what_was_written(folder, notices):
    values = [0.1 + 0.2, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22, 123456789.123456789]
    metrics = {f"metric/{number}": value for number, value in enumerate(values)}
    records = tuple(EpochRecord(n, metrics | {"n": float(n)}, 2**41 + n) for n in (1, 2, 3))
    Checkpoints(folder, KEY).save(Snapshot(records, 3, ARRAYS))
    last, best = Checkpoints(folder, KEY).load(notices.append)
    assert last is best
    assert (last.records, last.best_epoch, last.epoch, notices) == (records, 3, 3, [])
    for own, written in zip(last.records, records, strict=True):
        assert own.timestamp_ms == written.timestamp_ms  # which equality leaves out
        assert list(own.metrics) == list(written.metrics)
        for key, value in written.metrics.items():
            assert float(own.metrics[key]).hex() == value.hex()
    assert set(last.arrays) == set(ARRAYS)
    for key, array in ARRAYS.items():
        read = last.arrays[key]
        assert (read.dtype, read.shape) == (array.dtype, array.shape), key
        assert read.tobytes() == array.tobytes(), key


def test_there_is_nothing_to_go_on_from_at_first(folder, notices):
    assert loaded(folder, notices.append) is None
    assert notices == []
    assert folder.is_dir()


# --- which are kept ---


@pytest.mark.parametrize(
    ("bests", "files"),
    [
        ([1], [1]),
        ([1, 2, 3, 4], [3, 4]),  # each better than the one before
        ([1, 1, 1, 1, 1], [1, 4, 5]),  # an old one is the best
        ([1, 2, 2, 2, 2], [2, 4, 5]),
        ([1, 2, 2, 4, 4], [4, 5]),  # the one before is the best
        ([1, 1, 1, 1, 5], [1, 4, 5]),  # for the one before, another is the best
        ([1, 1, 1, 1, 5, 6], [5, 6]),
        ([1, 1, 3, 3, 3, 6, 6, 6], [6, 7, 8]),
    ],
)
def test_the_last_two_and_their_best_are_kept(folder, bests, files):
    save(folder, bests)
    assert kept(folder) == names(*files)
    assert loaded(folder) == (len(bests), bests[-1])


@pytest.mark.parametrize("stop", range(1, 9))
def test_the_same_are_kept_by_who_goes_on(folder, stop):
    bests = [1, 1, 3, 3, 3, 6, 6, 8, 8]
    save(folder, bests[:stop])
    second = Checkpoints(folder, KEY)
    assert second.load(print)[0].epoch == stop
    second.save(snapshot(stop + 1, bests[stop]))
    assert kept(folder) == names(*sorted({stop, stop + 1, bests[stop - 1], bests[stop]}))
    assert loaded(folder) == (stop + 1, bests[stop])


def test_the_last_by_number_is_the_last(folder):
    checkpoints = Checkpoints(folder, KEY)
    for epoch in (9_999, 10_000):  # whose names have another length
        checkpoints.save(snapshot(epoch))
    assert loaded(folder) == (10_000, 10_000)


def test_all_are_removed_in_the_end(folder):
    save(folder, [1, 1, 1])
    Checkpoints(folder, KEY).remove()
    assert kept(folder.parent) == []
    Checkpoints(folder, KEY).remove()
    Checkpoints(folder, KEY).save(snapshot(1))
    folder.joinpath("note").write_text("of the user's")
    Checkpoints(folder, KEY).remove()
    assert kept(folder.parent) == []


def test_what_a_killed_process_left_behind_is_removed(folder, notices):
    save(folder, [1, 1])
    for name in ("tmpabc123.tmp", "x.tmp"):
        (folder / name).write_bytes(b"half a checkpoint")
    assert loaded(folder, notices.append) == (2, 1)
    assert (kept(folder), notices) == (names(1, 2), [])


# --- what cannot be written ---


def message(folder, reason):
    return (
        f"{folder} cannot be written: {reason}. The checkpoints before are kept: the same command "
        "goes on from them"
    )


def test_a_folder_that_cannot_be_made(folder):
    folder.parent.write_text("a file in its place")
    with pytest.raises(RunFailed) as raised:
        Checkpoints(folder, KEY)
    assert str(raised.value) == message(folder, "Not a directory")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_is_full(folder, monkeypatch, step):
    checkpoints = Checkpoints(folder, KEY)
    checkpoints.save(snapshot(1))
    checkpoints.save(snapshot(2, 1))
    with monkeypatch.context() as patch, pytest.raises(RunFailed) as raised:

        def full(*arguments):
            raise OSError(errno.ENOSPC, "No space left on device")

        patch.setattr(os, step, full)
        checkpoints.save(snapshot(3))
    assert str(raised.value) == message(folder, "No space left on device")
    assert kept(folder) == names(1, 2)
    assert loaded(folder) == (2, 1)
    checkpoints.save(snapshot(3))  # there is room again
    assert loaded(folder) == (3, 3)


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupt_while_one_is_written(folder, monkeypatch, step):
    checkpoints = Checkpoints(folder, KEY)
    checkpoints.save(snapshot(1))
    checkpoints.save(snapshot(2, 1))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):

        def interrupt(*arguments):
            raise KeyboardInterrupt

        patch.setattr(os, step, interrupt)
        checkpoints.save(snapshot(3))
    assert kept(folder) == names(1, 2)
    assert loaded(folder) == (2, 1)


def test_the_header_is_readable(folder):
    save(folder, [1, 1])
    checksum, line, _ = file(folder, 2).read_bytes().split(b"\n", 2)
    assert len(bytes.fromhex(checksum.decode())) == 32
    header = json.loads(line)
    assert (header["format"], header["fingerprint"], header["best_epoch"]) == (2, KEY, 1)
    assert [each["epoch"] for each in header["records"]] == [1, 2]
