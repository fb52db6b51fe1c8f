"""Seeds until it is decided which row is best: who is out after each look, and who needs more.

A row is a configuration, and a run of it with another seed repeats it. Rows are looked at again and
again while they get more seeds. A test of 5% that is made at each look would sooner or later find a
difference where there is none; so the 5% are shared out beforehand, among all looks and all rows.

At a look, each row is compared with each other one that is not out yet, by the t-test of the
differences between them with the same seeds (their *pairs*) [1]_, one-sided; a row that another is
better than is out. The truly best row is out by mistake only if one of the others beats it at one
of the looks. The chance of that is at most the sum of the levels of these tests (Bonferroni's
inequality), whatever depends on whatever. Each of the ``rows - 1`` others has the same part of
``ERROR``, and of this, each look has what the spending function of Lan and DeMets [2]_ that
resembles Pocock's boundaries adds since the look before: ``ERROR * log(1 + (e - 1) * t)`` has been
spent when a share ``t`` of the seeds has been used. So a row that is far behind is out early, and
enough is left for the last look. That rows drop out of a comparison as soon as they are beaten is
called a race [3]_.

The t-test is exact for differences that have a normal distribution, with any deviations, which need
not be the same. ``benchmarks/until_decided.py`` measures it with others.

.. [1] "Student": The probable error of a mean. Biometrika 6 (1908). Pairs by common seeds:
   P. Glasserman, D. D. Yao: Some guidelines and guarantees for common random numbers. Management
   Science 38 (1992).
.. [2] K. K. G. Lan, D. L. DeMets: Discrete sequential boundaries for clinical trials. Biometrika 70
   (1983).
.. [3] O. Maron, A. W. Moore: Hoeffding races: accelerating model selection search for
   classification and function approximation. NIPS (1993). By t-tests and with blocks: M. Birattari,
   T. Stützle, L. Paquete, K. Varrentrapp: A racing algorithm for configuring metaheuristics. GECCO
   (2002).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ERROR = 0.05  # the chance, at most, that the truly best row is out
GROWTH = 1.25  # from look to look: few seeds at once, and few looks to share the error among
EQUAL = 1e-9  # of the largest score: what is nearer is the same, computed in another order

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Standing:
    """How rows stand after all looks whose runs have ended.

    Attributes:
        seeds: (rows,), how many each has had at the last look that it was part of.
        tied: (rows,), which may be the best.
        failed: (rows,), which are out because one of their runs failed.
        wanted: (rows, most), the runs that the next look waits for; none if it is decided, or no
            look is left.
        looks: how many there were.
    """

    seeds: NDArray[Any]
    tied: Flags
    failed: Flags
    wanted: Flags
    looks: int

    @property
    def is_over(self) -> bool:
        """Whether no run is wanted any more."""
        return not self.wanted.any()


def looks(least: int, most: int) -> list[int]:
    """Return the numbers of seeds after which rows are looked at.

    Args:
        least: of the first look, 2 or more.
        most: of the last look, ``least`` or more.
    """
    found = [least]
    while found[-1] < most:
        found.append(min(most, max(found[-1] + 1, math.ceil(found[-1] * GROWTH))))
    return found


def levels(least: int, most: int) -> dict[int, float]:
    """Return the part of the error that is spent at each look; arguments as of :func:`looks`.

    All parts together are :data:`ERROR`.
    """
    spent = {n: ERROR * math.log(1 + (math.e - 1) * n / most) for n in looks(least, most)}
    before = [0.0, *spent.values()]
    return {n: spent[n] - earlier for n, earlier in zip(spent, before, strict=False)}


def standing(scores: Floats, failed: Flags, least: int) -> Standing:
    """Return how rows stand, by nothing but the runs of the looks that are complete.

    So it is the same in whatever order runs ended, and when it is asked again.

    Args:
        scores: (rows, most), of each row with each seed, higher is better; NaN where it is not
            known. There may be as many seeds as there are columns.
        failed: (rows, most), which runs were trained, and have no score.
        least: how many seeds each row has at the first look; 2 or more.
    """
    rows, most = scores.shape
    tied, out_by_failure = np.ones(rows, bool), np.zeros(rows, bool)
    seeds, none = np.zeros(rows, int), np.zeros_like(failed)
    done = 0
    for n, level in levels(least, most).items():
        fails = tied & failed[:, :n].any(axis=1)
        wanted = none.copy()
        wanted[tied & ~fails, :n] = np.isnan(scores[tied & ~fails, :n])
        if wanted.any():
            return Standing(seeds, tied, out_by_failure, wanted, done)
        seeds[tied], done = n, done + 1
        out_by_failure |= fails
        tied = tied & ~fails
        if tied.sum() > 1:
            tied[tied] = ~beaten(scores[tied, :n], level / (rows - 1))
        if tied.sum() <= 1:
            break
    return Standing(seeds, tied, out_by_failure, none, done)


def beaten(scores: Floats, level: float) -> Flags:
    """Return which rows another one is better than: (rows,).

    Args:
        scores: (rows, seeds), higher is better, two seeds or more.
        level: of each test.
    """
    from scipy.special import stdtr  # long to import, and only where there are several seeds

    rows, seeds = scores.shape
    found = np.zeros(rows, bool)
    noise = _step(scores) ** 2 / 6  # of the difference of two scores, each rounded to this step
    for one in scores:
        pairs = one - scores
        error = np.sqrt((pairs.var(axis=1, ddof=1) + noise) / seeds)
        with np.errstate(all="ignore"):  # 0 / 0, of a row and itself
            found |= stdtr(seeds - 1, -pairs.mean(axis=1) / error) < level
    return found


def _step(scores: Floats) -> float:
    """Return the step in which scores are measured: an accuracy of 500 images has one of 0.002.

    Rows whose few differences all agree are taken to have the noise that is lost by rounding: it is
    no sign of none at all.
    """
    values = np.unique(scores)
    steps = np.diff(values)
    steps = steps[steps > EQUAL * np.abs(values).max()]
    return float(steps.min()) if len(steps) else 0.0
