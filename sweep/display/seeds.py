"""What ``seed=auto`` came to, as a user sees it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sweep.display.console import count, show_lines

MOST_NAMES = 10  # of rows, that are named
NO_SCORE = "out, since a run has no score (failed, diverged or killed)"


@dataclass(frozen=True)
class Verdict:
    """Which rows of a sweep may be the best, and what it took to know.

    Attributes:
        tied: the names of rows that may be the best, the best first, with their numbers of seeds.
        out: those of rows that another one is better than.
        failed: those of rows of which a run has no score.
        looks: how often the rows were looked at.
        runs: how many runs that took; of a row that is out for want of a score, those it had.
        of: how many runs all rows have with all seeds.
    """

    tied: Sequence[tuple[str, int]]
    out: Sequence[tuple[str, int]]
    failed: Sequence[tuple[str, int]]
    looks: int
    runs: int
    of: int

    @property
    def saved(self) -> int:
        """How many runs were not needed."""
        return self.of - self.runs

    def lines(self) -> list[str]:
        """Return the verdict in words."""
        best = "best" if len(self.tied) == 1 else "tied for first"
        named = {best: self.tied, "out": self.out, NO_SCORE: self.failed}
        return [
            f"Seeds: {self.runs:,} of {count(self.of, 'run')} in "
            f"{count(self.looks, 'look')}, {self.saved:,} saved",
            *(f"  {what}: {in_words(rows)}" for what, rows in named.items() if rows),
        ]


def in_words(rows: Sequence[tuple[str, int]]) -> str:
    """Return rows with their numbers of seeds."""
    told = [f"{name} ({count(seeds, 'seed')})" for name, seeds in rows[:MOST_NAMES]]
    more = len(rows) - len(told)
    return "; ".join([*told, *([f"and {more:,} more"] if more else [])])


def show_verdict(verdict: Verdict) -> None:
    """Print the verdict."""
    show_lines(*verdict.lines())


def show_seeds(rows: int, runs: int, least: int, most: int) -> None:
    """Print how many runs there will be.

    Args:
        rows: how many there are.
        runs: of all rows with one seed.
        least: how many seeds each has.
        most: how many it may have.
    """
    if rows == 1:
        show_lines(f"seed=auto: one row alone, so nothing to decide; it gets {least} seeds")
        return
    between = f"{runs * least:,} to {runs * most:,} runs"
    show_lines(f"seed=auto: {rows:,} rows with {least} to {most} seeds each, {between}; the first:")
