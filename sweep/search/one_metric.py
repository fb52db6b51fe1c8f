"""Pruning by one metric, where a study has several objectives: ``search.prune_by``.

Optuna's trials report nothing to such a study, and its pruners refuse it; but what they do with
curves needs no more than one direction.
"""

from collections.abc import Sequence

from optuna.storages import RDBStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from sweep.config.metrics import direction_of
from sweep.config.schema import Search
from sweep.search.multifidelity import changed
from sweep.search.storage import engine_options


class _OneDirection(RDBStorage):
    """A storage whose studies have one objective, to whoever reports and prunes."""

    direction = StudyDirection.NOT_SET

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        return [self.direction]


def reporting_storage(search: Search, measured: Sequence[str]) -> RDBStorage:
    """Return the storage as a run sees it that reports to its study; it has to be there.

    Args:
        search: its settings.
        measured: what ``metrics`` is, where a user's own say which end is better.
    """
    kind = _OneDirection if search.prune_by else RDBStorage
    storage = kind(
        search.storage,
        engine_options(search.storage),
        skip_compatibility_check=True,
        skip_table_creation=True,
    )
    if isinstance(storage, _OneDirection):
        more = direction_of(search.prune_by or "", measured) == "max"
        storage.direction = StudyDirection.MAXIMIZE if more else StudyDirection.MINIMIZE
    return storage


def prefers_more(search: Search, directions: Sequence[str], measured: Sequence[str]) -> bool:
    """Return whether a run goes on that reached more than others, rather than less.

    Args:
        search: its settings.
        directions: ``maximize`` or ``minimize``, for each objective.
        measured: what ``metrics`` is, where a user's own say which end is better.
    """
    if search.prune_by:
        return direction_of(search.prune_by, measured) == "max"
    return directions[0] == "maximize"


def without_curves(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return trials as samplers take them for several objectives: pruned ones without a curve.

    They would compare its values, and know of no direction in which one is better.
    """
    return [
        changed(trial, intermediate_values={})
        if trial.state == TrialState.PRUNED and trial.intermediate_values
        else trial
        for trial in trials
    ]
