"""What MLflow shows as a sweep's description: a note in Markdown."""

import shlex
from collections.abc import Sequence

import pandas as pd

from sweep.leaderboard_view import TIED, ranked_cells
from sweep.results import Results
from sweep.terminal import count

MOST_ROWS = 15
GAP = "&emsp;"  # after a cell: MLflow's page sets columns side by side without any


def description(results: Results, overrides: Sequence[str]) -> str:
    """Return the command that made a sweep, how its runs ended, and the leaderboard's first rows.

    Args:
        results: of the sweep.
        overrides: the sweep's own, as in ``optim.lr=0.1,0.2``.
    """
    command = shlex.join(["python", "-m", "sweep", *overrides, "--multirun"])
    table = results.configurations
    ranked = table[table["rank"].notna()]
    parts = [f"    {command}", _counts(results)]
    if len(ranked):
        parts.append(_table(ranked.head(MOST_ROWS), results.metric))
        if len(ranked) > MOST_ROWS:
            parts.append(f"... and {len(ranked) - MOST_ROWS:,} more, in `report.html`.")
        if "tied" in ranked and ranked["tied"].any():
            parts.append(TIED)
    return "\n\n".join(parts)


def _counts(results: Results) -> str:
    ends = [f"{number} {name}" for name, number in results.runs["status"].value_counts().items()]
    best_first = {"max": "highest", "min": "lowest"}[results.direction]
    runs = f"{count(len(results.runs), 'run')} ({', '.join(ends)})"
    return f"{runs}, by {results.metric}, the {best_first} first. Figures: artifact `report.html`."


def _table(ranked: pd.DataFrame, metric: str) -> str:
    cells = pd.DataFrame(ranked_cells(ranked, metric)).replace(r"\|", r"\\|", regex=True)
    cells = cells.add_suffix(GAP).map(lambda cell: f"{cell}{GAP}")
    return cells.to_markdown(index=False, disable_numparse=True)
