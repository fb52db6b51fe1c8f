"""The leaderboard as a user sees it printed."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sweep.display.console import count, show_lines
from sweep.display.tables import show_table
from sweep.results.aggregate import COUNTS
from sweep.results.cells import TIED, has_deviations, ranked_cells, seed_cells, texts

ROWS = 100  # that are printed, unless more are asked for


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
    right = [key for key in numbers if not has_deviations(ranked, key)]
    settings = ranked.attrs["parameters"]
    show_table(title, ranked_cells(ranked, metric), right, settings, _overrides)


def _overrides(settings: Mapping[str, str]) -> str:
    """Return settings as Hydra's overrides write them, but the empty ones."""
    return " ".join(f"{key}={text.replace(', ', ',')}" for key, text in settings.items() if text)


def _show_counts(table: pd.DataFrame) -> None:
    """Print how many runs ended how, if not all that were begun are FINISHED."""
    counts = table[[*COUNTS]].sum()
    others = [f"{counts[key]} {key}" for key in COUNTS if key != "seeds" and counts[key]]
    hint = "; --by-seed shows each" if seed_cells(table) or counts["pruned"] else ""
    if others:
        show_lines(f"{count(counts['seeds'], 'run')} finished, {', '.join(others)}{hint}")


def _show_best_run(best: "pd.Series[Any]") -> None:
    seeds = best.get("seeds", 1)
    which = f", the best of its {seeds} seeds" if seeds > 1 else ""
    show_lines(f"Best: {best['run']} (run {best['run_id']}){which}")


def _show_not_ranked(others: pd.DataFrame) -> None:
    shown = others[["status", "run", "failure_reason", "run_id"]].dropna(axis=1, how="all")
    cells = {str(key): texts(shown[key]) for key in shown} | seed_cells(others)
    movable = [key for key in ("run", "failure_reason") if key in shown]
    show_table("Not ranked", cells, (), movable, lambda row: ": ".join(filter(None, row.values())))


def _show_how_many_more(number: int) -> None:
    if number > 0:
        show_lines(f"... and {number:,} more (--top N shows N, --output FILE writes them)")
