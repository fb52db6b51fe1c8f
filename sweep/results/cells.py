"""The leaderboard's columns that are worth looking at, as texts."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import pandas as pd

from sweep.config.overrides import as_value
from sweep.results.aggregate import COUNTS
from sweep.results.leaderboard import DECIDED
from sweep.results.seeds import ERROR
from sweep.results.significance import SIGNIFICANCE
from sweep.results.values import measured_text, told_apart

SHOWN_METRICS = ("val/accuracy", "test/accuracy", "best_epoch")
WITHOUT_CLASSES = ("val/loss", "test/loss", "best_epoch")
LONG_NUMBER = 8  # letters, from which a parameter is rounded
INFINITE = {"inf": "Infinity", "-inf": "-Infinity"}  # numbers, as they are recorded
TIED = (
    f"≈ any of these may be the best: p ≥ {SIGNIFICANCE} (Welch's t-test over seeds against the "
    "first, with Holm's correction)"
)


TIED_OVER_LOOKS = (
    f"≈ any of these may be the best, as seed=auto has decided with an error of {ERROR:.0%} over "
    "all looks; rows that are out come after them"
)


def ties_in_words(ranked: pd.DataFrame) -> str:
    """Return what the mark of tied rows means."""
    return TIED_OVER_LOOKS if ranked.attrs[DECIDED] else TIED


def ranked_cells(ranked: pd.DataFrame, metric: str) -> dict[str, list[str]]:
    """Return the columns that are worth looking at, as texts: rank, parameters, metrics, seeds.

    Args:
        ranked: the rows with a rank of what :func:`sweep.load_leaderboard` returns.
        metric: by which they are ranked.
    """
    shown = SHOWN_METRICS if {*SHOWN_METRICS[:2]} & {*ranked} else WITHOUT_CLASSES
    metrics = [key for key in dict.fromkeys((metric, tested(metric), *shown)) if key in ranked]
    return {
        "rank": _ranks(ranked),
        **{key: told_apart(ranked[key], _short) for key in ranked.attrs["parameters"]},
        **{key: _measured(ranked, key) for key in metrics},
        **seed_cells(ranked),
    }


def tested(metric: str) -> str:
    """Return what a metric of the images held out is on the test set; others as they are."""
    return metric.replace("val/", "test/")


def _ranks(ranked: pd.DataFrame) -> list[str]:
    if "tied" not in ranked:
        return texts(ranked["rank"])
    pairs = zip(ranked["rank"], ranked["tied"], strict=True)
    return [f"≈ {rank}" if tied else f"{rank}" for rank, tied in pairs]


def _measured(ranked: pd.DataFrame, metric: str) -> list[str]:
    """Return a metric's values, or its means with their deviations."""
    if not pd.api.types.is_float_dtype(ranked[metric]):
        return texts(ranked[metric])
    values = formatted(ranked[metric], ".1f" if metric == "best_epoch" else ".4f")
    if not has_deviations(ranked, metric):
        return values
    deviations = formatted(ranked[f"{metric}_std"], ".4f")
    widest = max(map(len, values))
    pairs = zip(values, deviations, strict=True)
    return [mean.rjust(widest) + (f" ± {each}" if each else "") for mean, each in pairs]


def has_deviations(ranked: pd.DataFrame, key: str) -> bool:
    """Return whether a column has means, with deviations beside them."""
    return f"{key}_std" in ranked and key != "best_epoch"


def seed_cells(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the column that says ``2 (1 failed)``; none if no row has more than one seed."""
    if "seeds" not in table or (table[[*COUNTS]].sum(axis=1) <= 1).all():
        return {}
    return {"seeds": [_in_words(row) for _, row in table[[*COUNTS]].iterrows()]}


def _in_words(counts: "pd.Series[int]") -> str:
    others = ", ".join(f"{counts[key]:,} {key}" for key in COUNTS if key != "seeds" and counts[key])
    return f"{counts['seeds']:,} ({others})" if others else f"{counts['seeds']:,}"


def formatted(column: "pd.Series[float]", digits: str) -> list[str]:
    """Return measured numbers with these digits, as in ``.4f``; nothing for what is not there."""
    return texts(column.map(partial(measured_text, digits=digits), na_action="ignore"))


def _short(value: object) -> str:
    """Return a number with few digits: a suggested one has as many as a float can have."""
    is_long = isinstance(value, float) and len(str(value)) > LONG_NUMBER
    return f"{value:.4g}" if is_long else str(value)


def settings_in_full(ranked: pd.DataFrame) -> list[str]:
    """Return the parameters of each row by their names, with values in full, as in overrides."""
    columns = [
        [f"{key}={as_value(each)}" if each else "" for each in _recorded(ranked[key])]
        for key in ranked.attrs["parameters"]
    ]
    return [" ".join(filter(None, row)) for row in zip(*columns, strict=True)]


def _recorded(column: "pd.Series[Any]") -> list[str]:
    """Return values as they are recorded."""
    found = texts(column)
    is_float = pd.api.types.is_float_dtype(column)
    return [INFINITE.get(each, each) for each in found] if is_float else found


def texts(column: Iterable[object]) -> list[str]:
    """Return values as texts; nothing for what is not there."""
    return [
        "" if value is None or value is pd.NA or value != value else str(value) for value in column
    ]
