"""The files that decoded images are kept in, memory-mapped and shared by all processes.

An array is named after its content. A marker, named after the state of a source, says which arrays
it has become.
"""

import contextlib
import json
import os
import platform
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sweep.data.published.download import gluon_cache
from sweep.data.readers.parts import Labels
from sweep.files import TEMPORARY, write_whole


@dataclass(frozen=True)
class Decoded:
    """A source, decoded.

    Attributes:
        images: (n, channels, height, width) uint8 or float32 of each part, by its name.
        labels: of each part: (n,) int32, from 0, or (n, outputs) float32.
        class_names: in the order of their labels; none where numbers are predicted.
        digest: 64 hex digits that identify the content of all images and labels.
        skipped: what was left out since it is broken, a line each.
    """

    images: dict[str, NDArray[Any]]
    labels: dict[str, Labels]
    class_names: tuple[str, ...]
    digest: str
    skipped: tuple[str, ...]


def cache() -> Path:
    """Return the folder of these files."""
    return gluon_cache() / "decoded"


def mapped(path: Path) -> NDArray[Any]:
    """Return the array in a file, memory-mapped."""
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def kept(marker: Path) -> Decoded | None:
    """Return what a marker says a source has become; None if it is not there, or not whole."""
    try:
        told = json.loads(marker.read_text())
        images = {name: mapped(cache() / each) for name, each in told["images"].items()}
        with open(cache() / told["labels"], "rb") as stream:
            arrays = np.load(stream, allow_pickle=False)
            labels = {name: arrays[name] for name in images}
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile):
        return None
    return Decoded(
        images=images,
        labels=labels,
        class_names=tuple(told["class_names"]),
        digest=told["digest"],
        skipped=tuple(told["skipped"]),
    )


def mark(marker: Path, found: Decoded) -> None:
    """Say what the source has become; without a cache, nothing is said."""
    paths = {name: getattr(array, "filename", None) for name, array in found.images.items()}
    if None in paths.values():
        return
    labels = f"{found.digest}.labels.npz"
    told = {
        "images": {name: Path(str(path)).name for name, path in paths.items()},
        "labels": labels,
        "class_names": found.class_names,
        "digest": found.digest,
        "skipped": found.skipped,
    }
    with contextlib.suppress(OSError):  # the next start decodes again
        write_whole(cache() / labels, lambda stream: np.savez(stream, **found.labels))
        write_whole(marker, lambda stream: stream.write(json.dumps(told, indent=1).encode()))


@contextmanager
def temporary_file() -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file in the cache that is gone at the end unless it was renamed.

    Its name has that of the machine and the number of the process: what a killed process left, and
    it may be large, is removed by the next one.
    """
    machine = platform.node()
    # To the end: "worker" is not to take what "worker-2" writes for its own.
    name = re.compile(rf"{re.escape(machine)}-(\d+)-[0-9a-f]+{re.escape(TEMPORARY)}")
    for left in cache().iterdir():
        if (mine := name.fullmatch(left.name)) and not Path(f"/proc/{mine[1]}").exists():
            left.unlink(missing_ok=True)
    path = cache() / f"{machine}-{os.getpid()}-{os.urandom(8).hex()}{TEMPORARY}"
    try:
        with open(path, "xb") as stream:
            yield path, stream
    finally:
        path.unlink(missing_ok=True)
