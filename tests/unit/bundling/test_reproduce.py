"""Runs that were taken in from a bundle, trained again from their record: not without consent."""

import pytest
from bundles import SOURCE, a_bundle, a_run, written
from mlflow import MlflowClient
from record import new_record

from sweep.bundling.contents import read_bundle
from sweep.bundling.opening import take_in
from sweep.commands import reproduce as command
from sweep.commands.cli import run
from sweep.errors import UserError
from sweep.own_modules import identity

OWN = ("model=custom", "model._target_=my_nets.Net")
INSTALLED = ("model=custom", "model._target_=os.system", "+model.command=ls")
IMAGES = ("dataset=custom", "dataset._target_=my_data.load")
SAID = (
    "came in a bundle, and needs code that is not of this program ({}); look at it, and if it may "
    "run here: --trust"
)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("theirs"))


@pytest.fixture
def taken(uri, tmp_path):
    """Take a run in; return its id in the record."""

    def take(overrides, **changes):
        one = a_run(1, 0.5, *overrides, **changes)
        sources = {identity(SOURCE): SOURCE} if one.source or one.dataset_source else {}
        bundle, key = read_bundle(written(tmp_path, a_bundle(one, sources=sources)))
        take_in(bundle, key, "theirs", uri)
        client = MlflowClient(uri)
        number = client.get_experiment_by_name("theirs").experiment_id
        asked = f"tags.`sweep.kind` = 'run' AND tags.`bundle.sha256` = '{key}'"
        (found,) = client.search_runs([number], asked)
        return found.info.run_id

    return take


@pytest.fixture
def trained(monkeypatch):
    """Note what would be trained, and train nothing."""
    noted = []

    def train(record, config, tell):
        noted.append(record.run_id)
        raise UserError("it would be trained")

    monkeypatch.setattr(command, "train_again", train)
    return noted


@pytest.mark.parametrize(
    ("overrides", "changes", "named"),
    [
        (OWN, {"source": SOURCE}, "my_nets.Net"),
        (INSTALLED, {}, "os.system"),
        (IMAGES, {"dataset_source": identity(SOURCE)}, "my_data.load"),
        ((), {"source": SOURCE}, "my_nets.py, parts/layers.py"),
    ],
)
def test_code_from_a_bundle_does_not_run_without_trust(
    taken, trained, uri, capsys, monkeypatch, overrides, changes, named
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run_id = taken(overrides, **changes)
    capsys.readouterr()
    assert run(command.reproduce, [run_id, "--tracking-uri", uri]) == 2
    captured = capsys.readouterr()
    assert captured.err == f"run {run_id}: {SAID.format(named)}\n"
    assert ("my_nets.py" in captured.out) == bool(changes)
    assert trained == []


def test_with_trust_it_is_trained(taken, trained, uri, capsys, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run_id = taken(INSTALLED)
    capsys.readouterr()
    assert run(command.reproduce, [run_id, "--trust", "--tracking-uri", uri]) == 2
    assert capsys.readouterr().err == "it would be trained\n"
    assert trained == [run_id]


def test_what_needs_no_code_is_trained(taken, trained, uri, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run_id = taken(())
    assert run(command.reproduce, [run_id, "--tracking-uri", uri]) == 2
    assert trained == [run_id]
