"""Sweeps whose runs are jobs of a SLURM that is started for them."""

import re
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest
import stepped
from outcomes import assert_complete, outcomes
from slurm import Slurm
from workplace import Workplace

pytest.importorskip("submitit")

SLURM = "hydra/launcher=submitit_slurm"
FEW = ("seed=0,1", "model.hidden=[32]", "epochs=2", "context=cpu")
FEW += ("figures=false",)
ONE = ("seed=0", "model.hidden=[8]", "context=cpu", "figures=false")


@pytest.fixture(scope="module")
def slurm():
    with Slurm() as slurm:
        yield slurm


@pytest.fixture
def workplace(slurm, tmp_path):
    workplace = Workplace(tmp_path)
    workplace.environment |= slurm.environment
    return workplace


def test_a_sweep_has_the_same_bits_as_in_processes_of_its_own(workplace, tmp_path_factory):
    usual = Workplace(tmp_path_factory.mktemp("usual"))
    usual.run(*FEW, "--multirun")
    lines = workplace.run(SLURM, *FEW, "--multirun")
    assert "run 1: epoch 2 kept: " in "\n".join(lines)
    assert_complete(workplace, outcomes(usual.client, usual.runs("sweep")[1]))


def test_an_interrupt_takes_its_jobs_out_of_the_queue(workplace, slurm):
    code, lines, errors = workplace.watch(
        *(SLURM, *ONE, "epochs=90000", "--multirun"),
        until=["run 0: epoch 2/"],
        act=lambda sweep: sweep.send_signal(signal.SIGINT),
    )
    assert (code, errors) == (130, "Interrupted.\n"), lines
    assert "run 0: interrupted: recorded as KILLED" in lines
    (parent,), (run,) = workplace.runs("sweep")
    assert (parent.info.status, run.info.status) == ("KILLED", "KILLED")
    assert slurm.tell("squeue", "--noheader", "--states=PENDING,RUNNING") == ""


def test_a_job_that_is_cancelled_is_not_tried_again(workplace, slurm):
    def cancel(sweep):
        slurm.tell("scancel", "--me")

    code, lines, errors = workplace.watch(
        *(SLURM, *ONE, "epochs=90000", "tracking.experiment=cancelled", "--multirun"),
        until=["run 0: epoch 3/"],
        act=cancel,
    )
    assert (code, errors) == (1, "1 of 1 runs failed\n"), lines
    (failed,) = [line for line in lines if line.startswith("run 0: failed: ")]
    assert re.fullmatch(r"run 0: failed: its job \d+ was cancelled", failed)
    (run,) = workplace.runs("cancelled")[1]
    assert run.info.status == "KILLED"


@pytest.mark.parametrize(
    "signals", [("TERM", "USR2"), pytest.param(("USR2",), marks=pytest.mark.nightly)]
)
def test_a_job_that_is_preempted_is_queued_again_and_goes_on(workplace, slurm, signals):
    """By the signal that submitit asked for; where SLURM ends a job for another, SIGTERM first."""
    name = "-".join(signals)
    shutil.copy(stepped.__file__, workplace.folder)
    stepped.allow(workplace.folder, 2)

    def preempt(sweep):
        job = slurm.tell("squeue", "--noheader", "--states=RUNNING", "--format=%i")
        for each in signals:
            slurm.tell("scancel", "--signal", each, job)
            time.sleep(1)
        deadline = time.monotonic() + 60
        while slurm.tell("squeue", "--noheader", "--jobs", job, "--format=%T") != "PENDING":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        stepped.allow(workplace.folder, 99)
        slurm.tell("scontrol", "update", f"JobId={job}", "StartTime=now")  # not in two minutes

    code, lines, errors = workplace.watch(
        *(SLURM, *ONE, "epochs=4", "max_retries=0", f"tracking.experiment={name}", "--multirun"),
        module="stepped",
        until=["run 0: epoch 2/"],
        act=preempt,
    )
    assert (code, errors) == (0, ""), lines
    assert [line for line in lines if "(goes on after epoch " in line], lines
    (run,) = workplace.runs(name)[1]
    assert (run.info.status, run.data.tags["interruptions"]) == ("FINISHED", "1")


def test_a_job_whose_time_is_up(workplace, slurm):
    """Of a job of ten minutes or less, submitit takes each USR2 for that."""
    code, lines, errors = workplace.watch(
        *(SLURM, *ONE, "epochs=90000", "max_retries=0", "tracking.experiment=late"),
        *("hydra.launcher.timeout_min=10", "--multirun"),
        until=["run 0: epoch 3/"],
        act=lambda sweep: slurm.tell("scancel", "--signal=USR2", "--me"),
    )
    assert (code, errors) == (1, "1 of 1 runs failed\n"), lines
    (run,) = workplace.runs("late")[1]
    assert run.info.status == "FAILED"
    reason = r"its job \d+ ended \(Job not requeued because: timed-out .+\); its log is .+_log.err"
    assert re.fullmatch(reason, run.data.tags["failure_reason"])
    assert [line for line in lines if line.startswith("run 0: failed: its job ")]


def test_a_job_that_slurm_does_not_take(workplace):
    process = workplace.start(SLURM, *ONE, "hydra.launcher.constraint=none", "--multirun")
    output, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (1, "1 of 1 runs failed\n")
    assert "run 0: failed: SLURM did not take its job: sbatch: error: " in output


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (
            "hydra.launcher.partition=typo",
            "hydra.launcher.partition=typo: SLURM has no machine there\n",
        ),
        (
            "hydra.launcher.nodes=none",
            'hydra.launcher: Parameter "nodes" expected type <class \'int\'> (but value: "none")\n',
        ),
        ("+hydra.launcher.typo=1", "hydra.launcher: Unknown argument 'typo' for executor 'slurm' "),
    ],
)
def test_what_is_refused_before_anything_trains(workplace, option, message):
    process = workplace.start(SLURM, *ONE, option, "--multirun")
    output, errors = process.communicate(timeout=100)
    assert errors.startswith(message), errors
    assert process.returncode == 2
    assert "run 0: " not in output


def test_slurm_does_not_answer(workplace, tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))  # it refuses: nobody listens
        usual = Path(workplace.environment["SLURM_CONF"]).read_text()
        port = f"SlurmctldPort={listener.getsockname()[1]}"
        configuration = tmp_path / "elsewhere.conf"
        configuration.write_text(re.sub(r"SlurmctldPort=\d+", port, usual))
        workplace.environment["SLURM_CONF"] = str(configuration)
        process = workplace.start(SLURM, *ONE, "--multirun")
        output, errors = process.communicate(timeout=100)
    assert errors.startswith("hydra/launcher=submitit_slurm: SLURM "), errors
    assert re.search("does not answer: .*Unable to contact slurm|has not answered in 10", errors)
    assert (process.returncode, errors.count("\n")) == (2, 1)
    assert "run 0: " not in output
