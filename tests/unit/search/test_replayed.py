"""Searches that are replayed on a table of curves, as benchmarks/replay.py does it."""

from collections import Counter
from dataclasses import replace
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
from curve_table import CHANCE, DIVERGED, NAMES, RIGHT, accuracies, folded, is_trained, read, write
from curves import Curves, features, random_values, target
from idle import idle_share, occupation
from replayed import epochs_until, markdown
from simulated import Ours
from simulated import accuracies as in_turns

from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.search.space import space_of

UNTRAINED = dict.fromkeys((*RIGHT, DIVERGED), "")


def _row(values, rights=(), diverged_at=""):
    return {
        **UNTRAINED,
        **{name: str(values[name]) for name in NAMES},
        **dict(zip(RIGHT, map(str, rights), strict=False)),
        DIVERGED: diverged_at,
    }


def _rows(number, seed=0):
    random = np.random.default_rng(seed)
    drawn = [random_values(random) for _ in range(number)]
    rights = [[20_000 + 100 * place + epoch for epoch in range(9)] for place in range(number)]
    return [_row(values, right) for values, right in zip(drawn, rights, strict=True)]


def test_a_run_that_diverged_knows_nothing_from_there_on():
    values = random_values(np.random.default_rng(0))
    assert accuracies(_row(values, [15_000, 18_000], "3")) == [0.5, 0.6, *[CHANCE] * 7]
    assert is_trained(_row(values, diverged_at="1"))
    assert not is_trained(_row(values))


def test_a_table_takes_over_what_it_has_not_trained(tmp_path):
    ours, theirs = _rows(3), _rows(3)
    ours[1] |= UNTRAINED
    theirs[2] |= {**UNTRAINED, DIVERGED: "1"}
    write(folded(ours, theirs), tmp_path / "table.csv")
    assert read(tmp_path / "table.csv") == _rows(3)


def test_a_table_of_other_configurations_is_refused():
    with pytest.raises(SystemExit, match="different configurations: nothing was changed"):
        folded(_rows(3), _rows(3, seed=1))


def test_too_few_rows_are_refused(tmp_path):
    write([*_rows(63), _row(random_values(np.random.default_rng(2)))], tmp_path / "t.csv")
    with pytest.raises(SystemExit, match="63 rows are trained, and at least 64 are needed"):
        Curves(tmp_path / "t.csv")


def test_curves_are_those_of_the_rows_where_these_are(tmp_path):
    rows = _rows(64)
    write(rows, tmp_path / "table.csv")
    curves = Curves(tmp_path / "table.csv", "nearest neighbours")
    assert curves.smooth(0)(rows[5]) == pytest.approx(accuracies(rows[5]))
    assert curves.errors.shape == (64, 9)
    assert curves.rough(0)(rows[5]) == curves.rough(0)(dict(rows[5]))
    assert len({tuple(curves.rough(seed)(rows[5])) for seed in range(20)}) > 1


@pytest.mark.parametrize("kind", ["smooth", "rough"])
def test_what_is_wanted_is_about_what_the_best_of_so_many_rows_reach(tmp_path, kind):
    """Where many runs have learnt nothing, a surrogate must not go beyond what any has reached."""
    random = np.random.default_rng(3)
    drawn = [random_values(random) for _ in range(64)]
    ends = [26_500 - 900 * abs(np.log10(each["optim.lr"]) + 1.2) for each in drawn]
    has_learnt = [each["model.activation"] != "sigmoid" for each in drawn]
    rows = [
        _row(each, [round(end) - 3_000 // epoch if learnt else 3_000 for epoch in range(1, 10)])
        for each, end, learnt in zip(drawn, ends, has_learnt, strict=True)
    ]
    write(rows, tmp_path / "table.csv")
    curves = Curves(tmp_path / "table.csv")
    wanted = [target(getattr(curves, kind)(seed), seed) for seed in range(5)]
    assert np.median(wanted) == pytest.approx(max(max(accuracies(each)) for each in rows), abs=0.01)
    assert curves.is_good.sum() == pytest.approx(64 / 3, abs=1)


def test_a_surrogate_sees_logarithms_between_the_ends():
    ends = {"optim.lr": 1e-3, "optim.wd": "0.01", "optim.momentum": 0.475}
    found = features({**ends, "batch_size": "400", "model.activation": "relu"})
    assert found == pytest.approx([0, 1, 0.5, 1, 0, 1, 0])


@pytest.mark.parametrize("pruner", ["asha", "stop_asha"])
def test_two_workers_train_each_epoch_once_and_good_runs_to_the_end(pruner):
    space = space_of(parse_overrides(["optim.lr=interval(0,1)"]))
    search = replace(load().search, sampler="random", pruner=pruner)

    def curve(values):  # an accuracy that tells the run and the epoch
        return [values["optim.lr"] + 10 * epoch for epoch in range(9)]

    reached = in_turns(Ours(search, space, curve, 9, seed=0), workers=2)
    epochs = Counter(next(reached) for _ in range(120))
    assert set(epochs.values()) == {1}
    runs = [{round(each % 10, 6) for each in epochs if each // 10 == epoch} for epoch in range(9)]
    assert runs[0] > runs[1] >= runs[2] > runs[3] >= runs[8] > set()
    assert fmean(runs[8]) > fmean(runs[0]) + 0.2


def test_epochs_are_counted_until_what_is_wanted():
    assert epochs_until(0.5, iter([0.1, 0.5, 0.9]), most=3) == 2
    assert epochs_until(0.95, iter([0.1, 0.5, 0.9]), most=3) == 3


def test_the_table_tells_who_had_not_got_there(tmp_path):
    found = pd.DataFrame(
        {"curves": "smooth", "rows": 256, "seed": range(4), "tpe": [30, 40, 50, 288]}
    )
    found.to_csv(tmp_path / "replay-sweep.csv", index=False)
    assert "| tpe | 4 | 45 | 38 to 110 | 0.16 | 1 |" in markdown(tmp_path)


def test_workers_are_idle_while_they_have_no_run():
    times = [(0.0, 10.0), (1.0, 4.0), (5.0, 9.0), (10.0, 20.0)]
    assert idle_share(times, workers=2, until=10) == pytest.approx((1 + 1 + 1) / 20)
    assert idle_share(times, workers=2, until=20) == pytest.approx((1 + 1 + 1 + 10) / 40)
    assert occupation(times, workers=2, trained=24) == (
        "4 processes in 20 s; 2 workers had no run for 15.0% of their time until the last was "
        "started, and 32.5% until it had ended; they trained for 60.0%"
    )
