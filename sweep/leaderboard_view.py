"""The leaderboard as a user sees it printed."""

from collections.abc import Sequence

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

from sweep.terminal import SHOWN_COLUMNS, console, show_lines


def show_leaderboard(table: pd.DataFrame, metric: str, direction: str) -> None:
    """Print the ranked runs, and below them those that could not be ranked.

    Args:
        table: as :func:`sweep.leaderboard.leaderboard` returns it.
        metric: by which it is ranked.
        direction: ``max`` or ``min``.
    """
    out = console()
    ranked, others = table[table["rank"].notna()], table[table["rank"].isna()]
    best_first = {"max": "highest", "min": "lowest"}[direction]
    if len(ranked):
        metrics = [key for key in dict.fromkeys((metric, *SHOWN_COLUMNS)) if key in table]
        shown = ranked[["rank", *table.attrs["parameters"], *metrics]]
        floats = [key for key in metrics if pd.api.types.is_float_dtype(shown[key])]
        title = f"Leaderboard: by {metric}, the {best_first} first"
        out.print(_rich_table(shown, title, rounded=floats))
        winner = ranked.iloc[0]
        show_lines(f"Best: {winner['run']} (run {winner['run_id']})")
    if len(others):
        reasons = others[["status", "run", "failure_reason", "run_id"]].dropna(axis=1, how="all")
        out.print(_rich_table(reasons, "Not ranked", rounded=[]))


def _rich_table(frame: pd.DataFrame, title: str, rounded: Sequence[str]) -> Table:
    table = Table(title=Text(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for name in frame.columns:
        right = pd.api.types.is_numeric_dtype(frame[name])
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    frame = frame.assign(
        **{name: frame[name].map("{:.4f}".format, na_action="ignore") for name in rounded}
    )
    for row in frame.itertuples(index=False):
        table.add_row(*(Text(_cell(value)) for value in row))  # Text: brackets are no markup
    return table


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return str(value)
