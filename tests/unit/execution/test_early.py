import pytest

from sweep.config.compose import load
from sweep.execution.local import early
from sweep.execution.local.fork_server import DRAWING


@pytest.mark.parametrize(
    ("given", "guessed"),
    [
        ("model=lenet optim.lr=0.1,0.2 --multirun", [(1, DRAWING)]),
        ("-m seed=1,2", [(1, DRAWING)]),
        ("seed=1,2 figures=false threads_per_run=2 --multirun", [(2,)]),
        ("seed=1,2 hydra/launcher=local --multirun", [(1, DRAWING)]),
        ("seed=1,2 hydra/launcher=ray --multirun", []),
        ("threads_per_run=1,2 --multirun", []),
        ("threads_per_run=many --multirun", []),
        ("seed=1", []),
        ("", []),
    ],
)
def test_the_server_is_started_as_typed(monkeypatch, given, guessed):
    begun = []
    monkeypatch.setattr(early, "guess_server", lambda *what: begun.append(what))
    early.start_as_typed(given.split())
    assert begun == guessed


def test_threads_are_guessed_as_they_are_set_for_all():
    assert int(early.THREADS) == load().threads_per_run
