"""The leaderboard as a user sees it printed."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from sweep.display.console import SHOWN_COLUMNS, count, show_lines
from sweep.display.tables import show_table
from sweep.results.aggregate import COUNTS
from sweep.results.significance import SIGNIFICANCE

LONG_NUMBER = 8  # letters, from which a parameter is rounded
ROWS = 100  # that are printed, unless more are asked for
TIED = (
    f"≈ any of these may be the best: p ≥ {SIGNIFICANCE} (Welch's t-test over seeds against the "
    "first, with Holm's correction)"
)


def show_leaderboard(table: pd.DataFrame, metric: str, direction: str, rows: int = ROWS) -> None:
    """Print the ranked rows, and below them those that could not be ranked.

    Args:
        table: as :func:`sweep.load_leaderboard` or ``load_leaderboard_by_seed`` returns it.
        metric: by which it is ranked.
        direction: ``max`` or ``min``.
        rows: how many to print at most, of the ranked ones and of the others.
    """
    others = table[table["rank"].isna()]
    show_best(table, metric, direction, rows)
    if "seeds" in table:
        _show_counts(table)
        others = others[others["status"] != "PRUNED"]  # a search has many, and nothing is wrong
    if len(others):
        _show_not_ranked(others.head(rows))
        _show_how_many_more(len(others) - rows)


def show_best(table: pd.DataFrame, metric: str, direction: str, rows: int) -> None:
    """Print the first of the ranked rows; arguments as of :func:`show_leaderboard`."""
    ranked = table[table["rank"].notna()]
    if ranked.empty:
        return
    best_first = {"max": "highest", "min": "lowest"}[direction]
    _show_ranked(ranked.head(rows), metric, f"Leaderboard: by {metric}, the {best_first} first")
    _show_how_many_more(len(ranked) - rows)
    if "tied" in ranked and ranked["tied"].any():
        show_lines(TIED)
    _show_best_run(ranked.iloc[0])


def _show_ranked(ranked: pd.DataFrame, metric: str, title: str) -> None:
    if f"{metric}_std" in ranked:
        title += "; mean ± standard deviation over seeds"
    numbers = map(str, ranked.select_dtypes("number"))
    right = [key for key in numbers if not _has_deviations(ranked, key)]
    settings = ranked.attrs["parameters"]
    show_table(title, ranked_cells(ranked, metric), right, settings, _overrides)


def ranked_cells(ranked: pd.DataFrame, metric: str) -> dict[str, list[str]]:
    """Return the columns that are worth looking at, as texts: rank, parameters, metrics, seeds.

    Args:
        ranked: the rows with a rank of what :func:`sweep.load_leaderboard` returns.
        metric: by which they are ranked.
    """
    metrics = [key for key in dict.fromkeys((metric, *SHOWN_COLUMNS)) if key in ranked]
    return {
        "rank": _ranks(ranked),
        **{key: _texts(map(_short, ranked[key])) for key in ranked.attrs["parameters"]},
        **{key: _measured(ranked, key) for key in metrics},
        **_seeds(ranked),
    }


def _ranks(ranked: pd.DataFrame) -> list[str]:
    if "tied" not in ranked:
        return _texts(ranked["rank"])
    pairs = zip(ranked["rank"], ranked["tied"], strict=True)
    return [f"≈ {rank}" if tied else f"{rank}" for rank, tied in pairs]


def _measured(ranked: pd.DataFrame, metric: str) -> list[str]:
    """Return a metric's values, or its means with their deviations."""
    if not pd.api.types.is_float_dtype(ranked[metric]):
        return _texts(ranked[metric])
    values = _formatted(ranked[metric], "{:.1f}" if metric == "best_epoch" else "{:.4f}")
    if not _has_deviations(ranked, metric):
        return values
    deviations = _formatted(ranked[f"{metric}_std"], " ± {:.4f}")
    widest = max(map(len, values))
    return [mean.rjust(widest) + each for mean, each in zip(values, deviations, strict=True)]


def _has_deviations(ranked: pd.DataFrame, key: str) -> bool:
    return f"{key}_std" in ranked and key != "best_epoch"


def _seeds(table: pd.DataFrame) -> dict[str, list[str]]:
    """Return the column that says ``2 (1 failed)``; none if no row has more than one seed."""
    if "seeds" not in table or (table[[*COUNTS]].sum(axis=1) <= 1).all():
        return {}
    return {"seeds": [_in_words(row) for _, row in table[[*COUNTS]].iterrows()]}


def _in_words(counts: "pd.Series[int]") -> str:
    others = ", ".join(f"{counts[key]} {key}" for key in COUNTS if key != "seeds" and counts[key])
    return f"{counts['seeds']} ({others})" if others else f"{counts['seeds']}"


def _overrides(settings: Mapping[str, str]) -> str:
    """Return settings as Hydra's overrides write them, but the empty ones."""
    return " ".join(f"{key}={text.replace(', ', ',')}" for key, text in settings.items() if text)


def _show_counts(table: pd.DataFrame) -> None:
    """Print how many runs ended how, if not all that were begun are FINISHED."""
    counts = table[[*COUNTS]].sum()
    others = [f"{counts[key]} {key}" for key in COUNTS if key != "seeds" and counts[key]]
    hint = "; --by-seed shows each" if _seeds(table) or counts["pruned"] else ""
    if others:
        show_lines(f"{count(counts['seeds'], 'run')} finished, {', '.join(others)}{hint}")


def _show_best_run(best: "pd.Series[Any]") -> None:
    seeds = best.get("seeds", 1)
    which = f", the best of its {seeds} seeds" if seeds > 1 else ""
    show_lines(f"Best: {best['run']} (run {best['run_id']}){which}")


def _show_not_ranked(others: pd.DataFrame) -> None:
    shown = others[["status", "run", "failure_reason", "run_id"]].dropna(axis=1, how="all")
    cells = {str(key): _texts(shown[key]) for key in shown} | _seeds(others)
    movable = [key for key in ("run", "failure_reason") if key in shown]
    show_table("Not ranked", cells, (), movable, lambda row: ": ".join(filter(None, row.values())))


def _show_how_many_more(number: int) -> None:
    if number > 0:
        show_lines(f"... and {number:,} more (--top N shows N, --output FILE writes them)")


def _formatted(column: "pd.Series[float]", form: str) -> list[str]:
    return _texts(column.map(form.format, na_action="ignore"))


def _short(value: object) -> object:
    """Return a number with few digits: a suggested one has as many as a float can have."""
    is_long = isinstance(value, float) and len(str(value)) > LONG_NUMBER
    return f"{value:.4g}" if is_long else value


def _texts(column: Iterable[object]) -> list[str]:
    return [
        "" if value is None or value is pd.NA or value != value else str(value) for value in column
    ]
