"""Chooses what a run takes over of the epochs that other runs have trained."""

import logging
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sweep.config.metrics import OF_THE_MACHINE
from sweep.config.schema import Config
from sweep.training.checkpoint import Damaged, Snapshot, read_checkpoint, read_records
from sweep.training.selection import EpochRecord, Selection

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Beginning:
    """Epochs that another run has trained.

    Attributes:
        run_id: of that run.
        last: the state after these epochs; of a run that is over, only the records are.
        best: the state after the best of them.
        is_over: whether no epoch is missing.
    """

    run_id: str
    last: Snapshot
    best: Snapshot
    is_over: bool


def beginning_of(
    paths: Mapping[int, Path], config: Config, monitor: str | None
) -> Beginning | None:
    """Return the most epochs that a run can take over; None if there are none.

    Args:
        paths: of the states that are kept, by their epochs.
        config: of the run: it may end earlier than others.
        monitor: the metric that it is judged by; None if it keeps its last epoch.
    """
    left = dict(paths)
    while left:
        longest = left[max(left)]
        try:
            return _beginning(left, read_records(longest), config, monitor)
        except _Unusable as unusable:
            del left[unusable.epoch]
        except Damaged as damaged:
            _remove(longest, damaged)
            del left[max(left)]
    return None


class _Unusable(Exception):
    """The state after this epoch cannot be gone on from."""

    def __init__(self, epoch: int) -> None:
        super().__init__(epoch)
        self.epoch = epoch


def _beginning(
    paths: Mapping[int, Path],
    records: tuple[EpochRecord, ...],
    config: Config,
    monitor: str | None,
) -> Beginning | None:
    """Return what a run can begin with that has epochs in common with others.

    Args:
        paths: of the states, by their epochs.
        records: of the epochs.
        config: of the run.
        monitor: the metric that it is judged by.

    Raises:
        _Unusable: a state that it would begin with is damaged, or not of these epochs.
    """
    chosen = _chosen(paths.keys(), records, config, monitor)
    if not chosen:
        return None
    epochs, last, best, is_over = chosen
    states = {epoch: _state(paths[epoch], epoch, records) for epoch in (last, best)}
    folder = paths[last].parent
    with suppress(OSError):  # another process may have removed it
        os.utime(folder)  # it was of use, and is kept longer
    now = int(time.time() * 1000)
    taken = tuple(replace(each, timestamp_ms=now) for each in records[:epochs])
    return Beginning(
        run_id=folder.name.rpartition("-")[2],
        last=replace(states[last], records=taken, best_epoch=best),
        best=replace(states[best], records=taken[:best], best_epoch=best),
        is_over=is_over,
    )


def _chosen(
    kept: Collection[int], records: tuple[EpochRecord, ...], config: Config, monitor: str | None
) -> tuple[int, int, int, bool] | None:
    """Choose the most epochs to take over; None if there are none.

    Returns:
        How many; the epochs of the state to go on from, and of the best; whether none is missing.
    """
    selection = Selection(monitor, config.early_stopping, measured=config.metrics)
    found = None
    for record in records[: config.epochs]:
        selection = selection.advance(record)
        is_over = record.epoch == config.epochs or selection.should_stop
        # After the last epoch, nothing goes on from its state.
        last = selection.epoch if is_over and record.epoch not in kept else record.epoch
        if last in kept and selection.epoch in kept:
            found = record.epoch, last, selection.epoch, is_over
        if is_over:
            break
    return found


def _state(path: Path, epoch: int, records: tuple[EpochRecord, ...]) -> Snapshot:
    """Read a state.

    Raises:
        _Unusable: it is damaged, or not that after these epochs.
    """
    try:
        state = read_checkpoint(path)
    except Damaged as damaged:
        _remove(path, damaged)
        raise _Unusable(epoch) from None
    if [*map(_measured, state.records)] != [*map(_measured, records[:epoch])]:
        raise _Unusable(epoch)
    return state


def _remove(path: Path, damaged: Damaged) -> None:
    """Remove a damaged state; it may be gone, where another process tidies up."""
    with suppress(OSError):
        path.unlink()
        log.warning("%s %s: removed, no run goes on from it", path, damaged)


def _measured(record: EpochRecord) -> dict[str, str]:
    """Return what was measured, to be compared: as text, since NaN is not equal to itself."""
    return {key: repr(value) for key, value in record.metrics.items() if key not in OF_THE_MACHINE}
