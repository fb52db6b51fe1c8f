"""Runs that repeat each other as one row: means, deviations, and of how many seeds.

They differ only in their seed, or in the fold of the images that is validated on. What is said of
seeds here, and in the leaderboard, is true of folds.
"""

import functools
from typing import Any

import pandas as pd
from pandas.api.typing import DataFrameGroupBy

from sweep.config.compose import field_infos
from sweep.config.fields import Mark
from sweep.results.runs import ENDS, RecordedRuns, varying_columns
from sweep.tracking import FAILURE

COUNTS = {
    "seeds": "FINISHED",
    "failed": "FAILED",
    "pruned": "PRUNED",
    "paused": "PAUSED",
    "killed": "KILLED",
    "running": "RUNNING",
}
PRESET = "preset"  # in which runs of one configuration may differ, too
TIE_BREAKERS = ["fingerprint", "start_time", "run_id"]


def merge_seeds(runs: RecordedRuns, metric: str, ascending: bool) -> pd.DataFrame:
    """Return one row for each configuration, in no particular order.

    Runs are of one configuration if all their parameters are equal but ``preset`` and those that
    are marked as repeats: ``seed`` and ``dataset.fold``. A run that has none of these is a
    configuration of its own. A seed that was trained more than once
    counts once, as the newest of its runs that is FINISHED, or else as its newest run.

    Args:
        runs: all that are recorded.
        metric: by which the best seed is known.
        ascending: whether less of it is better.

    Returns:
        ``run``, ``status``; ``dataset.name`` and the parameters in which configurations differ; the
        metrics' means over the FINISHED seeds; ``seeds`` (how many these are), ``failed``,
        ``pruned``, ``paused``, ``killed`` and ``running`` (how many other seeds are in that state);
        ``failure_reason`` of one that failed; ``duration_seconds``, ``start_time``,
        ``fingerprint`` and ``run_id``, which are those of the best seed, as ``run`` and ``status``
        are. If a configuration has several seeds, there is also each metric's standard deviation
        (of a sample, ddof=1), as ``val/accuracy_std``, and the ``fingerprints`` and ``run_ids`` of
        all seeds in the means, by seed, with spaces between them. ``attrs["parameters"]`` names the
        parameters' columns.

    Raises:
        UserError: runs are FINISHED, and none has that metric.
    """
    seeds = one_run_a_seed(runs).assign(score=runs.of_finished(metric))
    finished = seeds[seeds["finished"]]
    best = seeds.sort_values(
        ["finished", "score", "status", *TIE_BREAKERS],
        ascending=[False, ascending, True, True, True, True],
    ).drop_duplicates("configuration")
    params = runs.params.drop(columns=[*repeats(), PRESET], errors="ignore").loc[best.index]
    parameters = varying_columns(params)
    ends = best.set_index("configuration")
    ends[FAILURE] = seeds.groupby("configuration")[FAILURE].first()
    metrics = runs.metrics.loc[finished.index].groupby(finished["configuration"])
    counts = _counts(seeds)
    several = bool((counts["seeds"] > 1).any())
    columns = [
        ends[["run", "status"]],
        params[parameters].set_axis(ends.index),
        _with_deviations(metrics) if several else metrics.first().dropna(axis=1, how="all"),
        counts,
        ends[ENDS],
        *([_members(finished)] if several else []),
    ]
    table = pd.concat(columns, axis=1)
    table.attrs["parameters"] = parameters
    return table


@functools.cache
def repeats() -> list[str]:
    """Return the parameters in which runs that repeat each other differ."""
    return [key for key, info in field_infos().items() if Mark.REPEAT in info.marks]


def configurations(params: pd.DataFrame, run_ids: "pd.Series[str]") -> "pd.Series[int]":
    """Return the number of each run's configuration."""
    compared = params.drop(columns=[*repeats(), PRESET], errors="ignore")
    run_ids = run_ids.mask(params.reindex(columns=repeats()).notna().any(axis=1))
    compared = compared.assign(run_id=run_ids)
    return compared.groupby([*compared], dropna=False, sort=False).ngroup()


def one_run_a_seed(runs: RecordedRuns) -> pd.DataFrame:
    """Return the run that counts for each seed, by seed, so that sums have one order.

    Returns:
        how it ended, its ``configuration``, whether it is ``finished``, its seed and fold.
    """
    table = runs.ends.assign(
        configuration=configurations(runs.params, runs.ends["run_id"]),
        finished=runs.finished,
        **runs.params.reindex(columns=repeats()),
    )
    last_counts = table.sort_values(["finished", "start_time", "run_id"])
    return last_counts.drop_duplicates(["configuration", *repeats()], keep="last").sort_values(
        repeats()
    )


def _counts(seeds: pd.DataFrame) -> pd.DataFrame:
    """Return how many seeds of each configuration ended how."""
    found = pd.crosstab(seeds["configuration"], seeds["status"])
    counts = found.reindex(columns=[*COUNTS.values()], fill_value=0).set_axis([*COUNTS], axis=1)
    counts["seeds"] = seeds.groupby("configuration")["score"].count()  # those that are in the mean
    return counts


def _with_deviations(metrics: "DataFrameGroupBy[Any, Any]") -> pd.DataFrame:
    """Return each metric's mean, and beside it its standard deviation."""
    means, deviations = metrics.mean().astype(float), metrics.std().astype(float)
    pairs: dict[str, pd.Series[float]] = {}
    for name in means.dropna(axis=1, how="all"):
        pairs |= {str(name): means[name], f"{name}_std": deviations[name]}
    return pd.DataFrame(pairs)


def _members(finished: pd.DataFrame) -> pd.DataFrame:
    """Return the fingerprints and ids of all seeds in the means."""
    return pd.DataFrame(
        {
            f"{name}s": finished[name].dropna().groupby(finished["configuration"]).agg(" ".join)
            for name in ("fingerprint", "run_id")
        }
    )
