"""A dry run says what would be trained, and writes nothing."""

from pathlib import Path

import pytest
from fake_runs import FakeRun, fill
from record import new_record

from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.runs.locks import RunLocks
from sweep.sweeps.dry_run import rehearse, rehearse_search

LIKE = {"model.name": "mlp", "dataset.name": "mnist_5k"}


def configs(*overrides, **where):
    where = [f"{key.replace('__', '.')}={value}" for key, value in where.items()]
    return [load(*each.split(), "context=cpu", *where) for each in overrides]


def shown(capsys):
    lines = capsys.readouterr().out.splitlines()
    return lines[[line.startswith("  recorded in") for line in lines].index(True) + 1 :]


def no_gpu(config):
    return 0


def test_nothing_is_written(tmp_path, capsys):
    rehearse(configs("seed=0", "seed=1 epochs=3"), no_gpu, lambda runs: 2)
    assert shown(capsys) == [
        "Dry run: 2 runs to train, up to 13 epochs in all",
        "  how long that takes is not known: no run like these is recorded here",
        "  nothing was trained, and nothing written",
    ]
    assert not [each for each in tmp_path.iterdir() if each.name != "mxnet_home"]


def test_what_is_recorded_counts(tmp_path, capsys):
    uri, folder = new_record(tmp_path), tmp_path / "checkpoints"
    where = {"tracking__uri": uri, "checkpoint_dir": folder}
    planned = configs("seed=0", "seed=1", "seed=2", "seed=2 n_jobs=null", "seed=3", **where)
    digest, known = load_dataset(planned[0].dataset).digest, RunLocks(folder).folder_id

    def recorded(config, status):
        tags = {"fingerprint": fingerprint(config, digest), "checkpoint_folder": known}
        return FakeRun(params=LIKE, tags=tags, status=status, once={"epoch_seconds": (10, 2.5)})

    fill(uri, "sweep", [recorded(planned[0], "FINISHED"), recorded(planned[1], "KILLED")])
    before = {each: each.stat().st_mtime_ns for each in tmp_path.rglob("*")}
    rehearse(planned, no_gpu, lambda runs: 2)
    assert shown(capsys) == [
        "  1 the same as others, and trained once",
        "  1 trained already, found in the record (rerun=true trains again)",
        "  1 begun before: what is missing is trained",
        "Dry run: 3 runs to train, up to 30 epochs in all",
        "  about 0:00:38, 2 at once, as runs like these took here",
        "  nothing was trained, and nothing written",
    ]
    after = {each: each.stat().st_mtime_ns for each in tmp_path.rglob("*")}
    assert after == before


def test_a_search_says_what_it_searches(capsys):
    announced, counted = ["search of 20 runs:"], []

    def count_missing(checked, config, record):
        counted.append(config.seed)
        return 15

    rehearse_search(configs("seed=0", "seed=1"), no_gpu, len, announced, count_missing)
    output = capsys.readouterr().out.splitlines()
    assert output[0] == "search of 20 runs:"
    assert "Dry run: 15 runs to train, up to 150 epochs in all" in output
    assert counted == [0]


def test_nothing_is_left_of_a_search_that_is_over(capsys):
    rehearse_search(configs("seed=0"), no_gpu, pytest.fail, [], lambda *known: 0)
    assert shown(capsys) == [
        "Dry run: 0 runs to train, up to 0 epochs in all",
        "  nothing was trained, and nothing written",
    ]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("batch_size=5000", "batch_size=5000: beyond the training set"),
        ("checkpoint_dir=taken", "checkpoint_dir=taken: cannot be written"),
        ("tracking.uri=sqlite:///taken/x.db", "tracking.uri=sqlite:///taken/x.db: cannot be writ"),
    ],
)
def test_what_is_checked_before_training_is_checked(overrides, message):
    Path("taken").touch()
    with pytest.raises(UserError) as error:
        rehearse(configs(overrides), no_gpu, lambda runs: None)
    assert str(error.value).startswith(message)


def test_the_folder_of_artifacts_is_checked():
    Path("mlruns").touch()
    with pytest.raises(UserError) as error:
        rehearse(configs("seed=0"), no_gpu, lambda runs: None)
    assert str(error.value).startswith("tracking.experiment=sweep: its artifacts cannot be written")
