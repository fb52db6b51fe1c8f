"""All that is recorded belongs to the folder of the command: whatever it is called, or was."""

import hashlib
import os
import shutil

import pytest
from workplace import Workplace

NAME = "ü 50%41 [x] 'q' \"z\" #1 ?b;c=d,e"
LONG = f"model.hidden=[{','.join(['8'] * 130)}]"  # longer than a folder's name may be
SMALL = ("epochs=1", "context=cpu", "figures=false")
CHDIR = "hydra.job.chdir=true"


def place(tmp_path, name, link):
    """Return a folder of this name as a workplace, its record by an address without a ``?``."""
    folder, plain = tmp_path / name, tmp_path / link
    folder.mkdir(exist_ok=True)
    plain.symlink_to(folder)
    workplace = (
        Workplace(plain) if (folder / "mlflow.db").exists() else Workplace.without_record(plain)
    )
    workplace.folder = folder
    return workplace


def files(folder):
    """Return all files of a folder, with what is in them."""
    found = [each for each in folder.rglob("*") if each.is_file()]
    return {each: hashlib.sha256(each.read_bytes()).hexdigest() for each in found}


@pytest.fixture
def workplace(tmp_path):
    return place(tmp_path, NAME, "link")


def test_a_folder_of_any_name_that_is_copied_after_one_run_could_not_begin(workplace, tmp_path):
    subdir = "hydra.sweep.subdir=${hydra.job.override_dirname}"
    sweep = (f"model.hidden=[8],{LONG.partition('=')[2]}", *SMALL)
    process = workplace.start(*sweep, subdir, CHDIR, "--multirun")
    output, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "Traceback" not in output + errors
    assert "retry" not in output
    assert "1 of 2 runs failed" in errors
    (parent,), runs = workplace.runs("sweep")
    reasons = {run.info.status: run.data.tags.get("failure_reason") for run in runs}
    assert reasons["FINISHED"] is None
    assert reasons["FAILED"].startswith(
        "could not be begun: OSError: [Errno 36] File name too long"
    )
    (failed,) = [run for run in runs if run.info.status == "FAILED"]
    assert failed.data.params["model.hidden"] == LONG.partition("=")[2].replace(",", ", ")
    assert failed.data.tags["mlflow.parentRunId"] == parent.info.run_id
    workplace.run("optim.lr=0.3", "model.hidden=[8]", *SMALL, CHDIR)
    assert len(workplace.runs("sweep")[1]) == 3
    assert [
        each.relative_to(workplace.folder).parts for each in workplace.folder.rglob("mlflow.db")
    ] == [("mlflow.db",)]
    artifacts = [each for each in workplace.folder.rglob("config.yaml") if "mlruns" in each.parts]
    assert len(artifacts) == 3

    original, before = workplace.folder, files(workplace.folder)
    shutil.copytree(original, tmp_path / "copy")
    copy = place(tmp_path, "copy", "link to the copy")
    lines = copy.run(*sweep, "--multirun")
    assert "  1 trained already, found in the record (rerun=true trains again)" in lines
    assert sorted(run.info.status for run in copy.runs("sweep")[1]) == ["FINISHED"] * 3
    run_id = next(run.info.run_id for run in runs if run.info.status == "FINISHED")
    picture = os.path.join(os.path.dirname(__file__), "..", "outside", "grey.png")
    copy.run(run_id, picture, module="sweep.predict")
    assert "identical" in "\n".join(copy.run(run_id, module="sweep.reproduce"))
    assert files(original) == before
