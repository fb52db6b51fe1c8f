"""Decoded copies of published files, which all processes of a machine share."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.published.download import gluon_cache, one_process_at_a_time, read_verified
from sweep.data.published.sets import IdxFile, PublishedSet
from sweep.data.readers.idx import as_floats, parse_idx
from sweep.errors import UserError
from sweep.files import write_whole

log = logging.getLogger(__name__)


def decoded(path: Path, dataset: PublishedSet, file: IdxFile) -> NDArray[Any]:
    """Return the file's array, memory-mapped from a decoded copy that all processes share.

    Images are kept as the float32 that networks take: converting each batch would cost an MLP a
    tenth of its time. The copy is named after the content that it must have. A marker beside it
    stands for each source file, in the state (size and time) in which it was verified.
    """
    cache = gluon_cache() / "decoded"
    copy = cache / f"{file.sha256}.scaled.npy"
    stat = path.stat()
    state = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    marker = cache / f"{file.sha256[:16]}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.ok"
    kept = (copy, marker)
    if not all(each.exists() for each in kept):
        with one_process_at_a_time(file):
            if not all(each.exists() for each in kept):  # nobody else has just done it
                array = _for_networks(parse_idx(read_verified(path, dataset, file)))
                if not _keep(array, copy, marker):
                    return array
    try:
        mapped: NDArray[Any] = np.load(copy, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise UserError(f"{copy} cannot be used ({error}). Delete it: it is made anew.") from error
    return mapped


def _keep(array: NDArray[Any], copy: Path, marker: Path) -> bool:
    """Write the decoded copy and its marker; return whether that was possible."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            write_whole(copy, lambda stream: np.save(stream, array, allow_pickle=False))
        marker.touch()
    except OSError as error:
        unkept = "%s cannot hold decoded images, so each run decodes: %s"
        log.warning(unkept, copy.parent, error)
        return False
    return True


def _for_networks(array: NDArray[np.uint8]) -> NDArray[Any]:
    """Return images as float32, 0 to 1; labels as they are."""
    return as_floats(array) if array.ndim > 1 else array
