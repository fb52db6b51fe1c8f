"""A new SQLite store is there whole or not at all, whoever else makes it at the same moment."""

import os
import signal
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from prepared import Command

from sweep.errors import UserError
from sweep.tracking import probe
from sweep.tracking.connection import database_file


def names(folder):
    return sorted(each.name for each in folder.iterdir())


def write(code):
    Path("program.py").write_text(code)


def start(*arguments):
    """Start the program in a process that has imported the libraries, and nothing else."""
    command = [sys.executable, "-m", "program", *arguments]
    return Command(command, cwd=Path.cwd(), env=os.environ, stdout=-1, stderr=-1, text=True)


MAKES_AND_RECORDS = """
import sys, time
from pathlib import Path
from sweep.tracking import Tracker, probe

print("ready", flush=True)
while not Path("go").exists():
    time.sleep(0.01)
probe(sys.argv[1])
with Tracker(sys.argv[1], "together").open_run("a run", {"a": "1"}, {}, None):
    pass
"""


def test_many_processes_make_one_store(tmp_path):
    uri = f"sqlite:///{tmp_path}/new/mlflow.db"
    write(MAKES_AND_RECORDS)
    makers = [start(uri) for _ in range(4)]
    assert [each.stdout.readline() for each in makers] == ["ready\n"] * 4
    Path("go").touch()
    for each in makers:
        each.communicate(timeout=120)
    assert [each.returncode for each in makers] == [0] * 4
    assert names(tmp_path / "new") == ["mlflow.db"]
    client = MlflowClient(uri)
    (experiment,) = [each for each in client.search_experiments() if each.name == "together"]
    runs = client.search_runs([experiment.experiment_id])
    assert [(run.info.status, run.data.params) for run in runs] == [("FINISHED", {"a": "1"})] * 4


def test_a_store_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    probe(uri)
    inode = (tmp_path / "mlflow.db").stat().st_ino
    number = MlflowClient(uri).create_experiment("mine")
    monkeypatch.setattr(os, "replace", None)
    probe(uri)
    assert (tmp_path / "mlflow.db").stat().st_ino == inode
    assert MlflowClient(uri).get_experiment_by_name("mine").experiment_id == number
    assert names(tmp_path) == ["mlflow.db"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch, error, moment):
    create = SqlAlchemyStore.__init__

    def interrupted(self, *arguments):
        if moment == "after":
            create(self, *arguments)
        raise error

    monkeypatch.setattr(SqlAlchemyStore, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else UserError):
        probe(f"sqlite:///{tmp_path}/mlflow.db")
    assert names(tmp_path) == []


KILLED = """
import os, signal, sys
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sweep.tracking import probe

create = SqlAlchemyStore.__init__

def killed(self, *arguments):
    create(self, *arguments)
    os.kill(os.getpid(), signal.SIGKILL)

SqlAlchemyStore.__init__ = killed
probe(sys.argv[1])
"""


def test_what_was_killed_is_no_store(tmp_path):
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    write(KILLED)
    process = start(uri)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert "mlflow.db" not in names(tmp_path)
    probe(uri)
    assert "mlflow.db" in names(tmp_path)
    assert [each.name for each in MlflowClient(uri).search_experiments()] == ["Default"]


@pytest.mark.parametrize(
    ("uri", "file"),
    [
        ("sqlite:///mlflow.db", "mlflow.db"),
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite:///:memory:", None),
        ("sqlite://", None),
        ("http://host/sqlite.db", None),
        ("postgresql://bob:secret@host/runs", None),
    ],
)
def test_the_file_of_an_address(uri, file):
    found = database_file(uri)
    assert (found and str(found)) == file


def test_a_folder_in_which_no_store_can_be(tmp_path):
    (tmp_path / "file").write_text("a file")
    uri = f"sqlite:///{tmp_path}/file/mlflow.db"
    with pytest.raises(UserError, match=f"^tracking.uri={uri}: cannot be used; "):
        probe(uri)
    assert names(tmp_path) == ["file"]


def test_what_is_no_database_is_left_as_it_is(tmp_path):
    (tmp_path / "mlflow.db").write_text("the text of somebody" * 100)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with pytest.raises(UserError, match=f"^tracking.uri={uri}: cannot be used; "):
        probe(uri)
    assert (tmp_path / "mlflow.db").read_text() == "the text of somebody" * 100
