import json
import os
import subprocess
from pathlib import Path

import pytest
from record import new_record

from sweep.commands.cli import run, sweep
from sweep.execution import machine_findings, setup_findings


@pytest.fixture
def no_process(monkeypatch):
    """MXNet is looked at in a process; here it has answered this."""
    answer = {"code": 0, "out": "1.9.1 computes\n", "err": ""}

    def answered(command, **options):
        return subprocess.CompletedProcess(command, answer["code"], answer["out"], answer["err"])

    monkeypatch.setattr(machine_findings.subprocess, "run", answered)
    monkeypatch.setattr(machine_findings, "find_library", lambda name: None)
    has(monkeypatch, memory=2**33, disk=2**33)  # whatever the machine has at this moment
    return answer


def has(monkeypatch, memory, disk):
    """Let the machine have so many free bytes."""
    monkeypatch.setattr(machine_findings, "free_bytes", lambda: memory)
    monkeypatch.setattr(
        machine_findings.shutil, "disk_usage", lambda path: type("", (), {"free": disk})
    )


def findings(capsys, *arguments):
    code = run(sweep, ["doctor", "--json", *arguments])
    return code, {each["about"]: each for each in json.loads(capsys.readouterr().out)}


def test_all_is_well(no_process, capsys):
    code, found = findings(capsys)
    assert code == 0
    assert {each["state"] for each in found.values()} <= {"ok", "note"}
    expected = {"Python", "MXNet", "processor", "cores", "memory", "disk", "locks", "record"}
    assert expected <= set(found)
    assert found["locks"]["found"] == "this file system has them, and they hold"
    assert found["record"]["found"].startswith("sqlite:///mlflow.db is not there yet; the first ")
    assert list(Path.cwd().iterdir()) == []  # nothing is left behind


@pytest.mark.parametrize(
    ("said", "found", "advice"),
    [
        ("MXNet is not installed: pip install x", "MXNet is not installed", "pip install x"),
        ("Traceback\nOSError: broken", "OSError: broken", "install what is missing, or see where"),
        ("", "its process ended with 1", "install what is missing, or see where it runs"),
    ],
)
def test_mxnet_that_cannot_be_loaded(said, found, advice, no_process, capsys):
    no_process |= {"code": 1, "out": "", "err": said}
    code, all_found = findings(capsys)
    assert code == 1
    assert all_found["MXNet"]["state"] == "wrong"
    assert all_found["MXNet"]["found"] == found
    assert all_found["MXNet"]["advice"].startswith(advice)
    libraries = all_found["libgomp, libquadmath"]
    assert libraries["found"] == "libgomp and libquadmath not found"
    assert libraries["advice"] == "on Debian and Ubuntu: apt-get install libgomp1 libquadmath0"


def test_want_of_memory_and_of_room_is_wrong(no_process, monkeypatch, capsys):
    has(monkeypatch, memory=2**29, disk=2**28)
    code, found = findings(capsys)
    assert code == 1
    assert found["memory"]["found"] == "0.5 GiB free, with what its control group allows"
    assert found["memory"]["advice"] == "end other programs, or set n_jobs=1"
    assert found["disk"]["found"] == f"0.2 GiB free in {Path.cwd()}"
    assert found["disk"]["advice"] == "make room; sweep tidy shows what can go"


def test_a_file_system_without_locks_is_wrong(no_process, monkeypatch, capsys):
    monkeypatch.setattr(machine_findings.RunLocks, "is_held", lambda locks, fingerprint: False)
    code, found = findings(capsys)
    assert (code, found["locks"]["state"]) == (1, "wrong")
    assert found["locks"]["found"] == "a lock that is held was taken again"


def test_a_record_that_answers_and_a_server_that_does_not(tmp_path):
    assert setup_findings._record(new_record(tmp_path)).state == "ok"
    found = setup_findings._record("http://127.0.0.1:9")
    assert found.state == "wrong"
    assert found.found.startswith("tracking.uri=http://127.0.0.1:9: cannot be used")


def test_a_server_of_another_version_is_noted(monkeypatch):
    monkeypatch.setattr(setup_findings, "server_version", lambda uri: "2.9.1")
    found = setup_findings._record("http://127.0.0.1:9")
    assert found.state == "note"
    assert found.found.startswith("http://127.0.0.1:9 answers: MLflow 2.9.1; here 3.")


def test_images_are_said_to_be_where_they_are(no_process, published, monkeypatch, capsys):
    folder = Path(os.environ["MXNET_HOME"], "datasets", "fashion-mnist")
    folder.parent.mkdir(parents=True)
    folder.symlink_to(published / "fashion-mnist")
    _, found = findings(capsys)
    assert found["dataset=fashion_mnist"]["found"] == f"in {folder}"
    assert found["dataset=mnist"]["state"] == "note"
    assert found["dataset=mnist_5k"]["state"] == "ok"


def test_an_extra_that_is_missing_says_how_to_install_it(no_process, monkeypatch, capsys):
    monkeypatch.setattr(setup_findings, "find_spec", lambda name: None)
    code, found = findings(capsys)
    assert code == 0
    assert found["extra ray"]["state"] == "note"
    assert found["extra ray"]["advice"] == 'pip install "gluon-sweep[ray]"'
    assert found["extra onnx"]["found"] == "not installed; sweep export --onnx needs it"
