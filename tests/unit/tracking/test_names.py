"""Experiments, runs and studies of any name are recorded, and found again by it."""

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some
from mlflow import MlflowClient
from record import new_record

from sweep.config.compose import load
from sweep.errors import UserError
from sweep.tracking import STUDY, Tracker, whole_run_id
from sweep.tracking.reader import Reader
from sweep.tracking.run_info import NAME_LETTERS, as_name

LETTERS = some.characters(codec="utf-8", exclude_categories=["Cc"]) | some.sampled_from(
    "'\"\\%_`[]$ "
)


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return new_record(tmp_path_factory.mktemp("record"))


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(some.text(LETTERS, min_size=1, max_size=256).filter(lambda name: name == name.strip()))
@example("it's")
@example("50% of 'this' and \"that\\")
@example("a" * (NAME_LETTERS + 1))
def test_whatever_it_is_called(uri, name):
    tracker = Tracker(uri, name)
    with tracker.open_run(name, {}, {STUDY: name}, None) as record:
        pass
    (found,) = Tracker(uri, name).runs_of_study(name)
    assert (found.run_id, found.name) == (record.run_id, as_name(name))
    assert len(found.name) <= NAME_LETTERS
    assert name.startswith(found.name.removesuffix("…"))
    assert Reader(uri, name).has_study(name)
    assert not Reader(uri, name).has_study(f"{name}'")
    assert whole_run_id(uri, found.name) == whole_run_id(uri, name) == record.run_id


def test_an_experiment_of_an_older_version_goes_on_whatever_its_name(uri):
    MlflowClient(uri).create_experiment(there := "e" * 400)
    assert load(f"tracking.experiment={there}").tracking.experiment == there
    with Tracker(uri, there).open_run("run", {}, {}, None) as record:
        pass
    assert whole_run_id(uri, "run") == record.run_id


@pytest.mark.parametrize("opened", [Tracker, Reader])
def test_a_new_experiment_has_a_name_that_all_databases_take(uri, opened):
    opened(uri, "n" * 256)
    message = (
        f"tracking.experiment={'n' * 257}: allowed is a name of 256 letters at most, or that of an "
        "experiment which is there"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        opened(uri, "n" * 257)
