"""What of a run is trained already: all of it, or its first epochs, by itself or by another run."""

from collections.abc import Callable

from sweep import tracking
from sweep.runs.membership import Membership
from sweep.runs.prepare import Run
from sweep.runs.resume import PriorRuns, counting, prior_runs, remove_leftovers
from sweep.tracking import Record, RunInfo
from sweep.training.checkpoint import Snapshot
from sweep.training.checkpoints import Checkpoints
from sweep.training.session import Training


def recorded_before(run: Run) -> PriorRuns[RunInfo]:
    """Return what is recorded of the same run, as far as it counts."""
    past = run.tracker.find_runs(run.fingerprint)
    remove_leftovers(past, run.locks.folder)
    sweep_id = run.membership.sweep_id if run.membership else None
    return prior_runs(counting(past, run.config, sweep_id), run.locks.folder_id)


def was_pruned(begun: RunInfo, membership: Membership | None) -> bool:
    """Return whether the study that this run belongs to has pruned the same before."""
    study = membership.study if membership else None
    return study is not None and begun.pruned and begun.tags.get(tracking.STUDY) == study


def states_before(
    training: Training,
    run: Run,
    record: Record,
    checkpoints: Checkpoints,
    notice: Callable[[str], None],
) -> tuple[Snapshot, Snapshot] | None:
    """Return the state after the last epoch that was trained, and after the best; None if none was.

    They are the run's own, or those of another run that has trained more of the same epochs. What
    is taken over from another is a checkpoint of this run from then on.

    Args:
        training: of the run, not begun.
        run: that is trained.
        record: of it.
        checkpoints: of it.
        notice: is told what a user should know.
    """
    own = checkpoints.load(notice)
    if not run.states_key:
        return own
    other = run.states.beginning(run.states_key, run.config, training.monitor)
    if not other or (own and own[0].epoch >= other.last.epoch):
        return own
    checkpoints.origin = run.states_key
    epochs = other.last.epoch
    shared = f"epochs 1 to {epochs}" if epochs > 1 else "epoch 1"
    notice(f"takes over {shared} of run {other.run_id}")
    record.log_beginning(other.run_id, epochs)
    if not other.is_over:
        for each in {other.best.epoch: other.best, other.last.epoch: other.last}.values():
            checkpoints.save(each)
    return other.last, other.best
