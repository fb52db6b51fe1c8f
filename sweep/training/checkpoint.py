"""One checkpoint of a run: a file from which it goes on as if it had never stopped.

The file is the SHA-256 of the rest in hexadecimal and a line feed; a line of JSON (format,
fingerprint, best epoch, the metrics of all epochs so far, what was used of the machine); and the
arrays as NumPy's npz.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.errors import UserError
from sweep.training.selection import EpochRecord

FORMAT = 2
READABLE = (1, 2)  # 1 is version 0.1's, which knew SGD alone

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


def pack(snapshot: Snapshot, fingerprint: str) -> bytes:
    """Return the content of a run's checkpoint."""
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


def unpack(path: Path, fingerprint: str) -> Snapshot:
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


def _records(header: Mapping[str, Any]) -> tuple[EpochRecord, ...]:
    return tuple(EpochRecord(**record) for record in header["records"])
