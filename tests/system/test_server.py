"""A record on a server for several machines: PostgreSQL, artifacts by the server, passwords."""

import contextlib
import http.server
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

import pytest
import requests
from outcomes import assert_complete, outcomes
from postgres import AuthServer, PostgreSQL
from workplace import Workplace

from sweep.errors import UserError
from sweep.tracking import Tracker, probe
from sweep.uris import redacted

SWEEP = (
    *("optim.lr=0.1,0.2", "seed=0,1", "model.hidden=[32]", "epochs=2", "context=cpu"),
    *("figures=false", "--multirun"),
)
CANNOT = (
    "cannot be used; allowed: the address of an MLflow server that runs, or a database as in "
    "sqlite:///mlflow.db. "
)
ASKS = "the server asks for a name and a password; "
BOB = {"MLFLOW_TRACKING_USERNAME": "bob", "MLFLOW_TRACKING_PASSWORD": "a password of bob's"}


@pytest.fixture(scope="module")
def database():
    with PostgreSQL() as database:
        yield database


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(database, folder):
    with AuthServer(folder, database) as server:
        bob = {"username": "bob", "password": BOB["MLFLOW_TRACKING_PASSWORD"]}
        as_admin(server, "2.0/mlflow/users/create", bob)
        yield server


def as_admin(server, call, body):
    """Ask something of the server that MLflow's own client asks only with a warning."""
    user = tuple(server.environment.values())
    requests.post(f"{server.address}/api/{call}", json=body, auth=user).raise_for_status()


@pytest.fixture(autouse=True)
def nobody(monkeypatch, tmp_path):
    """No user is named in the environment, nor in the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in BOB:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def become(monkeypatch):
    """Name a user in the environment."""

    def become(environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return become


@pytest.fixture
def admin(become, server):
    become(server.environment)


def everything(folder, database):
    """Return all bytes in the files of a folder, and all params and tags of a database."""
    files = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    kept = [*database.execute("SELECT value FROM params"), *database.execute("SELECT * FROM tags")]
    return files + str(kept).encode()


def test_a_sweep_is_recorded_found_again_and_compared(
    admin, server, folder, database, tmp_path, tmp_path_factory
):
    in_a_file = Workplace(tmp_path_factory.mktemp("file"))
    in_a_file.run(*SWEEP)
    workplace = Workplace(tmp_path, server.address)
    first = workplace.run(*SWEEP)
    expected = outcomes(in_a_file.client, in_a_file.runs("sweep")[1])
    assert len(expected) == 4
    assert_complete(workplace, expected)

    again = workplace.run(*SWEEP)
    assert "  4 trained already, found in the record (rerun=true trains again)" in again
    assert_complete(workplace, expected)

    board = workplace.run(module="sweep.leaderboard")
    start = next(number for number, line in enumerate(first) if line.startswith("Leaderboard: "))
    assert board == first[start : start + len(board)]
    assert board[-1].startswith("Best: optim.lr=0.2 ")
    assert first[start + len(board) :][0] == f"Browse:  {server.address}"
    assert len(first) == start + len(board) + 3  # and nothing of MLflow's own

    left = everything(tmp_path, database) + everything(folder / "artifacts", database)
    assert b"optim.lr" in left
    assert server.environment["MLFLOW_TRACKING_PASSWORD"].encode() not in left


def test_a_killed_sweep_goes_on(admin, server, tmp_path):
    workplace = Workplace(tmp_path, server.address)
    command = (*SWEEP[2:-2], "epochs=40", "figures=false", "tracking.experiment=killed", SWEEP[-1])
    code, _, _ = workplace.watch(
        *command, until=["run 0: epoch 3/"], act=lambda sweep: os.killpg(sweep.pid, signal.SIGKILL)
    )
    assert code == -signal.SIGKILL
    ((begun,), (run,)) = workplace.runs("killed")
    assert (begun.info.status, run.info.status) == ("RUNNING", "RUNNING")
    assert "  1 begun before: what is missing is trained" in workplace.run(*command)
    ((_,), (ended,)) = workplace.runs("killed")
    assert (ended.info.run_id, ended.info.status) == (run.info.run_id, "FINISHED")
    assert ended.data.tags["interruptions"] == "1"
    curve = workplace.client.get_metric_history(run.info.run_id, "train/loss")
    assert [point.step for point in curve] == list(range(1, 41))


def test_nothing_is_trained_without_a_password(server, tmp_path, sweep_command):
    result = sweep_command(f"tracking.uri={server.address}", *SWEEP)
    variables = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
    assert result.stderr == (
        f"tracking.uri={server.address}: {ASKS}set {variables} in the environment\n"
    )
    assert (result.returncode, result.stdout) == (2, "")
    assert not (tmp_path / "checkpoints").exists()


def refusal(uri, act=probe):
    """Return what is said of the address."""
    with pytest.raises(UserError) as error:
        act(uri)
    return str(error.value).removeprefix(f"tracking.uri={redacted(uri)}: ")


@pytest.mark.parametrize("missing", list(BOB))
def test_half_of_what_is_needed(server, become, missing):
    become({name: value for name, value in BOB.items() if name != missing})
    assert refusal(server.address) == f"{ASKS}set {missing} in the environment"


@pytest.mark.parametrize("name", ["admin", "bob", "nobody"])
def test_a_wrong_password(server, become, name):
    become({"MLFLOW_TRACKING_USERNAME": name, "MLFLOW_TRACKING_PASSWORD": "a-wrong-one"})
    assert refusal(server.address) == (
        f"{ASKS}those of MLFLOW_TRACKING_USERNAME={name} are wrong, or no user's"
    )


def test_credentials_in_a_file(server, become, tmp_path):
    (tmp_path / ".mlflow").mkdir()
    lines = [f"{name.lower()} = {value}" for name, value in BOB.items()]
    (tmp_path / ".mlflow" / "credentials").write_text("\n".join(["[mlflow]", *lines]))
    probe(server.address)


def test_an_experiment_of_somebody_else(admin, server, become):
    Tracker(server.address, "theirs")
    become(BOB)
    probe(server.address)
    Tracker(server.address, "bob's own")
    own = "an experiment that this user may edit, or a new one: tracking.experiment=NAME"
    assert refusal(server.address, lambda uri: Tracker(uri, "theirs")) == (
        f"the server refuses this to the user bob (Permission denied); allowed: {own}"
    )


def test_an_experiment_that_may_only_be_read(admin, server, become):
    tracker = Tracker(server.address, "to be read")
    number = tracker._client.get_experiment_by_name("to be read").experiment_id
    grant = {"resource_type": "experiment", "resource_id": number, "permission": "READ"}
    as_admin(server, "3.0/mlflow/users/permissions/grant", {"username": "bob", **grant})
    become(BOB)

    def record(uri):
        with Tracker(uri, "to be read").open_run("a run", {}, {}, None):
            raise AssertionError("it was opened")

    assert refusal(server.address, record).startswith(
        "the server refuses this to the user bob (Permission denied); allowed: "
    )


def test_a_database_that_refuses_the_password(database):
    said = refusal(database.url_with("a-wrong-one"))
    assert said.startswith(
        "the database refuses the name or the password; allowed are those of one of its users: "
        "postgresql://NAME:PASSWORD@HOST/DATABASE. connection to server at "
    )
    assert said.endswith('password authentication failed for user "sweep"')


def test_a_database_that_is_not_there(database):
    said = refusal(f"{database.url}2")
    assert said.startswith(
        "there is no database mlflow2 there; allowed is one that is there, or create it. connection"
    )
    assert said.endswith('database "mlflow2" does not exist')


@pytest.mark.parametrize(
    ("listens", "reason"), [(False, "Connection refused"), (True, "timeout expired")]
)
def test_a_database_that_does_not_answer(listens, reason):
    pytest.importorskip("psycopg2")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        if listens:
            held.listen()
        said = refusal(f"postgresql+psycopg2://bob:sec/ret@127.0.0.1:{held.getsockname()[1]}/runs")
    assert said.startswith(f"{CANNOT}connection to server at ")
    assert reason in said
    assert "ret@" not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("driver", ["", "+psycopg2"])
def test_a_database_whose_driver_is_not_installed(monkeypatch, driver):
    for name in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, name, None)
    said = refusal(f"postgresql{driver}://bob:secret@127.0.0.1/runs")
    assert said.startswith(f"{CANNOT}ModuleNotFoundError: ")
    assert said.endswith(
        "; for PostgreSQL: pip install psycopg2-binary, and an address as in postgresql+psycopg2://…"
    )


class Forbids(http.server.BaseHTTPRequestHandler):
    """Answers as MLflow does to a request for a host that it does not know by this name."""

    def do_POST(self):
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"Invalid Host header")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def listening(context=None):
    """Give the port of such a server on loopback, with TLS if there is a context."""
    with http.server.HTTPServer(("127.0.0.1", 0), Forbids) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # a client that does not trust it goes away
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_name_that_the_server_does_not_go_by(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with listening() as port:
        assert refusal(f"http://127.0.0.1:{port}") == f"{CANNOT}Invalid Host header"


def test_a_certificate_that_nobody_knows(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    names = ("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=127.0.0.1")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names]
    subprocess.run(make, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    with listening(context) as port:
        assert refusal(f"https://127.0.0.1:{port}") == (
            f"{CANNOT}Its certificate is not trusted here (MLFLOW_TRACKING_SERVER_CERT_PATH=FILE "
            "trusts another)"
        )
