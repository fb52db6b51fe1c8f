"""Sweeps whose runs are jobs of submitit, on this machine; SLURM itself is not here."""

import fcntl
import os
import re
import shutil
import signal
import socket
import threading
from pathlib import Path

import pytest
import stepped
from hydra.core.utils import JobReturn, JobStatus
from outcomes import assert_complete, assert_interrupted_again_and_again, outcomes
from workplace import Workplace, kills_for_memory, workers

from sweep.config.compose import load
from sweep.errors import RunFailed, UserError
from sweep.execution.remote.agent import Ending
from sweep.execution.remote.event_file import ProgressFile, from_line, to_line
from sweep.execution.remote.proxy import check_shared
from sweep.runs.events import AlreadyTrained, Ended, EpochKept, Notice, Recorded, Retried, Started
from sweep.training.selection import EpochRecord

pytest.importorskip("submitit")

from sweep.execution.slurm.jobs import _refused  # noqa: E402  # it imports submitit

LOCAL = "hydra/launcher=submitit_local"
FEW = ("seed=0,1", "model.hidden=[32]", "epochs=2", "context=cpu")
FEW += ("figures=false",)
LONG = ("seed=0,1", "model.hidden=[8]", "epochs=90000", "context=cpu", "figures=false")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("submitit"))


def test_a_sweep_has_the_same_bits_as_in_processes_of_its_own(workplace, tmp_path, monkeypatch):
    usual = Workplace(tmp_path)
    usual.run(*FEW, "--multirun")
    secret = "a password that is written nowhere"
    monkeypatch.setitem(workplace.environment, "MLFLOW_TRACKING_PASSWORD", secret)
    lines = workplace.run(LOCAL, *FEW, "--multirun")
    assert "run 1: epoch 2 kept: " in "\n".join(lines)
    assert_complete(workplace, outcomes(usual.client, usual.runs("sweep")[1]))
    again = workplace.run(LOCAL, *FEW, "--multirun")
    assert "  2 trained already, found in the record (rerun=true trains again)" in again
    files = [path for path in workplace.folder.rglob("*") if path.is_file()]
    assert [path for path in files if path.name.endswith("_submitted.pkl")]
    assert not [path for path in files if secret.encode() in path.read_bytes()]


def test_an_address_that_a_variable_has_is_written_nowhere(workplace, tmp_path, monkeypatch):
    studies = f"sqlite:///{tmp_path}/studies_s3cret.db"
    monkeypatch.setitem(workplace.environment, "SWEEP_STUDIES", studies)
    workplace.run(
        *(LOCAL, "hydra/sweeper=optuna", "search.storage=${oc.env:SWEEP_STUDIES}"),
        *("optim.lr=interval(0.1,1)", "search.n_trials=1", "search.pruner=asha"),
        *("model.hidden=[8]", "epochs=2", "context=cpu", "tracking.experiment=variable"),
        *("figures=false", "--multirun"),
    )
    assert [run.info.status for run in workplace.runs("variable")[1]] == ["FINISHED"]
    files = [path for path in workplace.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"s3cret" in path.read_bytes()]


def test_a_run_is_killed(workplace):
    shutil.copy(stepped.__file__, workplace.folder)
    stepped.allow(workplace.folder, 2)

    def kill(sweep):
        (process,) = workers(sweep.pid)
        os.kill(process, signal.SIGKILL)
        stepped.allow(workplace.folder, 99)

    with kills_for_memory(fcntl.LOCK_SH):
        code, lines, errors = workplace.watch(
            *(LOCAL, "seed=0", "model.hidden=[8]", "epochs=4", "figures=false", "context=cpu"),
            *("tracking.experiment=killed", "--multirun"),
            module="stepped",
            until=["run 0: epoch 2/"],
            act=kill,
        )
    assert (code, errors) == (0, ""), lines
    host = socket.gethostname()
    assert f"run 0: on {host}: its process was killed by SIGKILL: retry 1 of 1" in lines
    (run,) = workplace.runs("killed")[1]
    assert (run.info.status, run.data.tags["interruptions"]) == ("FINISHED", "1")


def test_a_job_is_killed(workplace):
    """With all its processes, as when its machine dies; what submitit knows is said."""

    def kill(sweep):
        for job in jobs(sweep.pid):
            os.kill(job, signal.SIGKILL)

    code, lines, errors = workplace.watch(
        *(LOCAL, *LONG[1:], "seed=0", "max_retries=0", "tracking.experiment=job", "--multirun"),
        until=["run 0: epoch 3/"],
        act=kill,
    )
    assert (code, errors) == (1, "1 of 1 runs failed\n"), lines
    (failed,) = [line for line in lines if line.startswith("run 0: failed: ")]
    told = re.fullmatch(r"run 0: failed: its job \d+ ended \(\w+\); its log is (\S+)", failed)
    assert Path(told[1]).name.endswith("_log.err")
    (run,) = workplace.runs("job")[1]
    assert run.info.status == "FAILED"
    assert run.data.tags["failure_reason"] == failed.removeprefix("run 0: failed: ")


def jobs(session):
    """Return the processes of submitit's jobs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == session:
                command = (folder / "cmdline").read_bytes()
                if b"submitit.core._submit" in command or b"submitit.local._local" in command:
                    found.append(int(folder.name))
        except OSError:
            continue  # it has ended
    return found


def test_an_interrupt_stops_all_and_the_same_command_goes_on(workplace):
    sweep = (LOCAL, *LONG, "tracking.experiment=interrupted", "n_jobs=2", "--multirun")
    assert_interrupted_again_and_again(workplace, sweep)


def test_a_sweep_behind_which_interrupts_are_ignored_stops_its_jobs(workplace):
    """As those that a script begins with ``&``."""
    (workplace.folder / "ignoring.py").write_text(
        "import signal\n\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "if __name__ == '__main__':\n    from sweep.__main__ import main\n\n    main()\n"
    )
    code, lines, errors = workplace.watch(
        *(LOCAL, *LONG[1:], "seed=0", "tracking.experiment=ignored", "--multirun"),
        module="ignoring",
        until=["run 0: epoch 3/"],
        act=lambda sweep: sweep.terminate(),
    )
    assert (code, errors) == (130, "Interrupted.\n"), lines
    assert "run 0: interrupted: recorded as KILLED" in lines
    assert {run.info.status for run in workplace.runs("ignored")[1]} == {"KILLED"}


def test_slurm_is_not_here(workplace, monkeypatch):
    """With a path of this Python's programs alone, on which nothing of SLURM's is."""
    monkeypatch.setitem(workplace.environment, "PATH", str(Path(os.__file__).parent))
    process = workplace.start("hydra/launcher=submitit_slurm", *FEW, "--multirun")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (
        2,
        "hydra/launcher=submitit_slurm: there is no sbatch here; the sweep has to be started on a "
        "machine from which SLURM takes jobs. hydra/launcher=submitit_local needs no SLURM\n",
    )
    assert output == ""


@pytest.mark.parametrize(
    ("override", "allowed"),
    [
        ("tracking.uri=sqlite:///mlflow.db", "the address of an MLflow server"),
        ("search.storage=sqlite:///optuna.db", "the address of PostgreSQL, say"),
    ],
)
def test_files_that_several_machines_cannot_share(override, allowed):
    config = load("tracking.uri=http://localhost:5000", override, "search.pruner=asha")
    check_shared(config, 1)
    with pytest.raises(UserError) as refusal:
        check_shared(config, 3)
    assert str(refusal.value) == (
        f"{override}: is a file, to which 3 machines cannot write at once; allowed here: {allowed}"
    )


def test_a_refusal_by_a_queue_that_took_others_is_a_death_which_is_retried():
    cancelled = threading.Event()
    cancelled.set()  # or it would wait before it says so
    reason = "SLURM did not take its job: full"
    assert list(_refused(reason, cancelled)) == [
        Ending(None, f"{reason} (n_jobs=NUMBER has fewer in the queue at once)")
    ]


# --- what a run tells, in a file ---

RECORD = EpochRecord(3, {"val/loss": 0.1 + 0.2, "train/loss": float("inf")})
MESSAGES = [
    Notice("a text\nof two lines"),
    AlreadyTrained("name", "id"),
    Recorded("id"),
    Started("name", "id", 9, 2),
    RECORD,
    EpochKept(RECORD, {"test/accuracy": 1 / 3}),
    Retried("reason", 1, 2),
    Ended("FAILED", "reason"),
    Ending(-9, "reason"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_a_message_comes_back_as_it_was(message):
    line = to_line(message)
    assert line.index("\n") == len(line) - 1
    assert from_line(line) == message


def test_a_result_comes_back():
    done = from_line(to_line(JobReturn(status=JobStatus.COMPLETED, _return_value=0.1 + 0.2)))
    assert (done.status, done.return_value) == (JobStatus.COMPLETED, 0.1 + 0.2)
    failed = JobReturn(status=JobStatus.FAILED, _return_value=RunFailed("diverged"))
    for message in (failed, RunFailed("diverged")):
        error = from_line(to_line(message))
        assert (type(error), str(error)) == (RunFailed, "diverged")


def test_lines_are_read_once_and_when_they_are_whole(tmp_path):
    path = tmp_path / "file"
    file = ProgressFile(path)
    assert list(file.news()) == []
    first, second = to_line(Recorded("1")), to_line(Recorded("2"))
    path.write_text(first + second[:5])
    assert list(file.news()) == [Recorded("1")]
    path.write_text(first + second)
    assert list(file.news()) == [Recorded("2")]
    assert list(file.news()) == []
