"""One run's checkpoints: a file an epoch, from which the run goes on as if it had never stopped.

A file is the SHA-256 of the rest in hexadecimal and a line feed; a line of JSON (format,
fingerprint, best epoch, the metrics of all epochs so far, what was used of the machine); and the
arrays as NumPy's npz.
"""

import hashlib
import io
import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.errors import RunFailed, UserError
from sweep.files import TEMPORARY, write_whole
from sweep.training.selection import EpochRecord

FORMAT = 2
READABLE = (1, 2)  # 1 is version 0.1's, which knew SGD alone

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Snapshot:
    """A run after an epoch.

    Attributes:
        records: of all epochs so far; at least one.
        best_epoch: the one whose parameters the run would keep if it ended here.
        arrays: what training goes on from, by name; see :func:`sweep.training.state.state`.
        used: of the machine so far, by the names of metrics; empty if that is not known.
        origin: identifies what has computed all of these epochs; empty if that is not known, or
            if it was not always the same.
    """

    records: tuple[EpochRecord, ...]
    best_epoch: int
    arrays: Arrays
    used: Mapping[str, float] = field(default_factory=dict)
    origin: str = ""

    @property
    def epoch(self) -> int:
        """The last epoch, counted from 1."""
        return self.records[-1].epoch


class Damaged(Exception):
    """A checkpoint that is not what was written, or is not there."""


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
        content = _pack(replace(snapshot, origin=self.origin), self._fingerprint)
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
            return _unpack(path, self._fingerprint)
        except FileNotFoundError:
            say(f"{path} is missing: the checkpoint before it is used")
        except Damaged as error:
            aside = path.with_suffix(".damaged")
            path.replace(aside)
            say(f"{path} {error}: set aside as {aside.name}, the one before it is used")
        return None


def read_checkpoint(path: Path) -> Snapshot:
    """Verify and read a checkpoint, of whatever run.

    Raises:
        Damaged: it is not what was written, is not there, or is of another version of the format.
    """
    try:
        header, arrays = _verified(path)
    except FileNotFoundError:
        raise Damaged("is missing") from None
    if header["format"] not in READABLE:
        raise Damaged(f"has format {header['format']}")
    return _snapshot(header, arrays)


def last_epoch(folder: Path) -> int:
    """Return the last epoch that a run's folder has a checkpoint of; 0 if it has none."""
    return max(_epochs(folder), default=0)


def checkpoints_in(folder: Path) -> dict[int, Path]:
    """Return the checkpoints in a run's folder, by their epochs; none if it is not there."""
    return {epoch: folder / f"epoch-{epoch:04d}.checkpoint" for epoch in _epochs(folder)}


def read_records(path: Path) -> tuple[EpochRecord, ...]:
    """Return what a checkpoint says of its epochs, without a look at its arrays.

    Raises:
        Damaged: that cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            stream.readline()
            return _records(json.loads(stream.readline()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"cannot be read: {error}") from None


def _epochs(folder: Path) -> set[int]:
    found = [re.fullmatch(r"epoch-(\d+)\.checkpoint", name) for name in _names(folder)]
    return {int(each[1]) for each in found if each}


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _records(header: Mapping[str, Any]) -> tuple[EpochRecord, ...]:
    return tuple(EpochRecord(**record) for record in header["records"])


def _pack(snapshot: Snapshot, fingerprint: str) -> bytes:
    header = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "best_epoch": snapshot.best_epoch,
        "records": [asdict(record) for record in snapshot.records],
        "used": dict(snapshot.used),
        "origin": snapshot.origin,
    }
    arrays = io.BytesIO()
    np.savez(arrays, **snapshot.arrays)
    # JSON keeps floats exactly: https://docs.python.org/3/tutorial/floatingpoint.html
    rest = json.dumps(header).encode() + b"\n" + arrays.getvalue()
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def _unpack(path: Path, fingerprint: str) -> Snapshot:
    """Verify and read a checkpoint of this run.

    Raises:
        Damaged: it is not what was written.
        UserError: it is of another run, or of another version of the format.
    """
    header, arrays = _verified(path)
    for key, ours in (("format", READABLE), ("fingerprint", (fingerprint,))):
        if header[key] not in ours:
            raise UserError(
                f"{path}: has {key} {header[key]}, and this run {ours[-1]}; allowed is a "
                f"checkpoint of the same {key}. To train this run from the start, delete "
                f"{path.parent}"
            )
    return _snapshot(header, arrays)


def _verified(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return what a checkpoint's line says, and its arrays as they were written.

    Raises:
        Damaged: it is not what was written.
    """
    checksum, _, rest = path.read_bytes().partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        raise Damaged("is damaged (its checksum is wrong)")
    line, _, arrays = rest.partition(b"\n")
    return json.loads(line), arrays


def _snapshot(header: Mapping[str, Any], arrays: bytes) -> Snapshot:
    with np.load(io.BytesIO(arrays), allow_pickle=False) as file:
        return Snapshot(
            _records(header),
            header["best_epoch"],
            dict(file),
            header.get("used", {}),
            header.get("origin", ""),
        )
