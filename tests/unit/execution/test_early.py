import pytest
import yaml

from sweep.config.compose import CONF, load
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
        ("threads_per_run=0 --multirun", []),
        ("threads_per_run=1001 --multirun", []),
        ("seed=1", []),
        ("", []),
    ],
)
def test_the_server_is_started_as_typed(monkeypatch, given, guessed):
    begun = []
    monkeypatch.setattr(early, "guess_server", lambda *what: begun.append(what))
    early.start_as_typed(given.split())
    assert begun == guessed


def test_what_is_not_typed_is_guessed_as_it_is_set_for_all():
    assert int(early.THREADS) == load().threads_per_run
    defaults = yaml.safe_load((CONF / "hydra_defaults.yaml").read_text())["defaults"]
    assert {"override /hydra/launcher": early.LAUNCHER} in defaults
