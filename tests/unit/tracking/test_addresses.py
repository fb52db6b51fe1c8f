"""What to write instead of an address that cannot be used is in the first sentence."""

import sqlite3
from pathlib import Path

import pytest
from record import new_record

from sweep.errors import UserError
from sweep.tracking import probe
from sweep.tracking.addresses import ANY, instead_of, known_cause
from sweep.uris import unused_variables


@pytest.mark.parametrize(
    ("given", "better"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("127.0.0.1:5000/", "http://127.0.0.1:5000/"),
        ("mlflow.example.com:443", "http://mlflow.example.com:443"),
        ("http:/host:5000", "http://host:5000"),
        ("htp://host:5000", "http://host:5000"),
        ("postgres://bob:secret@host/runs", "postgresql://***@host/runs"),
        ("sqlite://mlflow.db", "sqlite:///mlflow.db"),
        ("sqlite:mlflow.db", "sqlite:///mlflow.db"),
        ("sqllite:///mlflow.db", "sqlite:///mlflow.db"),
        ("mlflow.db", "sqlite:///mlflow.db"),
        ("/data/runs.sqlite", "sqlite:////data/runs.sqlite"),
        ("a_file", "sqlite:///a_file"),
        ("sqlite:///folder", "sqlite:///folder/mlflow.db"),
    ],
)
def test_another_way_to_write_an_address(given, better):
    Path("folder").mkdir()
    Path("a_file").touch()
    assert instead_of(given) == f"{better}, if that is meant, or {ANY}"


@pytest.mark.parametrize(
    "given", ["sqlite:///mlflow.db", "http://host", "https://host:5000", "ftp://host", "a folder"]
)
def test_an_address_that_is_written_as_it_should_be(given):
    assert instead_of(given) == ANY


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            'FATAL:  database "runs" does not exist',
            "there is no database runs there; allowed is one that is there, or create it",
        ),
        (
            "(1049, \"Unknown database 'runs'\")",
            "there is no database runs there; allowed is one that is there, or create it",
        ),
        (
            'FATAL:  password authentication failed for user "bob"',
            "the database refuses the name or the password; allowed are those of one of its users: "
            "postgresql://NAME:PASSWORD@HOST/DATABASE",
        ),
        ("something else", None),
    ],
)
def test_what_a_database_says(said, cause):
    assert known_cause(said, "postgresql://bob:secret@host/runs") == cause


@pytest.mark.parametrize("said", ["Access denied", 'database "runs" does not exist'])
def test_what_a_server_says_is_taken_for_no_database(said):
    assert known_cause(f"API request failed with error code 403: {said}", "http://host") is None


def answer(uri):
    with pytest.raises(UserError) as raised:
        probe(uri)
    return str(raised.value)


def test_a_folder_of_an_older_mlflow():
    Path("mlruns").mkdir()
    assert answer("./mlruns") == (
        "tracking.uri=./mlruns: MLflow keeps no records in folders any more; allowed: "
        "sqlite:///mlflow.db, or another database. `mlflow migrate-filestore --source ./mlruns "
        "--target sqlite:///mlflow.db` takes over what is in it"
    )


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        (
            "0a8213491aaa",
            "was made by another version of MLflow; copy the database, then bring it up to date: "
            "mlflow db upgrade {uri}",
        ),
    ],
)
def test_a_database_of_another_version(tmp_path, revision, words):
    uri = new_record(tmp_path)
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    database.close()
    assert answer(uri) == f"tracking.uri={uri}: {words.format(uri=uri)}"


def test_variables_of_mlflow_that_are_not_used(monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    assert unused_variables("sweep") == [
        "MLFLOW_EXPERIMENT_NAME=mine is not used; tracking.experiment=NAME says where runs are "
        "recorded"
    ]
    assert unused_variables("mine") == []
