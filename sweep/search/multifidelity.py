"""Trials as a sampler can compare them, though most were pruned."""

import math
from collections.abc import Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from sweep.config.schema import Search
from sweep.search.rungs import rungs_from


def comparable(
    trials: Sequence[FrozenTrial], search: Search, epochs: int, n_dimensions: int
) -> list[FrozenTrial]:
    """Return the trials, in the same order, with values that they had after the same epoch.

    Optuna's samplers take each run that was trained to its end for better than each that was
    pruned, or know nothing of the latter; but the first runs of a search are never pruned, however
    bad, since there is none to compare them with. So, as in BOHB (Falkner, Klein, Hutter 2018,
    https://arxiv.org/abs/1807.01774), the value is that of the last epoch at which runs are pruned
    or pause, and which enough of them have reached: d + 3 in d dimensions. If so many were trained
    to their end, it is what they reached in the end.

    Args:
        trials: of one objective.
        search: its settings.
        epochs: of its runs.
        n_dimensions: that are searched.
    """
    enough = n_dimensions + 3
    if sum(trial.state == TrialState.COMPLETE for trial in trials) >= enough:
        return list(trials)
    for rung in reversed(rungs_from(search.min_epochs, search.reduction_factor, epochs)):
        if sum(_has(trial, rung) for trial in trials) >= enough:
            return [_at(trial, rung) if _has(trial, rung) else trial for trial in trials]
    return list(trials)


def _has(trial: FrozenTrial, epoch: int) -> bool:
    return math.isfinite(trial.intermediate_values.get(epoch, math.nan))


def _at(trial: FrozenTrial, epoch: int) -> FrozenTrial:
    return changed(trial, state=TrialState.COMPLETE, value=trial.intermediate_values[epoch])


def changed(trial: FrozenTrial, **values: Any) -> FrozenTrial:
    """Return the trial with other values of these fields, and without what it reached in the end.

    Args:
        trial: as it is.
        values: as Optuna's ``create_trial`` takes them.
    """
    same = {
        "state": trial.state,
        "params": trial.params,
        "distributions": trial.distributions,
        "user_attrs": trial.user_attrs,
        "system_attrs": trial.system_attrs,
        "intermediate_values": trial.intermediate_values,
    }
    return create_trial(**{**same, **values})
