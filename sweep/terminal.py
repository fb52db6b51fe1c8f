"""What a user sees before and after the training: the plan, the leaderboard."""

from collections.abc import Mapping, Sequence

import pandas as pd
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sweep.config import varying

PLAIN_WIDTH = 200
SHOWN_COLUMNS = ("val/accuracy", "test/accuracy", "best_epoch")


def console() -> Console:
    """Return the terminal's width and colours, or a wide colourless page where there is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def show_plan(
    params: Sequence[Mapping[str, str]], datasets: Sequence[str], record: str, device: str
) -> None:
    """Print what is about to be trained.

    Args:
        params: of each run, one key a field.
        datasets: a line for each.
        record: where the runs are recorded.
        device: what trains them.
    """
    lines = [f"{count(len(params), 'run')}:"]
    for key in varying(params):
        values = dict.fromkeys(each[key] for each in params if key in each)
        lines.append(f"  {key}: {', '.join(values)}")
    lines += [f"  {dataset}" for dataset in datasets]
    if any(each["test_every_epoch"] == "true" for each in params):
        lines.append("  measured on the test set after every epoch (test_every_epoch=true)")
    epochs = " or ".join(dict.fromkeys(each["epochs"] for each in params))
    lines += [f"  up to {count(epochs, 'epoch')}, on {device}", f"  recorded in {record}"]
    show_lines(*lines)


def show_lines(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, markup=False, soft_wrap=True)  # a wrapped command cannot be pasted


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


def count(number: int | str, noun: str) -> str:
    """Return ``1 run`` or ``2 runs``."""
    return f"{number} {noun}" if str(number) == "1" else f"{number} {noun}s"
