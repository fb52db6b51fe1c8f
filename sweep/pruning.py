"""Whether a run of a search goes on after an epoch, or is pruned because others got further.

Each run reports to the study and asks it, wherever it is trained.
"""

import logging
from collections.abc import Callable, Iterable

from sweep.config import score_metric
from sweep.epochs import EpochRecord
from sweep.errors import Pruned
from sweep.schema import Config

log = logging.getLogger(__name__)

Judge = Callable[[EpochRecord], None]


def judge_of(config: Config, before: Iterable[EpochRecord]) -> Judge:
    """Return what raises :class:`Pruned` after an epoch with which the run shall end.

    Args:
        config: of the run. What is no run of a search, or of one without a pruner, always goes on.
        before: epochs that are trained already; they are reported now, unless they have been.
    """
    search, metric = config.search, score_metric(config)
    if search.trial is None or search.pruner is None:
        return lambda record: None
    from sweep.study import ReportedTrial  # it imports Optuna, which other runs do without

    name = search.pruner
    trial = ReportedTrial(search, config.epochs)
    for record in before:
        trial.report(record.epoch, record.metrics[metric])

    def judge(record: EpochRecord) -> None:
        value = record.metrics[metric]
        trial.report(record.epoch, value)
        if record.epoch < config.epochs and trial.should_prune():
            reason = f"{name} stopped it after epoch {record.epoch} with {metric} {value:.4f}"
            raise Pruned(record.epoch, f"{reason}: others were better by then")

    return judge
