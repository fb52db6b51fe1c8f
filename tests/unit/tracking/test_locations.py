"""Artifacts are found, and kept, where their database is: also when the folder has moved."""

import os
import shutil
import sqlite3
import tarfile
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from mlflow import MlflowClient
from version_0_1_0 import ARCHIVE, unpack

from sweep.errors import UserError
from sweep.tracking import Tracker, probe
from sweep.tracking.locations import DATABASE, local_folder
from sweep.tracking.mending import OWN, mend_location_of, mend_locations, mended_location
from sweep.tracking.queries import existing, find_run
from sweep.tracking.reader import Reader
from sweep.tracking.run_record import read_record

PLACES = {"experiments": "artifact_location", **OWN}
NASTY = "ü 50%41 [x] 'q' \"z\" #1 ${a} ?b;c"


@pytest.fixture(scope="module")
def recorded_elsewhere(tmp_path_factory):
    """A folder whose database names /record, which is not there."""
    folder = tmp_path_factory.mktemp("archive")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def moved(recorded_elsewhere, monkeypatch):
    """Return a copy of it under a name of one's own, to which one has gone."""

    def move(name):
        folder = Path(shutil.copytree(recorded_elsewhere, name)).absolute()
        monkeypatch.chdir(folder)
        return folder

    return move


def locations(file, tables=PLACES):
    """Return all that these tables of a database name."""
    with sqlite3.connect(file) as database:
        found = [
            each
            for table in tables
            for (each,) in database.execute(f"SELECT {PLACES[table]} FROM {table}").fetchall()
        ]
    database.close()
    assert len(found) > 2
    return [local_folder(each) for each in found if each]


def roots_of_new(file):
    """Return the folders that runs to come are kept in, of all experiments of a database."""
    return {each.parent for each in locations(file, ["experiments"])}


def remember(file, known):
    """Set the tag that says where a database was, in all its experiments."""
    with sqlite3.connect(file) as database:
        database.execute("DELETE FROM experiment_tags WHERE key = ?", [DATABASE])
        tag = "INSERT INTO experiment_tags SELECT ?, ?, experiment_id FROM experiments"
        database.execute(tag, [DATABASE, str(known)])
    database.close()


def set_status(file, before, now):
    """Give the runs of one status another."""
    with sqlite3.connect(file) as database:
        database.execute("UPDATE runs SET status = ? WHERE status = ?", [now, before])
    database.close()


def recorded_in(folder):
    """Unpack the record into a new folder; return its database, which knows where it is."""
    folder.mkdir()
    unpack(folder)
    remember(folder / "mlflow.db", folder / "mlflow.db")
    return folder / "mlflow.db"


def artifacts_of_runs(folder):
    """Return the folders with artifacts of runs, wherever their database says that they are."""
    found = {*folder.glob("mlruns/*/*/artifacts")}
    assert len(found) > 3
    return found


@pytest.mark.parametrize("name", ["new", "a b", NASTY, "x" * 200, "a\nb"])
def test_a_folder_that_was_moved_has_its_artifacts_under_its_new_name(moved, name):
    folder = moved(name)
    mend_locations(Path("mlflow.db"))
    assert artifacts_of_runs(folder) <= {*locations("mlflow.db")}
    assert {*folder.glob("mlruns/*/models/*/artifacts")} == {
        *locations("mlflow.db", ["logged_models"])
    }
    assert roots_of_new("mlflow.db") == {folder / "mlruns"}
    # A sweep that has none keeps what is recorded; it goes on with the others.
    assert {each for each in locations("mlflow.db") if not each.is_relative_to(folder)} == {
        Path("/record/mlruns/1/7be00679e1ea4914b70c32a1d9829032/artifacts")
    }


def test_a_version_of_a_registered_model_moves_with_it(moved):
    folder = moved("new")
    kept = "mlruns/2/models/m-eb89e91c57084c3e8948a63a9c021558/artifacts"
    with sqlite3.connect("mlflow.db") as database:
        database.execute("INSERT INTO registered_models (name) VALUES ('digits')")
        add = "INSERT INTO model_versions (name, version, storage_location) VALUES ('digits', ?, ?)"
        database.executemany(add, [(1, f"/record/{kept}"), (2, "/record/mlruns/2/models/m-0/x")])
    database.close()
    mend_locations(Path("mlflow.db"))
    assert locations("mlflow.db", ["model_versions", "experiments"])[:2] == [
        folder / kept,
        Path("/record/mlruns/2/models/m-0/x"),
    ]


def test_what_is_where_it_was_is_not_touched(tmp_path, monkeypatch):
    unpack(tmp_path)
    before = Path("mlflow.db").read_bytes()
    mend_locations(Path("mlflow.db"))
    monkeypatch.chdir(tmp_path.parent)
    mend_locations(tmp_path / "mlflow.db")
    (tmp_path.parent / "another name").symlink_to(tmp_path)
    mend_locations(tmp_path.parent / "another name" / "mlflow.db")
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_copy_has_its_own_and_leaves_the_original_alone(tmp_path, monkeypatch):
    original = recorded_in(tmp_path / "original")
    copy = Path(shutil.copytree(original.parent, tmp_path / "copy"))
    before, files = original.read_bytes(), [*original.parent.rglob("*")]
    monkeypatch.chdir(copy)
    uri = f"sqlite:///{copy}/mlflow.db"
    probe(uri)
    tracker = Tracker(uri, "sweep")
    tracker.check_artifacts()
    assert artifacts_of_runs(copy) <= {*locations("mlflow.db")}
    assert roots_of_new("mlflow.db") == {copy / "mlruns"}
    with tracker.open_run("new", {}, {}, None) as record:
        record.log_text("here", "words.txt")
    assert record.artifact_file("words.txt").is_relative_to(copy)
    (sweep,) = [each for each in tracker.find_runs("32fac2ac44a39ea2") if each.finished]
    with tracker.open_run("sweep", {}, {}, None, sweep) as record:  # that had no artifacts
        record.log_text("here", "words.txt")
    assert record.artifact_file("words.txt").is_relative_to(copy)
    assert original.read_bytes() == before
    assert [*original.parent.rglob("*")] == files


def test_a_copy_of_the_database_alone_keeps_what_is_to_come_and_names_what_was(tmp_path):
    original = recorded_in(tmp_path / "original")
    copy, before = tmp_path / "mlflow.db", original.read_bytes()
    shutil.copy(original, copy)
    mend_locations(copy)
    assert roots_of_new(copy) == {tmp_path / "mlruns"}
    assert locations(copy, ["runs"]) == locations(original, ["runs"])
    mend_locations(original)
    assert original.read_bytes() == before


def test_artifacts_that_are_away_for_a_while_are_found_when_they_are_back(tmp_path):
    place = recorded_in(tmp_path / "place").parent
    before = locations(place / "mlflow.db", ["runs"])
    moved = place.rename(tmp_path / "moved")
    away = (moved / "mlruns").rename(tmp_path / "disk that is not there")
    mend_locations(moved / "mlflow.db")
    assert locations(moved / "mlflow.db", ["runs"]) == before
    assert roots_of_new(moved / "mlflow.db") == {moved / "mlruns"}
    (moved / "mlruns").mkdir()
    for each in away.iterdir():  # as a copy in progress
        each.rename(moved / "mlruns" / each.name)
        mend_locations(moved / "mlflow.db")
    assert artifacts_of_runs(moved) <= {*locations(moved / "mlflow.db")}


def test_a_database_apart_from_its_artifacts_is_left_alone(tmp_path, monkeypatch):
    place, other = tmp_path / "place", recorded_in(tmp_path / "other").parent
    place.mkdir()
    file = Path(shutil.move(other / "mlflow.db", place / "mlflow.db"))
    remember(file, file)
    copy = shutil.copytree(other, tmp_path / "copy")
    before = file.read_bytes()
    for folder in (place, other, copy, tmp_path):
        monkeypatch.chdir(folder)
        mend_locations(file)
        mend_location_of("dbf9c43a10cb47d6965dc281fb05ac5d", file)  # which is to go on
        assert file.read_bytes() == before
    elsewhere = tmp_path / "mlflow.db"
    shutil.move(file, elsewhere)
    mend_locations(elsewhere)
    assert elsewhere.read_bytes() == before


def test_a_location_that_was_chosen_is_left_alone(tmp_path):
    file = recorded_in(tmp_path / "place")
    chosen = [tmp_path / "disk" / "mlruns" / "1", tmp_path / "disk" / "mine", "s3://bucket/mine"]
    with sqlite3.connect(file) as database:
        for number, place in enumerate(chosen, 1):
            for table, end in (
                ("experiments", ""),
                ("runs", " || '/' || run_uuid || '/artifacts'"),
            ):
                change = f"UPDATE {table} SET {PLACES[table]} = ?{end} WHERE experiment_id = ?"
                database.execute(change, (str(place), number))
    database.close()
    shutil.rmtree(file.parent / "mlruns")
    before = locations(file)
    mend_locations(file)
    assert locations(file) == before
    moved = file.parent.rename(tmp_path / "moved") / "mlflow.db"
    mend_locations(moved)
    assert locations(moved)[1:] == before[1:]
    assert locations(moved)[0] == tmp_path / "moved" / "mlruns" / "0"  # MLflow's own choice


def test_nothing_changes_while_something_is_trained(moved):
    folder = moved("new")
    uri = f"sqlite:///{folder}/mlflow.db"
    set_status("mlflow.db", "KILLED", "RUNNING")
    before = Path("mlflow.db").read_bytes()
    assert mend_locations(Path("mlflow.db")) == {"0", "1", "2", "3"}
    assert Path("mlflow.db").read_bytes() == before
    with pytest.raises(UserError) as error:
        Tracker(uri, "whole").check_artifacts()
    assert str(error.value) == (
        "tracking.experiment=whole: its artifacts are kept where the database was "
        "(/record/mlruns/2), and while a run is RUNNING that is not changed; allowed is to wait "
        "for its end, or another experiment: tracking.experiment=NAME"
    )
    Tracker(uri, "another").check_artifacts()
    Reader(uri, "whole").check_artifacts()  # it changes nothing, and who waits may have an end
    assert mended_location("2", Path("mlflow.db")) == folder / "mlruns" / "2"
    set_status("mlflow.db", "RUNNING", "KILLED")
    Tracker(uri, "whole").check_artifacts()
    assert roots_of_new("mlflow.db") == {folder / "mlruns"}
    assert mended_location("2", Path("mlflow.db")) is None


def test_who_only_reads_is_not_stopped_by_who_writes(moved, monkeypatch):
    uri = f"sqlite:///{moved('new')}/mlflow.db"
    usual = sqlite3.connect

    def impatient(*args, **kwargs):
        return usual(*args, **{**kwargs, "timeout": 0})

    run_id = "0e4be74e81a84ce3b992706a7dfa0f7a"
    with closing(usual("mlflow.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite3, "connect", impatient)
        assert find_run(existing(uri), run_id).info.artifact_uri.startswith("/record/")
    assert find_run(existing(uri), run_id).info.artifact_uri.startswith(str(Path.cwd()))


def test_an_experiment_knows_where_its_database_is(tmp_path):
    uri = unpack(tmp_path)
    for name in ("whole", "new"):  # made by another version, and made now
        Tracker(uri, name).check_artifacts()
        known = MlflowClient(uri).get_experiment_by_name(name).tags[DATABASE]
        assert known == str(tmp_path / "mlflow.db")


def test_a_link_that_leads_nowhere_is_not_replaced(tmp_path):
    link = tmp_path / "mlflow.db"
    link.symlink_to(tmp_path / "disk" / "mlflow.db")
    with pytest.raises(UserError) as error:
        probe(f"sqlite:///{link}")
    assert str(error.value) == (
        f"tracking.uri=sqlite:///{link}: is a link to {tmp_path}/disk/mlflow.db, which is not "
        "there; allowed is a link to a database that is, or a file"
    )
    assert [*tmp_path.iterdir()] == [link]


def test_commands_find_and_keep_artifacts_in_a_moved_folder_of_any_name(moved, tmp_path):
    folder = moved(NASTY)
    (tmp_path / "plain").symlink_to(folder)  # for SQLAlchemy an address has no ?
    uri = f"sqlite:///{tmp_path}/plain/mlflow.db"
    client = MlflowClient(uri)
    number = client.get_experiment_by_name("whole").experiment_id
    (run,) = client.search_runs([number])
    assert read_record(uri, run.info.run_id).parameters
    probe(uri)
    tracker = Tracker(uri, "whole")
    tracker.check_artifacts()
    with tracker.open_run("one", {}, {}, None) as record:
        record.log_text("here", "folder/words.txt")
    kept = record.artifact_file("folder/words.txt")
    assert (kept.read_text(), kept.is_relative_to(folder / "mlruns")) == ("here", True)
    with Tracker(uri, "new").open_run("one", {}, {}, None) as record:
        record.log_text("there", "folder/words.txt")
    kept = record.artifact_file("folder/words.txt")
    assert (kept.read_text(), kept.is_relative_to(folder / "mlruns")) == ("there", True)
    assert [each.name for each in tmp_path.iterdir()] == [NASTY, "plain"]


def refused(monkeypatch, act, forbidden):
    """Return what is said where the system forbids to write to a file or folder."""
    usual = os.access

    def access(path, *mode):
        return str(path) != str(forbidden) and usual(path, *mode)

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(UserError) as error:
        act()
    return str(error.value)


def test_a_record_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    uri = unpack(tmp_path)
    allowed = "allowed is a file that can, in a folder that can, or the address of a server"
    for forbidden in (tmp_path / "mlflow.db", tmp_path):
        why = f"{forbidden}: Permission denied"
        assert refused(monkeypatch, partial(probe, uri), forbidden) == (
            f"tracking.uri={uri}: cannot be written ({why}); {allowed}"
        )
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
    shutil.rmtree(tmp_path / "mlruns")
    (tmp_path / "mlruns").write_text("a file")
    with pytest.raises(UserError) as error:
        Tracker(uri, "whole").check_artifacts()
    assert str(error.value) == (
        f"tracking.experiment=whole: its artifacts cannot be written ({tmp_path}/mlruns: Not a "
        "directory); allowed is a folder that can, or another experiment: tracking.experiment=NAME"
    )
