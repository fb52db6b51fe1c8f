"""Which configurations can be told from the best one, when each mean has the noise of its seeds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGNIFICANCE = 0.05
Floats = NDArray[np.float64]


@np.errstate(all="ignore")  # no noise at all: 0 / 0
def p_values(means: Floats, deviations: Floats, seeds: NDArray[Any]) -> Floats:
    """Return how likely so large a difference from the best is, if there is none.

    Each configuration's mean is compared with the first one's by Welch's t-test [1]_, two-sided,
    since it is not known beforehand which one will be best; it does not take for granted that all
    have the same noise, and they do not: too high a learning rate scatters. Since there are
    many comparisons, the p-values are adjusted by Holm's method [2]_. Those that stay at
    ``SIGNIFICANCE`` or above then hold the configuration that is truly best with a probability of
    at least 95%, although the one that looks best was chosen by looking: each of the others could
    beat it by luck, and the sum of these chances is what Bonferroni's method bounds, and in effect
    Holm's (``test_significance.py`` counts it); Hsu [3]_ has the argument for equal variances.

    A configuration with one seed, or whose seeds all agree (an accuracy has few possible values,
    that is no sign of no noise), borrows the variance of the others: the mean of their variances,
    weighted by their degrees of freedom, which it borrows too.

    .. [1] B. L. Welch: The generalization of "Student's" problem when several different population
       variances are involved. Biometrika 34 (1947). For seeds: C. Colas, O. Sigaud, P.-Y. Oudeyer:
       A hitchhiker's guide to statistical comparisons of reinforcement learning algorithms,
       arXiv:1904.06979 (2019).
    .. [2] S. Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of
       Statistics 6 (1979).
    .. [3] J. C. Hsu: Constrained simultaneous confidence intervals for multiple comparisons with
       the best. Annals of Statistics 12 (1984).

    Args:
        means: (configurations,), the best one first.
        deviations: (configurations,), of the samples (ddof=1); NaN where there is one seed.
        seeds: (configurations,), how many; more than one at least once.

    Returns:
        (configurations,); NaN for the first.
    """
    freedom = seeds - 1.0
    variances = np.nan_to_num(deviations) ** 2
    borrows = variances == 0
    # Runs that diverge end at the same accuracy: counted as known, they would take the noise away.
    lends = ~borrows if variances.any() else freedom > 0
    pooled_freedom = freedom[lends].sum()
    variances[borrows] = (variances * freedom)[lends].sum() / pooled_freedom
    freedom[borrows] = pooled_freedom
    errors = variances / seeds  # squared, of each mean
    both = errors + errors[0]
    t = np.abs(means - means[0]) / np.sqrt(both)
    # By Welch and Satterthwaite; two that borrow know no more than what they borrow.
    degrees = both**2 / (errors**2 / freedom + errors[0] ** 2 / freedom[0])
    from scipy.special import stdtr  # long to import, and only where there are several seeds

    p = 2 * stdtr(np.minimum(degrees, pooled_freedom), -t)
    p[(both == 0) & (means == means[0])] = 1.0
    p[(both == 0) & (means != means[0])] = 0.0
    return np.concatenate([[np.nan], _adjusted(p[1:])])


def _adjusted(p: Floats) -> Floats:
    """Return the p-values of several tests, adjusted by Holm's method."""
    order = np.argsort(p)
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted
