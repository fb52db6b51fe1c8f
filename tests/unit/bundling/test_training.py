"""What all runs of a sample are given is checked before the first of them is trained."""

from types import SimpleNamespace

import pytest
from bundles import IMAGES, a_bundle, a_run
from hydra.core.utils import JobReturn, JobStatus

from sweep.bundling import training
from sweep.bundling.sample import sampled
from sweep.data import splits
from sweep.errors import UserError


@pytest.fixture
def begun(monkeypatch):
    """Note what would be done in a process of its own, and do it here."""
    noted = []

    def done(train, config, folder, shown):
        noted.append(train.func.__name__)
        try:
            return JobReturn(status=JobStatus.COMPLETED, _return_value=train(None))
        except UserError as error:
            return JobReturn(status=JobStatus.FAILED, _return_value=error)

    monkeypatch.setattr(training, "_in_a_fork", done)
    return noted


@pytest.fixture
def loaded(monkeypatch):
    """Note which images are read; all of them are the same."""
    noted = []

    def load(config):
        noted.append(config)
        return SimpleNamespace(digest=IMAGES)

    monkeypatch.setattr(splits, "load_dataset", load)
    return noted


def trained(folder, *runs, given=()):
    bundle = a_bundle(*runs)
    sample = sampled(bundle, bundle.runs, given, None)
    return training.train(bundle, sample, folder, f"sqlite:///{folder}/mlflow.db", lambda: None)


def test_images_of_all_runs_are_compared_first(begun, loaded, tmp_path):
    runs = [a_run(number, 0.5, f"seed={number}") for number in (1, 2)]
    other = a_run(3, 0.5, "seed=3", tags={"dataset.digest": "6" * 64})
    with pytest.raises(UserError) as raised:
        trained(tmp_path, *runs, other)
    assert str(raised.value) == (
        f"run run 3: other images than those of the bundle: {'6' * 16} there, {'5' * 16} here; "
        "allowed are the same, as with --dataset-root FOLDER"
    )
    assert begun == ["_check_all"]
    assert len(loaded) == 2  # not for each run


def test_parameters_that_a_run_starts_from_are_compared_first(begun, loaded, tmp_path):
    start = ("init_from=net.params", "init_digest=0123456789abcdef")
    run = a_run(2, 0.5, *start, places=["init_from"])
    file = tmp_path / "none.params"
    with pytest.raises(UserError, match=r"^run run 2: init_from=.*none.params: .* cannot be read"):
        trained(tmp_path, a_run(1, 0.5), run, given=[f"init_from={file}"])
    assert begun == ["_check_all"]
