"""One run's checkpoints: a file an epoch, from which the run goes on as if it had never stopped.

A file is the SHA-256 of the rest in hexadecimal and a line feed; a line of JSON (format,
fingerprint, best epoch, the metrics of all epochs so far); and the arrays as NumPy's npz.
"""

import hashlib
import io
import json
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
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
    """

    records: tuple[EpochRecord, ...]
    best_epoch: int
    arrays: Arrays

    @property
    def epoch(self) -> int:
        """The last epoch, counted from 1."""
        return self.records[-1].epoch


class Damaged(Exception):
    """A checkpoint that is not what was written, or is not there."""


class Checkpoints:
    """The checkpoints in a run's folder. Kept are the last two epochs and the best."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Take the folder, which is created if need be, for a run of this fingerprint.

        Raises:
            RunFailed: the folder cannot be written.
        """
        self._folder, self._fingerprint = folder, fingerprint
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
        content = _pack(snapshot, self._fingerprint)
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
                return last, best
        return None

    def remove(self) -> None:
        """Remove all of them, when the run is recorded as FINISHED."""
        shutil.rmtree(self._folder, ignore_errors=True)

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
        found = self._folder.glob("epoch-*.checkpoint")
        return {int(path.stem.removeprefix("epoch-")) for path in found}

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


def _pack(snapshot: Snapshot, fingerprint: str) -> bytes:
    header = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "best_epoch": snapshot.best_epoch,
        "records": [asdict(record) for record in snapshot.records],
    }
    arrays = io.BytesIO()
    np.savez(arrays, **snapshot.arrays)
    # JSON keeps floats exactly: https://docs.python.org/3/tutorial/floatingpoint.html
    rest = json.dumps(header).encode() + b"\n" + arrays.getvalue()
    return hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def _unpack(path: Path, fingerprint: str) -> Snapshot:
    """Verify and read a checkpoint.

    Raises:
        Damaged: it is not what was written.
        UserError: it is of another run, or of another version of the format.
    """
    checksum, _, rest = path.read_bytes().partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode() != checksum:
        raise Damaged("is damaged (its checksum is wrong)")
    line, _, arrays = rest.partition(b"\n")
    header = json.loads(line)
    for key, ours in (("format", READABLE), ("fingerprint", (fingerprint,))):
        if header[key] not in ours:
            raise UserError(
                f"{path}: has {key} {header[key]}, and this run {ours[-1]}; allowed is a "
                f"checkpoint of the same {key}. To train this run from the start, delete "
                f"{path.parent}"
            )
    with np.load(io.BytesIO(arrays), allow_pickle=False) as file:
        return Snapshot(
            tuple(EpochRecord(**record) for record in header["records"]),
            header["best_epoch"],
            dict(file),
        )
