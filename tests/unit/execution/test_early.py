"""Which commands start the server of fresh processes before their configuration is read."""

import os

import pytest

from sweep.execution.local import early, fork_server


@pytest.fixture
def guessed(monkeypatch):
    found = []
    monkeypatch.setattr(early, "guess_server", found.append)
    return found


@pytest.mark.parametrize(
    ("given", "threads"),
    [
        (["model=mlp", "seed=0,1", "--multirun"], [1]),
        (["-m", "optim.lr=0.1,0.2", "hydra/launcher=local"], [1]),
        (["-m", "threads_per_run=2"], [2]),
        (["-m", "threads_per_run=1,2"], []),  # it is not known which comes first
        (["-m", "threads_per_run=0"], []),
        (["-m", "threads_per_run=a"], []),
        (["-m", "hydra/launcher=ray"], []),
        (["-m", "+hydra/launcher=joblib"], []),
        (["model=mlp"], []),  # a run alone is forked from the command itself
    ],
)
def test_a_server_is_guessed_for_sweeps_that_fork_here(given, threads, guessed):
    early.start_early(given)
    assert guessed == threads


@pytest.fixture
def started(monkeypatch):
    """Return with which number of threads servers were started, and how many were killed."""
    numbers, killed = [], []
    for name, value in (("_server_threads", None), ("_is_guess", False), ("HAS_FORK_SERVER", True)):
        monkeypatch.setattr(fork_server, name, value)
    ensure = lambda: numbers.append(os.environ["OMP_NUM_THREADS"])  # noqa: E731
    monkeypatch.setattr(fork_server, "_ensure_server", ensure)
    monkeypatch.setattr(fork_server, "_kill_server", lambda: killed.append(True))
    monkeypatch.setattr(fork_server, "Finalize", lambda *arguments, **options: None)
    monkeypatch.setattr(fork_server.forkserver, "set_forkserver_preload", lambda modules: None)
    return numbers, killed


@pytest.mark.parametrize("given", [None, "7"])
def test_a_guess_leaves_the_environment_as_it_was(given, started, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OMP_NUM_THREADS", given)
    fork_server.guess_server(1)
    assert started == (["1"], [])
    assert os.environ.get("OMP_NUM_THREADS") == given


def test_a_right_guess_is_kept_and_a_wrong_one_is_mended(started, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    fork_server.guess_server(1)
    fork_server.start_server(1)
    assert started == (["1"], [])
    fork_server.start_server(2)  # the first that was asked for stays
    assert started == (["1"], [])

    monkeypatch.setattr(fork_server, "_server_threads", None)
    fork_server.guess_server(1)
    fork_server.start_server(2)
    assert started == (["1", "1", "2"], [True])
    assert fork_server.context(2).get_start_method() == "forkserver"
    fork_server.start_server(1)
    assert started == (["1", "1", "2"], [True])
