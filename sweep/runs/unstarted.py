"""Records the failure of runs that failed before their own code could record it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sweep.config.params import params
from sweep.config.schema import Config
from sweep.data.splits import Dataset
from sweep.runs.described import describe, run_name, run_tags
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.resume import counting, prior_runs
from sweep.tracking import FAILURE, RunInfo, Tracker, reason, short_timeouts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnstartedRun:
    """A run of a sweep, as far as the sweep knows it.

    Attributes:
        config: with the device's kind as ``context``, and the network as it was tried.
        overrides: of the run.
        fingerprint: identifies its result.
        dataset: that it is trained on.
        tracker: of the experiment that it is recorded in.
        locks: in the folder of its checkpoints.
        membership: of its sweep or search.
    """

    config: Config
    overrides: Sequence[str]
    fingerprint: str
    dataset: Dataset
    tracker: Tracker
    locks: RunLocks
    membership: Membership

    def record_failure(self, error: Exception) -> None:
        """Record that it failed, and why; log it if that is not possible.

        Within seconds: whoever calls this has other runs to look after.
        """
        try:
            with short_timeouts(), self.locks.try_hold(self.fingerprint) as is_free:
                if is_free:  # or it is trained elsewhere, and recorded there
                    self._record(error)
        except Exception as other:  # whatever keeps it from being recorded, the sweep goes on
            log.warning("the failure of a run could not be recorded: %s", reason(other))

    def _record(self, error: Exception) -> None:
        past = self.tracker.find_runs(self.fingerprint)
        sweep_id = self.membership.sweep_id
        found = prior_runs(counting(past, self.config, sweep_id), self.locks.folder_id)
        if found.trained or _is_told(found.begun, sweep_id, error):
            return
        tags = run_tags(self.fingerprint, self.locks.folder_id, self.dataset, self.membership)
        name, described = run_name(self.config, self.overrides), params(self.config)
        opened = self.tracker.open_run(name, described, tags, sweep_id, found.begun)
        try:
            with opened as record:
                describe(self.config, self.dataset, record)
                raise error
        except Exception as raised:
            if raised is not error:
                raise


def _is_told(begun: RunInfo | None, sweep_id: str, error: Exception) -> bool:
    """Return whether its own code has recorded that it failed, and why."""
    return (
        begun is not None
        and begun.sweep_id == sweep_id
        and (begun.status, begun.tags.get(FAILURE)) == ("FAILED", reason(error))
    )
