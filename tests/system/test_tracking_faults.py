"""A tracking server that goes away while a sweep trains."""

import os
import shutil
import signal
import subprocess

import pytest
import stepped
from mlflow import MlflowClient
from outcomes import assert_complete, outcomes
from workplace import Server, Workplace, gone

SWEEP = ("optim.lr=0.1,0.2,0.3", "model.hidden=[32]", "epochs=15", "context=cpu", "n_jobs=2")
SWEEP += ("figures=false",)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What the sweep gives if it is recorded in a file."""
    workplace = Workplace(tmp_path_factory.mktemp("file"))
    workplace.run(*SWEEP, "--multirun")
    return outcomes(workplace.client, workplace.runs("sweep")[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def workplace(server, tmp_path):
    """A folder in which runs wait after three epochs, until they may go on."""
    shutil.copy(stepped.__file__, tmp_path)
    stepped.allow(tmp_path, 3)
    return Workplace(tmp_path, server.address)


def until(sweep, *beginnings):
    """Read the sweep's lines until one has begun in each of these ways."""
    missing = {*beginnings}
    for line in sweep.stdout:
        missing -= {each for each in missing if line.startswith(each)}
        if not missing:
            return
    raise AssertionError(f"{missing} did not come: {sweep.stderr.read()}")


def kill_in_the_middle(server, sweep, folder):
    """Kill the server when both runs have trained three epochs; return when one has trained all."""
    until(sweep, "run 0: epoch 3/", "run 1: epoch 3/")
    server.kill()
    stepped.allow(folder, 99)
    until(sweep, "run 0: epoch 15/")  # training does not wait for it


def end_of(sweep, seconds):
    """Return what the sweep still prints until it ends; kill it if it does not."""
    try:
        return sweep.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(sweep.pid, signal.SIGKILL)
        raise


def test_a_server_that_comes_back_gets_all(server, workplace, undisturbed):
    command = (*SWEEP, "tracking.experiment=restart", "--multirun")
    with workplace.start(*command, module="stepped") as sweep:
        kill_in_the_middle(server, sweep, workplace.folder)
        server.start()
        output, errors = end_of(sweep, 200)
    assert (sweep.returncode, errors) == (0, ""), output
    assert_complete(workplace, undisturbed, "restart")
    assert not [run for run in workplace.runs("restart")[1] if "interruptions" in run.data.tags]


def test_an_interrupt_while_the_server_is_away(server, workplace, undisturbed):
    command = (*SWEEP, "tracking.experiment=interrupt", "--multirun")
    with workplace.start(*command, module="stepped") as sweep:
        kill_in_the_middle(server, sweep, workplace.folder)
        os.killpg(sweep.pid, signal.SIGINT)
        output, errors = end_of(sweep, 60)
    assert (sweep.returncode, errors.splitlines()[-1]) == (130, "Interrupted."), output + errors
    assert "Traceback" not in errors
    assert gone(sweep.pid) == []
    server.start()
    _, runs = workplace.runs("interrupt")
    assert {run.info.status for run in runs} == {"RUNNING"}
    lines = workplace.run(*command)
    assert f"  {len(runs)} begun before: what is missing is trained" in lines
    assert_complete(workplace, undisturbed, "interrupt")


def test_a_server_that_is_away_when_the_sweep_starts(server, workplace, tmp_path):
    server.kill()
    with workplace.start(*SWEEP, "tracking.experiment=away", "--multirun") as sweep:
        output, errors = end_of(sweep, 60)
    assert (sweep.returncode, output) == (2, "")
    assert errors.startswith(f"tracking.uri={server.address}: cannot be used; allowed: ")
    assert len(errors.splitlines()) == 1
    server.start()
    assert MlflowClient(server.address).get_experiment_by_name("away") is None
