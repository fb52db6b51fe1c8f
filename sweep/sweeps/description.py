"""What MLflow shows as a sweep's description: a note in Markdown."""

import shlex
from collections.abc import Sequence

import pandas as pd

from sweep.display.console import count
from sweep.results.aggregate import COUNTS
from sweep.results.cells import ranked_cells, ties_in_words

MOST_ROWS = 10
COMMAND_LETTERS = 2_000  # MLflow cuts a description off after 8,000
GAP = "&emsp;"  # after a cell: MLflow's page sets columns side by side without any


def description(table: pd.DataFrame, metric: str, overrides: Sequence[str]) -> str:
    """Return the command that made a sweep, how its runs ended, and the leaderboard's first rows.

    Args:
        table: the sweep's leaderboard.
        metric: by which it is ranked, the best first.
        overrides: the sweep's own, as in ``optim.lr=0.1,0.2``.
    """
    command = shlex.join(["python", "-m", "sweep", *overrides, "--multirun"])
    if len(command) > COMMAND_LETTERS:
        command = f"{command[:COMMAND_LETTERS]}…"
    ranked = table[table["rank"].notna()]
    parts = [f"    {command}", _counts(table)]
    if len(ranked):
        parts[-1] += f", by {metric}, the best first:"
        parts.append(_table(ranked.head(MOST_ROWS), metric))
        if len(ranked) > MOST_ROWS:
            parts.append(f"... and {len(ranked) - MOST_ROWS:,} more")
        if "tied" in ranked and ranked["tied"].any():
            parts.append(ties_in_words(ranked))
    return "\n\n".join(parts)


def _counts(table: pd.DataFrame) -> str:
    ends = {status: int(table[name].sum()) for name, status in COUNTS.items()}
    told = ", ".join(f"{number:,} {status}" for status, number in ends.items() if number)
    return f"{count(sum(ends.values()), 'run')}: {told}"


def _table(ranked: pd.DataFrame, metric: str) -> str:
    cells = pd.DataFrame(ranked_cells(ranked, metric)).replace(r"\|", r"\\|", regex=True)
    cells = cells.add_suffix(GAP).map(lambda cell: f"{cell}{GAP}")
    return cells.to_markdown(index=False, disable_numparse=True)
