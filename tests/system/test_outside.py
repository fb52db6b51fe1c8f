"""A package from outside (``tests/outside/``) adds one of each that can be chosen.

A dataset, a network, an optimiser, a schedule, a loss, a metric, a format, a sampler, a pruner and
a launcher: each is used in a real run, by its name, without a change in this package.
"""

from pathlib import Path

import pandas as pd
import pytest
from workplace import Workplace

OUTSIDE = Path(__file__).parents[1] / "outside"
CHOICES = (
    *("--config-dir", str(OUTSIDE / "conf")),
    *("model=pooled", "optim=adamax", "dataset=stripes", "batch_size=20", "figures=false"),
    *("schedule=exponential", "schedule.warmup_epochs=1", "optim.clip_norm=0.1"),
    "loss=logistic",
    *("metrics=[accuracy,top2_accuracy]", "monitor=val/top2_accuracy", "context=cpu"),
)
NAMES = ("top", "middle", "bottom")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder in whose environment the package is installed."""
    place = Workplace(tmp_path_factory.mktemp("outside"))
    packages = [str(OUTSIDE), place.environment.get("PYTHONPATH", "")]
    place.environment["PYTHONPATH"] = ":".join(each for each in packages if each)
    return place


@pytest.fixture(scope="module")
def swept(workplace):
    """The lines that a sweep of the package's choices prints."""
    sweep = (*CHOICES, "hydra/launcher=one_by_one", "optim.lr=0.01,0.05", "epochs=3", "--multirun")
    return workplace.run(*sweep)


def test_a_sweep(workplace, swept):
    assert "  stripes: 60 images to train on, 30 to validate, 30 to test" in swept
    (parent,), runs = workplace.runs("sweep")
    assert [each.info.status for each in (parent, *runs)] == ["FINISHED"] * 3
    for run in runs:
        assert run.data.params["model.channels"] == "4"
        assert run.data.params["schedule.rate"] == "0.5"
        assert run.data.params["loss.name"] == "logistic"
        # 60 images are 3 steps of 20; the last batch of the third epoch begins after 2⅔ of them.
        rate = float(run.data.params["optim.lr"]) * 0.5 ** (8 / 3)
        assert run.data.metrics["lr"] == pytest.approx(rate, rel=1e-12)
        assert 0 <= run.data.metrics["val/accuracy"] <= run.data.metrics["val/top2_accuracy"] <= 1
    # The launcher trains one run after the other: no line of one is between those of the other.
    order = [line[:5] for line in swept if line.startswith(("run 0: epoch", "run 1: epoch"))]
    assert order in (["run 0"] * 4 + ["run 1"] * 4, ["run 1"] * 4 + ["run 0"] * 4)


def test_it_is_found_trained(workplace, swept):
    again = workplace.run(*CHOICES, "optim.lr=0.01,0.05", "epochs=3", "--multirun")
    assert any(line.startswith("  2 trained already") for line in again)


def test_a_format(workplace, swept):
    workplace.run("--output", "table.tsv", module="sweep.leaderboard")
    table = pd.read_csv(workplace.folder / "table.tsv", sep="\t")
    assert sorted(table["optim.lr"]) == [0.01, 0.05]


def test_its_model_answers(workplace, swept):
    _, (run, _) = workplace.runs("sweep")
    lines = workplace.run(run.info.run_id, str(OUTSIDE / "grey.png"), module="sweep.predict")
    (answer,) = [line for line in lines if "grey.png" in line]
    assert answer.rstrip().endswith("grey in three channels, 28×28 scaled to 16×12")
    assert any(f" {number} {name} " in answer for number, name in enumerate(NAMES))


def test_a_search(workplace, swept):
    workplace.run(
        *(*CHOICES, "hydra/sweeper=optuna", "search.sampler=nsga2", "search.pruner=threshold"),
        *("optim.lr=interval(0.001,0.1)", "search.n_trials=4", "n_jobs=1", "epochs=2"),
        *("tracking.experiment=searched", "--multirun"),
    )
    _, runs = workplace.runs("searched")
    assert len({run.data.params["optim.lr"] for run in runs}) == 4
    # The pruner stops whatever is below 0.99 after its first epoch.
    for run in runs:
        first = next(
            each.value
            for each in workplace.client.get_metric_history(run.info.run_id, "val/top2_accuracy")
            if each.step == 1
        )
        assert ("pruned_after_epoch" in run.data.tags) == (first < 0.99)
