"""A tracking server that goes away while a sweep trains."""

import os
import signal

import pytest
from mlflow import MlflowClient
from outcomes import assert_complete, outcomes
from workplace import Server, Workplace, gone

SWEEP = ("optim.lr=0.1,0.2,0.3", "model.hidden=[32]", "epochs=15", "context=cpu", "n_jobs=2")


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
    return Workplace(tmp_path, server.address)


def until(sweep, *beginnings):
    """Read the sweep's lines until there was one with each of these beginnings."""
    missing = list(beginnings)
    for line in sweep.stdout:
        missing = [each for each in missing if not line.startswith(each)]
        if not missing:
            return
    raise AssertionError(f"{missing} did not come: {sweep.stderr.read()}")


def test_a_server_that_comes_back_gets_all(server, workplace, undisturbed):
    with workplace.start(*SWEEP, "tracking.experiment=restart", "--multirun") as sweep:
        until(sweep, "run 0: epoch 3/", "run 1: epoch 3/")
        server.kill()
        until(sweep, "run 0: epoch 15/", "run 1: epoch 15/")  # training does not wait for it
        server.start()
        output, errors = sweep.stdout.read(), sweep.stderr.read()
    assert (sweep.returncode, errors) == (0, ""), output
    assert_complete(workplace, undisturbed, "restart")
    assert not [run for run in workplace.runs("restart")[1] if "interruptions" in run.data.tags]


def test_an_interrupt_while_the_server_is_away(server, workplace, undisturbed):
    command = (*SWEEP, "tracking.experiment=interrupt", "--multirun")
    with workplace.start(*command) as sweep:
        until(sweep, "run 0: epoch 3/", "run 1: epoch 3/")
        server.kill()
        until(sweep, "run 0: epoch 5/")
        os.killpg(sweep.pid, signal.SIGINT)
        output, errors = sweep.communicate(timeout=60)
    assert (sweep.returncode, errors) == (130, "Interrupted.\n"), output
    assert gone(sweep.pid) == []
    server.start()
    _, runs = workplace.runs("interrupt")
    assert [run.info.status for run in runs] == ["RUNNING", "RUNNING"]
    lines = workplace.run(*command)
    assert "  2 begun before: what is missing is trained" in lines
    assert_complete(workplace, undisturbed, "interrupt")


def test_a_server_that_is_away_when_the_sweep_starts(server, workplace, tmp_path):
    server.kill()
    with workplace.start(*SWEEP, "tracking.experiment=away", "--multirun") as sweep:
        output, errors = sweep.communicate(timeout=60)
    assert (sweep.returncode, output) == (2, "")
    assert errors.startswith(f"tracking.uri={server.address}: cannot be used; allowed: ")
    assert len(errors.splitlines()) == 1
    server.start()
    assert MlflowClient(server.address).get_experiment_by_name("away") is None
