"""The checkpoints of one run: a folder with a file for each epoch that it may go on from."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sweep.errors import RunFailed
from sweep.files import TEMPORARY, write_whole
from sweep.training.checkpoint import Damaged, Snapshot, pack, unpack


class Checkpoints:
    """The checkpoints in a run's folder. Kept are the last two epochs and the best.

    Attributes:
        origin: identifies what computes the epochs; empty if it was not the same for all of them.
    """

    def __init__(self, folder: Path, fingerprint: str, origin: str = "") -> None:
        """Take the folder, which is created if need be, for a run of this fingerprint.

        Args:
            folder: of the run.
            fingerprint: of the run.
            origin: identifies what computes its epochs, here and now.

        Raises:
            RunFailed: the folder cannot be written.
        """
        self._folder, self._fingerprint, self.origin = folder, fingerprint, origin
        self._needed: set[int] = set()  # by the snapshot before
        with self._written():
            folder.mkdir(parents=True, exist_ok=True)
            for left in folder.glob(f"*{TEMPORARY}"):
                left.unlink()

    def save(self, snapshot: Snapshot) -> None:
        """Write the checkpoint of an epoch, and remove those that are needed no more.

        Raises:
            RunFailed: it cannot be written; those before are untouched.
        """
        content = pack(replace(snapshot, origin=self.origin), self._fingerprint)
        needed = {snapshot.epoch, snapshot.best_epoch}
        with self._written():
            write_whole(self._path(snapshot.epoch), lambda stream: stream.write(content))
            for epoch in self._epochs() - needed - self._needed:
                self._path(epoch).unlink()
        self._needed = needed

    def load(self, say: Callable[[str], object]) -> tuple[Snapshot, Snapshot] | None:
        """Return the last snapshot that is whole, and that of its best epoch; None if none is.

        Args:
            say: is told of each damaged checkpoint, which is set aside.

        Raises:
            UserError: a checkpoint is of another run, or of another version of the format.
        """
        for epoch in sorted(self._epochs(), reverse=True):
            last = self._whole(epoch, say)
            best = last and (
                last if last.best_epoch == epoch else self._whole(last.best_epoch, say)
            )
            if last and best:
                self._needed = {epoch, last.best_epoch}
                if last.origin != self.origin:
                    self.origin = ""
                return last, best
        return None

    @property
    def size_bytes(self) -> int:
        """How large those of the last epoch and the best are."""
        return sum(self._path(epoch).stat().st_size for epoch in self._epochs() & self._needed)

    def remove(self) -> None:
        """Remove all of them, when the run is recorded as FINISHED."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def move(self, folder: Path) -> None:
        """Put the checkpoints of the last epoch, and of the best, if any, into another folder.

        Raises:
            OSError: that is not possible.
        """
        needed = {self._path(epoch) for epoch in self._epochs() & self._needed}
        for path in {*self._folder.iterdir()} - needed:
            path.unlink()
        if not needed:
            self._folder.rmdir()
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        self._folder.rename(folder)

    @contextmanager
    def _written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunFailed(
                f"{self._folder} cannot be written: {error.strerror}. The checkpoints before are "
                "kept: the same command goes on from them"
            ) from error

    def _path(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch:04d}.checkpoint"

    def _epochs(self) -> set[int]:
        return _epochs(self._folder)

    def _whole(self, epoch: int, say: Callable[[str], object]) -> Snapshot | None:
        path = self._path(epoch)
        try:
            return unpack(path, self._fingerprint)
        except FileNotFoundError:
            say(f"{path} is missing: the checkpoint before it is used")
        except Damaged as error:
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            say(f"{path} {error}: set aside as {aside.name}, the one before it is used")
        return None


def last_epoch(folder: Path) -> int:
    """Return the last epoch that a run's folder has a checkpoint of; 0 if it has none."""
    return max(_epochs(folder), default=0)


def checkpoints_in(folder: Path) -> dict[int, Path]:
    """Return the checkpoints in a run's folder, by their epochs; none if it is not there."""
    return {epoch: folder / f"epoch-{epoch:04d}.checkpoint" for epoch in _epochs(folder)}


def _epochs(folder: Path) -> set[int]:
    found = [re.fullmatch(r"epoch-(\d+)\.checkpoint", name) for name in _names(folder)]
    return {int(each[1]) for each in found if each}


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
