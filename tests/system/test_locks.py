import contextlib
import errno
import fcntl
import multiprocessing
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sweep import files
from sweep.errors import UserError
from sweep.runs.locks import RunLocks

PROCESSES = multiprocessing.get_context("spawn")  # with nothing of this one
KEY = "0123456789abcdef"


def locks_of(folder):
    return RunLocks(Path(folder))


class Holder:
    """A process that locks a combination; told to, it frees it."""

    def __init__(self, folder, key=KEY, wait=True):
        self.ours, theirs = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=hold, args=(theirs, folder, key), daemon=True)
        self.process.start()
        theirs.close()
        if wait:
            assert self.hears() == "held"

    def hears(self):
        assert self.ours.poll(60)
        return self.ours.recv()

    def free(self):
        self.ours.send("free")
        assert self.hears() == "freed"
        self.process.join(60)
        assert self.process.exitcode == 0


def hold(connection, folder, key):
    locks = locks_of(folder)
    with locks.hold(key, lambda: connection.send("waits")):
        connection.send("held")
        connection.recv()
    connection.send("freed")


@contextlib.contextmanager
def held(folder, key=KEY):
    holder = Holder(folder, key)
    try:
        yield holder
    finally:
        holder.process.kill()
        holder.process.join(60)


def never():
    raise AssertionError("there was nothing to wait for")


# --- who has it ---


def test_a_combination_is_claimed_by_one_process_alone(tmp_path):
    locks = locks_of(tmp_path)
    assert not locks.is_held(KEY)
    with held(tmp_path) as holder:
        assert locks.is_held(KEY)
        with locks.try_hold(KEY) as free:
            assert not free
        holder.free()
        assert not locks.is_held(KEY)
        with locks.try_hold(KEY) as free:
            assert free
        with locks.hold(KEY, never):
            pass


def test_who_waits_says_so_once_and_gets_it(tmp_path):
    with held(tmp_path) as first:
        second = Holder(tmp_path, wait=False)
        assert second.hears() == "waits"
        assert not second.ours.poll(3 * files.POLL_SECONDS)  # and nothing more
        first.free()
        assert second.hears() == "held"
        assert locks_of(tmp_path).is_held(KEY)
        second.free()


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_a_claim_ends_with_its_process(tmp_path, how):
    with held(tmp_path) as holder:
        getattr(holder.process, how)()
        holder.process.join(60)
        with locks_of(tmp_path).hold(KEY, never):
            pass


def test_a_claim_is_kept_out_of_the_same_process_too(tmp_path):
    one, other = locks_of(tmp_path), locks_of(tmp_path)
    with one.hold(KEY, never):
        assert one.is_held(KEY) and other.is_held(KEY)
        with other.try_hold(KEY) as free:
            assert not free
        assert other.is_held(KEY)  # asking does not free it
    assert not one.is_held(KEY)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_claim_ends_when_something_goes_wrong(tmp_path, error):
    locks = locks_of(tmp_path)
    with pytest.raises(error):
        with locks.hold(KEY, never):
            raise error
    with pytest.raises(error):
        with locks.try_hold(KEY) as free:
            assert free
            raise error
    assert not locks.is_held(KEY)


def test_what_is_different_is_not_excluded(tmp_path):
    here = locks_of(tmp_path / "here")
    others = {
        "combination": (here, "fedcba9876543210"),
        "folder": (locks_of(tmp_path / "there"), KEY),
    }
    with here.hold(KEY, never), contextlib.ExitStack() as claimed:
        for locks, key in others.values():
            claimed.enter_context(locks.hold(key, never))
        assert here.is_held(KEY)


def test_a_folder_by_another_path_is_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("folder")
    names = [tmp_path / "folder", "folder", "link"]
    with locks_of(names[0]).hold(KEY, never):
        assert [locks_of(name).is_held(KEY) for name in names] == [True] * 3
    assert len({locks_of(name).folder_id for name in names}) == 1


# --- many at once ---


def test_many_processes_hold_it_one_after_another(tmp_path):
    (tmp_path / "count").write_text("0")
    workers = [PROCESSES.Process(target=add, args=(tmp_path, 10)) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(120)
    assert [each.exitcode for each in workers] == [0] * 4
    assert (tmp_path / "count").read_text() == "40"


def add(folder, times):
    files.POLL_SECONDS = 0.01
    locks = locks_of(folder)
    for _ in range(times):
        with locks.hold(KEY, lambda: None):
            count = int((folder / "count").read_text())
            (folder / "count").write_text(str(count + 1))


def test_many_processes_make_one_id(tmp_path):
    folder = tmp_path / "new" / "folder"
    with PROCESSES.Pool(4) as pool:
        ids = pool.map(folder_id, [folder] * 12, chunksize=1)
    assert len(set(ids)) == 1
    assert locks_of(folder).folder_id == ids[0] == (folder / "id").read_text()
    assert len(bytes.fromhex(ids[0])) == 16
    assert sorted(each.name for each in folder.iterdir()) == ["id", "locks"]


def folder_id(folder):
    return locks_of(folder).folder_id


def test_the_id_is_the_folders_and_moves_with_it(tmp_path):
    one, other = locks_of(tmp_path / "one"), locks_of(tmp_path / "other")
    assert one.folder_id != other.folder_id
    assert locks_of(tmp_path / "one").folder_id == one.folder_id
    (tmp_path / "one").rename(tmp_path / "moved")
    assert locks_of(tmp_path / "moved").folder_id == one.folder_id
    shutil.rmtree(tmp_path / "moved")
    assert locks_of(tmp_path / "moved").folder_id != one.folder_id


def test_an_interrupt_leaves_no_half_an_id(tmp_path, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "fsync", stop)
        locks_of(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["locks"]
    assert len(locks_of(tmp_path).folder_id) == 32


# --- folders that cannot be used ---


def refusal(folder):
    with pytest.raises(UserError) as raised:
        locks_of(folder)
    return str(raised.value)


@pytest.mark.parametrize("folder", ["file", "file/below"])
def test_a_file_in_its_place(tmp_path, folder):
    (tmp_path / "file").write_text("a file")
    assert refusal(tmp_path / folder) == (
        f"checkpoint_dir={tmp_path / folder}: cannot be written (Not a directory); allowed is a "
        "folder for checkpoints that can"
    )


def test_a_folder_that_nobody_can_write(tmp_path):
    assert refusal("/proc/checkpoints") == (
        "checkpoint_dir=/proc/checkpoints: cannot be written (No such file or directory); allowed "
        "is a folder for checkpoints that can"
    )


@pytest.fixture
def read_only(tmp_path):
    """A folder that is mounted to be read only, which holds for root too."""
    folder = tmp_path / "read_only"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_folder_that_is_read_only(read_only):
    assert refusal(read_only) == (
        f"checkpoint_dir={read_only}: cannot be written (Read-only file system); allowed is a "
        "folder for checkpoints that can"
    )


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK])
def test_a_file_system_without_locks(tmp_path, monkeypatch, number):
    """As Lustre is if it is mounted without ``flock``."""

    def flock(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(UserError) as refusal:
        locks_of(tmp_path)
    assert str(refusal.value) == (
        f"checkpoint_dir={tmp_path}: its file system has no locks (flock), which keep runs from "
        "being trained twice; allowed is a folder that has"
    )
