"""How often ``seed=auto`` loses the truly best row, and how many runs it saves: simulated.

    python benchmarks/until_decided.py

Of each kind, 2,000 tables of 8 rows with up to 20 seeds are drawn and decided as a sweep decides
them. The truly best row has the highest mean of its distribution, and is *lost* if it is out at the
end. Beside it: the same rows with all 20 seeds each, compared once by the leaderboard's test. Takes
two minutes, and writes ``results/until-decided.md``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep.results.seeds import ERROR, standing
from sweep.results.significance import SIGNIFICANCE, p_values

RESULTS = Path(__file__).parent / "results" / "until-decided.md"
TABLES, ROWS, LEAST, MOST = 2000, 8, 3, 20

Floats = NDArray[np.float64]
Draw = Callable[[np.random.Generator], tuple[Floats, Floats]]  # true means, and scores


def _normal(random: np.random.Generator) -> Floats:
    return random.standard_normal((ROWS, MOST))


def _spread(random: np.random.Generator) -> Floats:
    """Return means as far from each other as seeds scatter: twice the deviation."""
    return 2 * random.standard_normal(ROWS)


def _rates(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Accuracies of 500 images: a few good rows, others far behind, and seeds that matter."""
    means = np.concatenate([random.uniform(0.93, 0.95, 4), random.uniform(0.1, 0.9, ROWS - 4)])
    deviations = random.uniform(0.003, 0.01, ROWS)
    return means, np.round(500 * (means[:, None] + deviations[:, None] * _normal(random))) / 500


def _different(random: np.random.Generator) -> tuple[Floats, Floats]:
    means = _spread(random)
    return means, means[:, None] + _normal(random)


def _common(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Half of the variance is the seed's, the same for all rows."""
    means, shared = _spread(random), random.standard_normal(MOST)
    return means, means[:, None] + np.sqrt(0.5) * (shared + _normal(random))


def _unequal(random: np.random.Generator) -> tuple[Floats, Floats]:
    means, deviations = _spread(random), random.permutation(np.linspace(0.1, 3, ROWS))
    return means, means[:, None] + deviations[:, None] * _normal(random)


def _heavy(random: np.random.Generator) -> tuple[Floats, Floats]:
    """Student's t with 3 degrees of freedom."""
    means = _spread(random)
    return means, means[:, None] + random.standard_t(3, (ROWS, MOST))


def _collapsing(random: np.random.Generator) -> tuple[Floats, Floats]:
    """One seed in ten learns nothing, in any row."""
    good = random.uniform(0.85, 0.95, ROWS)
    scores = good[:, None] + 0.005 * _normal(random)
    scores[random.random(scores.shape) < 0.1] = 0.1
    return good, scores


def _equal(random: np.random.Generator) -> tuple[Floats, Floats]:
    """No row is better; the first counts as the best: the worst case."""
    return np.zeros(ROWS), _normal(random)


def _equal_unequal(random: np.random.Generator) -> tuple[Floats, Floats]:
    deviations = random.permutation(np.linspace(0.1, 3, ROWS))[:, None]
    return np.zeros(ROWS), deviations * _normal(random)


def _equal_heavy(random: np.random.Generator) -> tuple[Floats, Floats]:
    return np.zeros(ROWS), random.standard_t(3, (ROWS, MOST))


def _rare(random: np.random.Generator) -> tuple[Floats, Floats]:
    """The best row owes its mean to rare seeds, and the others hardly vary: beyond the promise."""
    scores = 0.05 * (random.exponential(1, (ROWS, MOST)) - 1)
    scores[0] *= 20
    return np.zeros(ROWS), scores


KINDS: dict[str, Draw] = {
    "accuracies of 500 images, half of the rows far behind": _rates,
    "normal": _different,
    "normal, half of the variance common to a seed": _common,
    "normal, deviations from 0.1 to 3": _unequal,
    "heavy tails (t, 3 degrees of freedom)": _heavy,
    "one seed in ten learns nothing": _collapsing,
    "normal, all rows equally good": _equal,
    "deviations from 0.1 to 3, all equally good": _equal_unequal,
    "heavy tails, all equally good": _equal_heavy,
    "skewed: the best by rare seeds alone, all equally good": _rare,
}


@dataclass(frozen=True)
class Counted:
    """What became of the tables of a kind, as shares: see :func:`line`."""

    lost: float
    runs: float
    tied: float
    lost_at_once: float
    tied_at_once: float


def count(draw: Draw) -> Counted:
    """Draw tables of a kind, and decide each."""
    random, found = np.random.default_rng(0), []
    for _ in range(TABLES):
        means, scores = draw(random)
        best = int(means.argmax())
        end = standing(scores, np.zeros(scores.shape, bool), LEAST)
        at_once = _tied_at_once(scores)
        runs = end.seeds.sum() / scores.size
        found.append([not end.tied[best], runs, end.tied.sum(), not at_once[best], at_once.sum()])
    return Counted(*np.mean(np.array(found, float), axis=0))


def _tied_at_once(scores: Floats) -> NDArray[np.bool_]:
    """Return which rows may be the best after all seeds, by the leaderboard's test."""
    means = scores.mean(axis=1)
    order = np.argsort(-means)
    p = p_values(means[order], scores.std(axis=1, ddof=1)[order], np.full(len(scores), MOST))
    tied = np.empty(len(scores), bool)
    tied[order] = np.concatenate([[True], p[1:] >= SIGNIFICANCE])
    return tied


def line(kind: str, counted: Counted) -> str:
    """Return a row of the table in Markdown."""
    return (
        f"| {kind} | {counted.lost:.1%} | {1 - counted.runs:.0%} | {counted.tied:.1f} | "
        f"{counted.lost_at_once:.1%} | {counted.tied_at_once:.1f} |"
    )


def main() -> None:
    """Count, print, and write the table."""
    lines = [
        f"| {TABLES:,} tables of {ROWS} rows | lost (at most {ERROR:.0%}) | runs saved | "
        "tied at the end, with the best | lost with all seeds, one test | tied with all seeds |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind, draw in KINDS.items():
        lines.append(line(kind, count(draw)))
        print(lines[-1], flush=True)
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
