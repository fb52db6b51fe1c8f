"""The leaderboard as a user sees it printed."""

from collections.abc import Collection
from typing import Any

import pandas as pd

from sweep.display.console import count, show_lines
from sweep.display.tables import show_table
from sweep.results.aggregate import COUNTS
from sweep.results.cells import (
    formatted,
    has_deviations,
    ranked_cells,
    seed_cells,
    settings_in_full,
    texts,
    ties_in_words,
)
from sweep.results.values import told_apart
from sweep.tracking import FAILURE

ROWS = 100  # that are printed, unless more are asked for
BEST = "--top N shows the N best"
ALL = "--output FILE writes all"
EACH = "--by-seed shows each"


def show_leaderboard(
    table: pd.DataFrame,
    metric: str,
    direction: str,
    rows: int = ROWS,
    told: Collection[str] = (),
    command: str = "",
) -> None:
    """Print the ranked rows, and below them those that could not be ranked.

    Args:
        table: as :func:`sweep.load_leaderboard` or ``load_leaderboard_by_seed`` returns it.
        metric: by which it is ranked.
        direction: ``max`` or ``min``.
        rows: how many to print at most, of the ranked ones and of the others.
        told: why runs failed that are told of elsewhere, and are only counted here.
        command: which has the options that show the rest; nothing if it is the one that prints.
    """
    prefix = f"{command} ".lstrip()
    is_told = (table["status"] == "FAILED") & table[FAILURE].isin(list(told))
    others = table[table["rank"].isna() & ~is_told]
    show_best(table, metric, direction, rows, f"{prefix}{BEST}, {ALL}")
    if "seeds" in table:
        _show_counts(table, f"{prefix}{EACH}")
        others = others[~others["status"].isin(["PRUNED", "PAUSED"])]  # many, and nothing wrong
    if len(others):
        _show_not_ranked(others.head(rows))
        _show_how_many_more(len(others) - rows, f"{prefix}{ALL}")


def show_best(
    table: pd.DataFrame, metric: str, direction: str, rows: int, hint: str = BEST
) -> None:
    """Print the first of the ranked rows.

    Args:
        table: as :func:`show_leaderboard` takes it.
        metric: by which it is ranked.
        direction: ``max`` or ``min``.
        rows: how many to print at most.
        hint: what shows the others.
    """
    ranked = table[table["rank"].notna()]
    if ranked.empty:
        return
    best_first = {"max": "highest", "min": "lowest"}[direction]
    _show_ranked(ranked.head(rows), metric, f"Leaderboard: by {metric}, the {best_first} first")
    _show_how_many_more(len(ranked) - rows, hint)
    if "tied" in ranked and ranked["tied"].any():
        show_lines(ties_in_words(ranked))
    _show_best_run(ranked.iloc[0])


def show_columns(table: pd.DataFrame, metric: str, direction: str, rows: int) -> None:
    """Print the columns that were asked for, of all rows, those without a rank last."""
    best_first = {"max": "highest", "min": "lowest"}[direction]
    _show_plainly(table, f"Leaderboard: by {metric}, the {best_first} first", rows)


def show_groups(table: pd.DataFrame, metric: str, rows: int) -> None:
    """Print a row for each value, the one with the best run first."""
    _show_plainly(table, f"{metric}: the best, mean and standard deviation of runs", rows)


def _show_plainly(table: pd.DataFrame, title: str, rows: int) -> None:
    """Print a table's first rows; ``attrs["measured"]`` names the columns that are measured."""
    shown, measured = table.head(rows), {*table.select_dtypes("float")} & {*table.attrs["measured"]}
    right = list(map(str, table.select_dtypes("number")))
    cells = {
        str(name): formatted(shown[name], ".4f") if name in measured else told_apart(shown[name])
        for name in shown
    }
    show_table(title, cells, right)
    _show_how_many_more(len(table) - rows, f"{BEST}, {ALL}")


def _show_ranked(ranked: pd.DataFrame, metric: str, title: str) -> None:
    if f"{metric}_std" in ranked:
        title += "; mean ± standard deviation over seeds"
    numbers = map(str, ranked.select_dtypes("number"))
    right = [key for key in numbers if not has_deviations(ranked, key)]
    settings = ranked.attrs["parameters"]
    below = settings_in_full(ranked)
    show_table(title, ranked_cells(ranked, metric), right, settings, below)


def _show_counts(table: pd.DataFrame, hint: str) -> None:
    """Print how many runs ended how, if not all that were begun are FINISHED.

    Args:
        table: a row for each configuration.
        hint: what shows each run.
    """
    counts = table[[*COUNTS]].sum()
    others = [f"{counts[key]:,} {key}" for key in COUNTS if key != "seeds" and counts[key]]
    has_more = seed_cells(table) or counts["pruned"] or counts["paused"]
    if others:
        line = f"{count(counts['seeds'], 'run')} finished, {', '.join(others)}"
        show_lines(f"{line}; {hint}" if has_more else line)


def _show_best_run(best: "pd.Series[Any]") -> None:
    seeds = best.get("seeds", 1)
    which = f", the best of its {seeds:,} seeds" if seeds > 1 else ""
    show_lines(f"Best: {best['run']} (run {best['run_id']}){which}")


def _show_not_ranked(others: pd.DataFrame) -> None:
    shown = others[["status", "run", "failure_reason", "run_id"]].dropna(axis=1, how="all")
    cells = {str(key): texts(shown[key]) for key in shown} | seed_cells(others)
    movable = [key for key in ("run", "failure_reason") if key in shown]
    moved = zip(*(cells[key] for key in movable), strict=True)
    show_table("Not ranked", cells, (), movable, [": ".join(filter(None, row)) for row in moved])


def _show_how_many_more(number: int, hint: str) -> None:
    if number > 0:
        show_lines(f"... and {number:,} more ({hint})")
