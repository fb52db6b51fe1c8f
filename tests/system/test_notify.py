"""Somebody elsewhere is told how sweeps and runs end, by a real command and a real server."""

import json
import os
import shutil
import signal
import sys

import patient
import pytest
from hooks import Heard
from workplace import Workplace

SMALL = ("model=mlp", "model.hidden=[8]", "context=cpu", "figures=false", "keep_states=0")
KEEP = "import sys; open(sys.argv[1], 'ab').write(sys.stdin.buffer.read() + b'\\n')"


@pytest.fixture
def workplace(tmp_path):
    workplace = Workplace(tmp_path)
    workplace.environment["NO_PROXY"] = "127.0.0.1"
    (tmp_path / "keep.py").write_text(KEEP)
    shutil.copy(patient.__file__, tmp_path)
    return workplace


def command(workplace):
    return f"notify.command=[{sys.executable},{workplace.folder / 'keep.py'},told]"


def told(workplace):
    return [json.loads(line) for line in (workplace.folder / "told").read_text().splitlines()]


def test_a_sweep_and_a_run_tell_that_they_have_finished(workplace):
    with Heard() as server:
        given = (*SMALL, "epochs=1", command(workplace), f"notify.url={server.url}")
        workplace.run(*given, "optim.lr=0.1,0.2", "--multirun", module="patient")
        workplace.run(*given, "seed=7", module="patient")
    (parent,), runs = workplace.runs("sweep")
    swept, alone = told(workplace)
    assert (swept["event"], swept["id"]) == ("finished", parent.info.run_id)
    assert swept["runs"] == {"finished": 2}
    assert swept["best"] == max(
        run.data.metrics["val_at_best/accuracy"]
        for run in runs
        if run.data.tags.get("mlflow.parentRunId")
    )
    assert (alone["event"], alone["id"]) == ("finished", runs[-1].info.run_id)
    assert [body for _, _, body in server.told] == [swept, alone]
    for run in (parent, *runs):
        assert not [key for key in run.data.params if key.startswith("notify")]
        assert "s3cret" not in json.dumps(run.to_dictionary())


def test_an_interrupted_sweep_tells_it_and_a_silent_server_keeps_nobody(workplace):
    with Heard(500) as server:
        given = (*SMALL, "epochs=1000000", "n_jobs=2", command(workplace))
        given += (f"notify.url={server.url}",)
        code, lines, errors = workplace.watch(
            *(*given, "optim.lr=0.1,0.2", "--multirun"),
            module="patient",
            until=["run 0:", "run 1:"],
            act=lambda process: os.kill(process.pid, signal.SIGINT),
            limit=300,
        )
    assert (code, errors) == (130, "Interrupted.\n")
    (outcome,) = told(workplace)
    assert outcome["event"] == "interrupted"
    assert lines[-1] == "notify.url (127.0.0.1): could not be told: it answered 500"
