"""Whether a run of a search goes on after an epoch, or is pruned because others got further.

Each run reports to the study and asks it, wherever it is trained.
"""

import logging
from collections.abc import Callable, Sequence

from sweep.config import score_metric
from sweep.epochs import EpochRecord
from sweep.errors import Pruned
from sweep.schema import Config

log = logging.getLogger(__name__)

Judge = Callable[[Sequence[EpochRecord]], None]


def judge_of(config: Config) -> Judge:
    """Return what is given a run's epochs so far, and raises :class:`Pruned` if it shall end.

    A run that is none of a search, or of one without a pruner, always goes on; and so does one
    whose study cannot be asked: it is trained all the same, and what it missed is reported later.
    """
    search, metric = config.search, score_metric(config)
    if search.trial is None or search.pruner is None:
        return lambda records: None
    from sweep.study import ReportedTrial  # it imports Optuna, which other runs do without

    trial: ReportedTrial | None = None

    def judge(records: Sequence[EpochRecord]) -> None:
        nonlocal trial
        last = records[-1]
        try:
            trial = trial or ReportedTrial(search, config.epochs)
            for record in records:
                trial.report(record.epoch, record.metrics[metric])
            goes_on = last.epoch == config.epochs or not trial.should_prune()
        except Exception as error:  # whatever a database's driver raises
            log.warning("the study cannot be asked, so the run goes on: %s", error)
            return
        if not goes_on:
            when = f"{search.pruner} stopped it after epoch {last.epoch}"
            raise Pruned(last.epoch, f"{when}: others had a better {metric} by then")

    return judge
