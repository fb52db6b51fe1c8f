"""The last states of finished runs: longer runs, and others with the same epochs, go on from them.

Runs that share a trajectory compute the same epochs, bit for bit, and end at different ones. So
what one of them has trained, none of the others trains.

A folder ``states/KEY-EPOCHS-RUN_ID`` in the folder of checkpoints has two checkpoints of a run:
that of its last epoch, and that of its best.
"""

import logging
import os
import re
import shutil
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from sweep.config.fingerprint import judged_trajectory
from sweep.config.schema import Config
from sweep.data.splits import Dataset
from sweep.digests import identity_of
from sweep.environment import environment, pinned, version_tags
from sweep.runs.beginnings import Beginning, beginning_of
from sweep.runs.membership import Membership
from sweep.training.checkpoints import Checkpoints, checkpoints_in

FOLDER = "states"  # in checkpoint_dir
NAME = re.compile(r"[0-9a-f]+-\d+-[0-9a-zA-Z]+")  # KEY-EPOCHS-RUN_ID
MB = 10**6
AT_MOST = 1000  # runs whose states are kept, however small these are

log = logging.getLogger(__name__)


def shares_epochs(config: Config, membership: Membership | None) -> bool:
    """Return whether a run takes over epochs that others have trained.

    A search judges its runs at certain epochs, and learns from what it finds there; so they train
    these epochs themselves. And what a GPU computes is not the same to the last bit.

    Args:
        config: with ``context`` already resolved to ``cpu`` or ``gpu``.
        membership: of the run.
    """
    is_searched = membership is not None and membership.study is not None
    is_repeated = config.context == "cpu" and not config.rerun
    return bool(config.keep_states) and is_repeated and not is_searched


def unshared_note(config: Config) -> str:
    """Return the line that says that epochs are not shared, where the user wants that."""
    if config.keep_states:
        return ""
    return "keep_states=0: no run goes on from another; epochs that they share are trained in each"


def states_key(config: Config, dataset: Dataset) -> str:
    """Return what runs share that can go on from each other's states: 16 hex digits.

    These are their epochs, and what computes them: with other versions, or on another processor,
    the bits would be others. And their experiment: another one is for training the same again.

    Args:
        config: with ``context`` already resolved to ``cpu`` or ``gpu``.
        dataset: that the run is trained on.
    """
    epochs = judged_trajectory(config, dataset.digest)
    place = [version_tags(), pinned(["mxnet"]), environment()["processor"]]
    return identity_of([epochs, place, config.tracking.experiment])


class KeptStates:
    """The states that are kept in a folder of checkpoints."""

    def __init__(self, checkpoints: Path, limit_mb: float) -> None:
        """Take the folder of checkpoints, and how many megabytes of states may be in it."""
        self._folder, self._limit_bytes = checkpoints / FOLDER, limit_mb * MB

    def keep(self, run_id: str, epochs: int, checkpoints: Checkpoints) -> None:
        """Keep the states of a run that is finished; remove the oldest that are too many.

        What cannot be kept is lost: it would have saved time, and nothing else. Nor is kept what
        was begun by other versions, or on another processor.

        Args:
            run_id: of the run.
            epochs: that it has trained.
            checkpoints: of the run, which are moved or removed.
        """
        key = checkpoints.origin
        try:
            if key and checkpoints.size_bytes <= self._limit_bytes:
                checkpoints.move(self._folder / f"{key}-{epochs}-{run_id}")
                self.tidy()
            elif key and self._limit_bytes:
                log.warning("keep_states: the run's last state is larger, and not kept")
        except OSError as error:
            log.warning("the run's last state could not be kept: %s", error)
        checkpoints.remove()

    def epochs(self) -> dict[str, set[int]]:
        """Return after which epochs runs have ended whose states are kept, by their keys."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for name in self._names():
            key, epochs, _ = name.split("-")
            found[key].add(int(epochs))
        return found

    def beginning(self, key: str, config: Config, monitor: str | None) -> Beginning | None:
        """Return the most epochs that a run can take over from others; None if there are none.

        Args:
            key: of the run: see :func:`states_key`.
            config: of the run: it may end earlier than others.
            monitor: the metric that it is judged by; None if it keeps its last epoch.
        """
        paths: dict[int, Path] = {}
        for name in self._names():
            if name.startswith(f"{key}-"):
                paths |= checkpoints_in(self._folder / name)
        return beginning_of(paths, config, monitor)

    def tidy(self) -> None:
        """Remove the states that were of use longest ago, as far as there are too many."""
        found = []
        for name in self._names():
            with suppress(FileNotFoundError):  # others tidy up too
                folder = self._folder / name
                size = sum(each.stat().st_size for each in folder.iterdir())
                found.append((folder.stat().st_mtime_ns, size, folder))
        left, kept = sum(size for _, size, _ in found), len(found)
        for _, size, folder in sorted(found):
            if left <= self._limit_bytes and kept <= AT_MOST:
                return
            shutil.rmtree(folder, ignore_errors=True)
            left, kept = left - size, kept - 1

    def _names(self) -> list[str]:
        """Return the names of the folders with states; what else may lie there is not ours."""
        try:
            return sorted(filter(NAME.fullmatch, os.listdir(self._folder)))
        except FileNotFoundError:
            return []
