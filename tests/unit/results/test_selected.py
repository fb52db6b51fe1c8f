"""Runs for which a condition holds, where not all of them have what it asks for."""

import pytest
from store import Store

from sweep.config.conditions import parse
from sweep.errors import UserError
from sweep.results.runs import recorded_runs
from sweep.results.selected import selected


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A run without a field, one that has it, and one that failed: whole columns with gaps."""
    store = Store(tmp_path_factory.mktemp("store"))
    store.run("some", params={"optim.lr": 0.1}, metrics={"val/accuracy": 0.5})
    known = {"val/accuracy": 0.75, "best_epoch": 3}
    store.run("some", params={"optim.lr": 0.2, "model.pool_size": 2}, metrics=known)
    params = {"optim.lr": 0.3, "model.pool_size": 3}
    store.run("some", "FAILED", params=params, failure_reason="diverged at epoch 2")
    return store


@pytest.mark.parametrize("by_seed", [True, False])
@pytest.mark.parametrize(
    ("where", "rates"),
    [
        ("model.pool_size == 2", [0.2]),
        ("model.pool_size != 2", [0.1, 0.3]),
        ("model.pool_size > 1", [0.2, 0.3]),
        ("model.pool_size == null", [0.1]),
        ("best_epoch == 3", [0.2]),
        ("failure_reason == null", [0.1, 0.2]),
        ("'diverged' in failure_reason", [0.3]),
    ],
)
def test_what_a_run_does_not_have_is_null(store, where, rates, by_seed):
    runs = recorded_runs(store.uri, "some", None)
    assert str(runs.params["model.pool_size"].dtype) == "Int64"
    found = selected(runs, parse(where), by_seed)
    assert sorted(found.params["optim.lr"]) == rates


def test_the_command_takes_them(store, capsys):
    assert store.main("some", "--where", "model.pool_size == 2 and failure_reason == null") == 0
    assert "run 2" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["1 == 1", "'optim.lr' < 0.2", "true"])
def test_a_condition_that_names_no_column_is_refused(store, where):
    runs = recorded_runs(store.uri, "some", None)
    with pytest.raises(UserError) as raised:
        selected(runs, parse(where), by_seed=True)
    assert str(raised.value) == (
        f"--where {where}: names no column; allowed is a condition that does, as in "
        "optim.lr < 0.1, where the name is not in quotes"
    )
