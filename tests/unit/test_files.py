import os
import stat
from pathlib import Path

import pytest

from sweep.files import as_meant, obstacle, write_whole


def names(folder):
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.parametrize("before", [None, b"earlier", b"much longer than what comes after it"])
def test_a_file_is_replaced_whole(tmp_path, before):
    file = tmp_path / "file"
    if before is not None:
        file.write_bytes(before)
    seen = []

    def write(stream):
        stream.write(b"later")
        stream.flush()
        seen.append(file.read_bytes() if file.exists() else None)

    write_whole(file, write)
    assert seen == [before]  # while it is written, what was there is there
    assert file.read_bytes() == b"later"
    assert names(tmp_path) == ["file"]


def test_who_has_the_earlier_file_open_goes_on_reading_it(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"earlier")
    with open(file, "rb") as stream:
        write_whole(file, lambda new: new.write(b"later"))
        assert stream.read() == b"earlier"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
@pytest.mark.parametrize("before", [None, b"earlier"])
def test_the_umask_says_who_may_read_and_write_it(tmp_path, umask, mode, before):
    if before is not None:
        (tmp_path / "file").write_bytes(before)
    kept = os.umask(umask)
    try:
        write_whole(tmp_path / "file", lambda stream: stream.write(b"content"))
    finally:
        os.umask(kept)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


@pytest.mark.parametrize("before", [None, b"earlier"])
@pytest.mark.parametrize("error", [OSError(28, "No space left"), ValueError, KeyboardInterrupt])
def test_what_is_cut_short_leaves_nothing_behind(tmp_path, before, error):
    file = tmp_path / "file"
    if before is not None:
        file.write_bytes(before)

    def write(stream):
        stream.write(b"half")
        raise error

    with pytest.raises(type(error) if isinstance(error, OSError) else error):
        write_whole(file, write)
    assert names(tmp_path) == ([] if before is None else ["file"])
    assert before is None or file.read_bytes() == before


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_an_interrupt_at_any_step_leaves_nothing_behind(tmp_path, monkeypatch, step, error):
    def fail(*arguments):
        raise error

    file = tmp_path / "file"
    file.write_bytes(b"earlier")
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write_whole(file, lambda stream: stream.write(b"later"))
    assert names(tmp_path) == ["file"]
    assert file.read_bytes() == b"earlier"


def test_an_interrupt_after_the_new_name_leaves_the_new_file(tmp_path, monkeypatch):
    replace = os.replace

    def replace_and_stop(*arguments):
        replace(*arguments)
        raise KeyboardInterrupt

    file = tmp_path / "file"
    file.write_bytes(b"earlier")
    monkeypatch.setattr(os, "replace", replace_and_stop)
    with pytest.raises(KeyboardInterrupt):
        write_whole(file, lambda stream: stream.write(b"later"))
    assert names(tmp_path) == ["file"]
    assert file.read_bytes() == b"later"


@pytest.mark.parametrize("where", ["nowhere/file", "a file/file"])
def test_a_folder_that_is_none(tmp_path, where):
    (tmp_path / "a file").write_text("no folder")
    with pytest.raises(OSError):
        write_whole(tmp_path / where, lambda stream: stream.write(b"content"))
    assert names(tmp_path) == ["a file"]


def test_what_keeps_something_from_being_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert (
        obstacle(tmp_path)
        is obstacle(tmp_path / "new" / "one")
        is obstacle(tmp_path / "file")
        is None
    )
    assert obstacle(tmp_path / "file" / "one") == f"{tmp_path}/file: Not a directory"
    assert obstacle(tmp_path / ("ü" * 128) / "x") == f"{tmp_path}: File name too long"
    assert names(tmp_path) == ["file"]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert obstacle(tmp_path / "new") == f"{tmp_path}: Permission denied"
    monkeypatch.chdir(tmp_path)
    assert obstacle(Path("new")) == ".: Permission denied"


def test_a_path_in_a_home_folder_is_the_one_that_is_meant(monkeypatch):
    monkeypatch.setenv("HOME", "/home/anna")
    given = ("~/photos", "~", "a/~", "~nobody-here/photos", "photos", "")
    meant = ("/home/anna/photos", "/home/anna", "a/~", "~nobody-here/photos", "photos", ".")
    assert [*map(str, map(as_meant, given))] == [*meant]
