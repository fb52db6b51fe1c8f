"""Sweeps whose runs are jobs of a SLURM that is started for them."""

import signal

import pytest
from outcomes import assert_complete, outcomes
from slurm import Slurm
from workplace import Workplace

pytest.importorskip("submitit")

SLURM = "hydra/launcher=submitit_slurm"
FEW = ("seed=0,1", "optim.lr=0.1,0.2", "model.hidden=[32]", "epochs=2", "context=cpu")
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
    assert "run 3: epoch 2 kept: " in "\n".join(lines)
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
