"""What a sweep is asked for, as files: only those of the right shape are taken."""

import json
import os
import pwd

import pytest

from sweep.errors import UserError
from sweep.runs.asking import Asking
from sweep.runs.control_files import pause_file, remove_folder
from sweep.runs.control_folder import ControlFolder, Misshapen
from sweep.runs.requests import Answer, check_action, jobs_of

ME = pwd.getpwuid(os.getuid()).pw_name
RIGHT = {"action": "jobs", "arguments": ["2"], "host": "here", "time": "2026-11-27T06:00:00+00:00"}


@pytest.fixture
def folder(tmp_path):
    found = ControlFolder(tmp_path, "a sweep")
    found.open()
    return found


def put(folder, name, content):
    path = folder.path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["puase"], "puase: is no action (did you mean pause?); allowed are pause, resume, stop, "),
        (["pause", "now"], "pause now: allowed is pause"),
        (["kill"], "kill: allowed is kill RUN"),
        (["first", "1", "2"], "first 1 2: allowed is first RUN"),
        (["add"], "add: allowed is add OVERRIDE..."),
        (["kill", " "], "kill: what it is given is empty, or longer than 10,000"),
        (["jobs", "0"], "jobs 0: allowed is a whole number from 1 to 10,000"),
        (["jobs", "-1"], "jobs -1: allowed is a whole number from 1 to 10,000"),
        (["jobs", "10001"], "jobs 10001: allowed is a whole number from 1 to 10,000"),
        (["jobs", "1.5"], "jobs 1.5: allowed is a whole number from 1 to 10,000"),
        (["jobs", "²"], "jobs ²: allowed is a whole number from 1 to 10,000"),
    ],
)
def test_what_cannot_be_asked(asked, message):
    with pytest.raises(UserError) as raised:
        check_action(asked[0], asked[1:])
    assert str(raised.value).startswith(message)


def test_a_number_as_long_as_one_likes_is_no_number_of_jobs():
    with pytest.raises(UserError, match="allowed is a whole number"):
        jobs_of("9" * 5000)


def test_what_is_asked_is_taken_once_in_its_order_and_answered(tmp_path, folder):
    asking = Asking(tmp_path, "a sweep")
    assert asking.is_there
    names = [asking.ask("jobs", ["2"]), asking.ask("add", ["optim.lr=0.1,0.2", "seed=1"])]
    taken = folder.take()
    assert [each.name for each in taken] == names
    assert [each.asked.words for each in taken] == ["jobs 2", "add optim.lr=0.1,0.2 seed=1"]
    assert {each.user for each in taken} == {ME}
    assert folder.take() == []
    assert asking.answer(names[0]) is None
    folder.answer(names[0], Answer(True, "2 runs at once"))
    assert asking.answer(names[0]) == Answer(True, "2 runs at once")
    assert asking.answer(names[0]) is None  # it was read
    folder.close()
    assert [*tmp_path.iterdir()] == []
    assert not asking.is_there


@pytest.mark.parametrize("umask", [0o027, 0o077])
def test_the_folders_group_may_read_what_is_asked(tmp_path, folder, umask):
    kept = os.umask(umask)
    try:
        Asking(tmp_path, "a sweep").ask("pause", [])
    finally:
        os.umask(kept)
    (file,) = folder.path.iterdir()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_gid == folder.path.stat().st_gid


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("{}", "it has not exactly the keys action, arguments, host, time"),
        ("[1, 2]", "it has not exactly the keys action, arguments, host, time"),
        ({**RIGHT, "run": "os.system"}, "it has not exactly the keys"),
        ({**RIGHT, "action": ["jobs"]}, "action is not a text of one line"),
        ({**RIGHT, "host": "a\x1b[2J"}, "host is not a text of one line"),
        ({**RIGHT, "arguments": "2"}, "arguments is not a list of texts"),
        ({**RIGHT, "arguments": [2]}, "arguments is not a list of texts"),
        ({**RIGHT, "arguments": ["2\n"]}, "arguments has more than one line"),
        ({**RIGHT, "arguments": ["0"]}, "jobs 0: allowed is a whole number from 1 to 10,000"),
        ({**RIGHT, "action": "exec"}, "exec: is no action; allowed are pause, resume, "),
        ({**RIGHT, "action": "add", "arguments": ["a"] * 1001}, "add a a a"),
        ("x" * 1_000_001, "it is no plain file, or too long"),
    ],
)
def test_a_file_of_another_shape_is_moved_aside(folder, content, reason):
    put(folder, "001.json", content)
    (found,) = folder.take()
    assert isinstance(found, Misshapen)
    assert found.reason.startswith(reason)
    assert (found.path, found.name) == (folder.path / "001.refused", "001")
    assert found.path.exists()
    assert folder.take() == []
    folder.close()
    assert [*folder.path.iterdir()] == [found.path]  # to be looked at


def test_what_is_no_file_is_moved_aside(tmp_path, folder):
    secret = tmp_path / "secret"
    secret.write_text(json.dumps(RIGHT))
    (folder.path / "link.json").symlink_to(secret)
    os.mkfifo(folder.path / "pipe.json")
    (folder.path / "folder.json").mkdir()
    put(folder, "a name.json", RIGHT)
    found = folder.take()
    assert [type(each) for each in found] == [Misshapen] * 4
    assert [each.name for each in found] == [None, "folder", "link", "pipe"]
    assert sorted(each.name for each in folder.path.iterdir()) == [
        *("a name.refused", "folder.refused", "link.refused", "pipe.refused")
    ]
    assert secret.exists()


def test_who_wrote_a_request_by_hand_is_heard_too(folder):
    put(folder, "001.json", RIGHT)
    (found,) = folder.take()
    assert (found.name, found.asked.words) == ("001", "jobs 2")


def test_a_sweep_that_goes_on_takes_nothing_from_the_one_that_was_killed(tmp_path, folder):
    asking = Asking(tmp_path, "a sweep")
    asking.ask("pause", [])
    folder.ask_to_pause("a run")
    folder.answer("x", Answer(True, ""))
    put(folder, "half.tmp", "{")
    again = ControlFolder(tmp_path, "a sweep")
    again.open()
    assert [*again.path.iterdir()] == []
    assert again.take() == []


def test_what_a_dead_sweep_left_is_removed_and_nothing_of_another(tmp_path, folder):
    other = ControlFolder(tmp_path, "another")
    other.open()
    folder.ask_to_pause("a run")
    remove_folder(tmp_path, "a sweep")
    assert not folder.path.exists() and other.path.exists()
    remove_folder(tmp_path, "another")
    remove_folder(tmp_path, "another")
    assert [*tmp_path.iterdir()] == []


def test_a_run_is_asked_to_pause_by_a_file_of_its_own(tmp_path, folder):
    file = pause_file(tmp_path, "a sweep", "a run")
    folder.ask_to_pause("a run")
    folder.ask_to_pause("a run")
    assert file.exists()
    folder.let_go_on("a run")
    folder.let_go_on("a run")
    assert not file.exists()


def test_another_user_is_refused_by_the_folder(tmp_path, folder, monkeypatch):
    def refuse(path, write, permissions):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("sweep.runs.asking.write_whole", refuse)
    with pytest.raises(UserError) as raised:
        Asking(tmp_path, "a sweep").ask("pause", [])
    assert str(raised.value) == (
        f"{folder.path}: cannot be written (Permission denied), and so this sweep cannot be "
        f"steered from here; allowed is who may write there: {ME}"
    )


def test_an_answer_of_another_shape_is_said(tmp_path, folder):
    put(folder, "x.answer", '{"is_done": 1, "text": "yes"}')
    with pytest.raises(UserError, match="x.answer: is not the sweep's answer: is_done is not true"):
        Asking(tmp_path, "a sweep").answer("x")


def test_a_sweep_that_is_gone_cannot_be_asked(tmp_path, folder):
    folder.close()
    with pytest.raises(FileNotFoundError):
        Asking(tmp_path, "a sweep").ask("pause", [])


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_what_others_may_have_written_is_not_the_users_own(tmp_path, folder, mode):
    """As an answer of the sweep's that another user has written over, and renamed."""
    name = Asking(tmp_path, "a sweep").ask("add", ["model._target_=evil.Net"])
    (folder.path / f"{name}.json").chmod(mode)
    (request,) = folder.take()
    assert (request.is_own, request.user) == (False, "unknown")


@pytest.mark.parametrize("umask", [0o000, 0o002])
def test_nobody_else_may_write_what_is_asked_at_any_time(tmp_path, folder, monkeypatch, umask):
    modes, kept = [], os.umask(umask)
    share = Asking._share

    def watched(self, descriptor):
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        share(self, descriptor)

    monkeypatch.setattr(Asking, "_share", watched)
    try:
        Asking(tmp_path, "a sweep").ask("pause", [])
    finally:
        os.umask(kept)
    (file,) = folder.path.iterdir()
    assert [*modes, file.stat().st_mode & 0o777] == [0o644, 0o644]
    (request,) = folder.take()
    assert (request.is_own, request.user) == (True, ME)
