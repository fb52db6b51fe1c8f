"""Sweeps on a Ray cluster: one of this machine's cores, and one of two machines, of which one dies.

The machines are this one twice, each as ``ray start`` makes it. The first is there for all tests.
"""

import contextlib
import fcntl
import http.server
import os
import re
import secrets
import shutil
import signal
import socket
import threading

import optuna
import pytest
import stepped
from outcomes import assert_complete, assert_interrupted_again_and_again, outcomes
from postgres import AuthServer, PostgreSQL
from ray_cluster import RayCluster
from workplace import Workplace, gone, kills_for_memory, workers

pytest.importorskip("ray")

RAY = "hydra/launcher=ray"
OWN = (RAY, "hydra.launcher.ray.init.address=local")
FEW = ("seed=0,1", "model.hidden=[32]", "epochs=2", "context=cpu")
FEW += ("figures=false",)
MANY = ("seed=range(0,3)", "model.hidden=[32]", "epochs=20", "context=cpu", "figures=false")
LONG = ("seed=0,1,2", "model.hidden=[8]", "epochs=90000", "context=cpu", "figures=false")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """Commands with a token for Ray of their own, which they do not look for in the home folder."""
    workplace = Workplace(tmp_path_factory.mktemp("ray"))
    token = workplace.folder / "token"
    token.write_text(secrets.token_hex(32))
    workplace.environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    return workplace


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What the same sweeps leave behind that are trained by the usual launcher."""
    workplace = Workplace(tmp_path_factory.mktemp("local"))
    found = {}
    for name, sweep in (("few", FEW), ("many", MANY)):
        workplace.run(*sweep, f"tracking.experiment={name}", "--multirun")
        found[name] = outcomes(workplace.client, workplace.runs(name)[1])
    return found


def test_a_sweep_has_the_same_bits_as_on_this_machine_alone(workplace, expected):
    lines = workplace.run(*OWN, *FEW, "--multirun")
    assert "2 runs: 2 done" in "\n".join(lines)
    assert [line for line in lines if line.startswith("Best: ")]
    assert_complete(workplace, expected["few"])
    by_hand = workplace.run(*FEW, "--multirun")
    assert "  2 trained already, found in the record (rerun=true trains again)" in by_hand


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with (
        PostgreSQL() as database,
        AuthServer(tmp_path_factory.mktemp("server"), database) as server,
    ):
        yield server


@pytest.fixture(scope="module")
def cluster(workplace):
    with RayCluster(workplace.environment) as cluster:
        cluster.start_head()
        yield cluster


def on(cluster):
    return RAY, f"hydra.launcher.ray.init.address={cluster.address}"


def test_a_search_suggests_and_prunes_the_same(cluster, tmp_path):
    """In a database whose address is in a variable, as for several machines, and in a file."""
    search = ("hydra/sweeper=optuna", "optim.lr=tag(log,interval(1e-3,1))", "model.hidden=[32]")
    search += ("epochs=9", "search.pruner=asha", "search.startup_trials=2", "search.n_trials=4")
    search += ("n_jobs=1", "context=cpu", "figures=false", "tracking.experiment=search")
    found, variable = [], "search.storage=${oc.env:SWEEP_STUDIES}"
    with PostgreSQL() as database:
        for launcher, storage in (
            (on(cluster), database.url),
            ((), f"sqlite:///{tmp_path}/optuna.db"),
        ):
            there = Workplace(tmp_path)
            there.environment |= {**cluster.environment, "SWEEP_STUDIES": storage}
            there.run(*launcher, *search, variable, f"checkpoint_dir={len(found)}", "--multirun")
            (tmp_path / "mlflow.db").rename(tmp_path / f"mlflow-{len(found)}.db")
            trials = optuna.load_study(study_name=None, storage=storage).trials
            found.append([(each.params, each.values, each.intermediate_values) for each in trials])
    assert found[0] == found[1]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if database.password.encode() in path.read_bytes()]
    assert len({len(curve) for _, _, curve in found[0]}) > 1  # some were pruned, and not others


def test_a_machine_dies_in_the_middle(workplace, cluster, server, expected, tmp_path, monkeypatch):
    _, address = on(cluster)
    errors = refused(workplace, *on(cluster), *REFUSED)
    assert errors.startswith(
        f"{address}: Ray cannot be used there; the sweep has to be started on "
    )
    other = cluster.start_node()
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    workplace = Workplace(tmp_path, server.address)
    workplace.environment |= cluster.environment
    errors = refused(workplace, *on(cluster), *REFUSED, TOO_MUCH)
    assert errors.startswith(
        "hydra.launcher.ray.remote: a run needs 4096 CPU, and no machine of the cluster has that ("
    )
    shutil.copy(stepped.__file__, tmp_path)
    stepped.allow(tmp_path, 3)
    died_at = []

    def die(sweep):
        (log,) = workers(other.pid).values()  # one of the two that wait
        died_at.append(log.split("/")[-2])
        cluster.kill(other)
        stepped.allow(tmp_path, 99)

    code, lines, errors = workplace.watch(
        *(*on(cluster), *MANY, "--multirun"),
        module="stepped",
        until=["run 0: epoch 3/", "run 1: epoch 3/"],
        act=die,
    )
    assert (code, errors) == (0, ""), lines
    assert f"run {died_at[0]}: its machine died: retry 1 of 1" in lines
    assert not [line for line in lines if "raylet" in line]
    assert_complete(workplace, expected["many"])
    interrupted = {
        run.data.params["seed"]: run.data.tags["interruptions"]
        for run in workplace.runs("sweep")[1]
        if "interruptions" in run.data.tags
    }
    assert interrupted == {died_at[0]: "1"}


@pytest.mark.nightly  # make test has it with submitit
def test_an_interrupt_stops_all_and_the_same_command_goes_on(workplace):
    sweep = (*OWN, *LONG, "tracking.experiment=interrupted", "n_jobs=2", "--multirun")
    lines = assert_interrupted_again_and_again(workplace, sweep)
    begun = [line for line in lines if re.search(r"\(goes on after epoch \d+\)$", line)]
    assert len(begun) == 2


@pytest.mark.nightly  # make test has it with submitit
def test_a_run_is_killed(workplace):
    """What became of its process is known as it is on this machine; it is trained again."""

    def kill(sweep):
        found = {log.split("/")[-2]: each for each, log in workers(sweep.pid).items()}
        os.kill(found["0"], signal.SIGKILL)

    with kills_for_memory(fcntl.LOCK_SH):
        code, lines, errors = workplace.watch(
            *(*OWN, "seed=0", "model.hidden=[8]", "epochs=300", "figures=false", "context=cpu"),
            *("tracking.experiment=killed", "--multirun"),
            until=["run 0: epoch 3/"],
            act=kill,
        )
    assert (code, errors) == (0, ""), lines
    host = socket.gethostname()
    assert f"run 0: on {host}: its process was killed by SIGKILL: retry 1 of 1" in lines
    (run,) = workplace.runs("killed")[1]
    assert (run.info.status, run.data.tags["interruptions"]) == ("FINISHED", "1")


@pytest.mark.nightly  # make test has it in test_dead_workers.py
def test_a_run_that_takes_too_long(workplace):
    options = ("run_timeout=15", "max_retries=0", "tracking.experiment=slow", "seed=0")
    process = workplace.start(*OWN, *LONG[1:], *options, "--multirun")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (1, "1 of 1 runs failed\n"), output
    reason = f"on {socket.gethostname()}: it took longer than run_timeout=15 seconds"
    assert f"run 0: failed: {reason}" in output.splitlines()
    (run,) = workplace.runs("slow")[1]
    assert (run.info.status, run.data.tags["failure_reason"]) == ("FAILED", reason)


# --- what is refused ---


def refused(workplace, *arguments):
    process = workplace.start(*arguments, "--multirun")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 2, output + errors
    assert "run 0: " not in output
    assert gone(process.pid) == []
    with contextlib.suppress(AttributeError):  # there is no such experiment
        assert workplace.runs("refused") == ([], [])
    return errors


REFUSED = (*FEW, "tracking.experiment=refused")
TOO_MUCH = "hydra.launcher.ray.remote.num_cpus=4096"


NO_RAY = (
    "no Ray answers there; allowed: HOST:PORT as `ray start --head` shows it, auto (the cluster of "
    "this machine), null (the cores of this machine). "
)


def test_an_address_at_which_nothing_answers(workplace):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        setting = f"hydra.launcher.ray.init.address=127.0.0.1:{listener.getsockname()[1]}"
        reason = "[Errno 111] Connection refused"
        assert refused(workplace, RAY, setting, *REFUSED) == f"{setting}: {NO_RAY}{reason}\n"
        listener.listen()  # it lets others connect, and says nothing
        assert refused(workplace, RAY, setting, *REFUSED) == f"{setting}: {NO_RAY}timed out\n"


def test_an_address_of_rays_client(workplace):
    setting = "hydra.launcher.ray.init.address=ray://127.0.0.1:10001"
    reason = "a program elsewhere (ray://) cannot start a sweep"
    assert refused(workplace, RAY, setting, *REFUSED) == f"{setting}: {NO_RAY}{reason}\n"


def test_an_address_of_something_else(workplace):
    class Quiet(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        setting = f"hydra.launcher.ray.init.address=127.0.0.1:{server.server_port}"
        reason = "what answers is something else"
        assert refused(workplace, RAY, setting, *REFUSED) == f"{setting}: {NO_RAY}{reason}\n"
        server.shutdown()


@pytest.mark.parametrize(
    ("option", "message"),
    [
        pytest.param(
            "hydra.launcher.ray.remote.num_cpus=-1",
            "hydra.launcher.ray.remote: ",
            marks=pytest.mark.nightly,
        ),
        (
            "context=gpu",
            "context=gpu: hydra.launcher.ray.remote.num_gpus gives runs no GPU; allowed are "
            "context=cpu, or hydra.launcher.ray.remote.num_gpus (1, or 0.5 to share one)\n",
        ),
    ],
)
def test_what_runs_cannot_have(workplace, option, message):
    assert refused(workplace, *OWN, *REFUSED, option).startswith(message)


def test_a_machine_that_has_not_the_sweeps_folder(workplace, tmp_path):
    """A machine on which the folder has other files behind its name, as an unshared disk has."""
    from sweep.config.compose import load
    from sweep.execution.remote.agent import Assignment, by_a_server, train

    config = load("checkpoint_dir=checkpoints", "context=cpu")
    host = socket.gethostname()
    missing = Assignment(None, None, config, {}, str(tmp_path / "missing"), "an id")
    (told,) = train(missing, by_a_server)
    assert str(told) == (
        f"on {host} there is no folder {tmp_path}/missing, in which the sweep's command was given; "
        "the machines must share it"
    )
    (tmp_path / "checkpoints").mkdir()
    here = Assignment(None, None, config, {}, str(tmp_path), "an id")
    (told,) = train(here, by_a_server)
    words = "is not the sweep's folder; the machines must share it"
    assert str(told) == f"on {host} checkpoint_dir=checkpoints {words}"
    (tmp_path / "checkpoints" / "id").write_text("another id")
    (told,) = train(here, by_a_server)
    assert str(told) == f"on {host} checkpoint_dir=checkpoints {words}"
