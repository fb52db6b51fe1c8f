"""Whether a run of a search goes on after an epoch, pauses, or is pruned.

Each run reports to the study and asks it, wherever it is trained.
"""

import logging
from collections.abc import Sequence

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.errors import Pruned, Undecided
from sweep.runs.events import Judge, always_goes_on
from sweep.runs.membership import Membership
from sweep.training.selection import EpochRecord
from sweep.uris import redacted

log = logging.getLogger(__name__)


def judge_of(config: Config, membership: Membership) -> Judge:
    """Return what raises :class:`Pruned` after an epoch with which a run shall end.

    Or :class:`Undecided`, where it waits for others.

    It is given the run's epochs so far, and whether no more are missing: then they are only
    reported. A run that is none of a search, or of one without a pruner, always goes on; and so
    does one whose study cannot be asked: what it missed is reported later.
    """
    search, metric = config.search, config.search.prune_by or score_metric(config)
    study, number = membership.study, membership.trial
    if study is None or number is None or search.pruner is None:
        return always_goes_on
    from sweep.search.reported import ReportedTrial  # it imports Optuna: others do without

    trial: ReportedTrial | None = None

    def judge(records: Sequence[EpochRecord], is_over: bool) -> None:
        nonlocal trial
        reached = [(record.epoch, record.metrics[metric]) for record in records]
        try:
            trial = trial or ReportedTrial(search, study, number, config.epochs, config.metrics)
            if is_over:
                trial.end(reached)
                return
            goes_on = all(trial.goes_on_after(*each) for each in reached)
        except Exception as error:  # whatever a database's driver raises
            log.warning("the study cannot be asked, so the run goes on: %s", redacted(str(error)))
            return
        epoch = records[-1].epoch
        if not goes_on and trial.pauses:
            why = f"{search.pruner} decides whether it goes on after epoch {epoch}"
            raise Undecided(epoch, why)
        if not goes_on:
            when = f"{search.pruner} stopped it after epoch {epoch}"
            raise Pruned(epoch, f"{when}: others had a better {metric} by then")

    return judge
