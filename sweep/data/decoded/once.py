"""Images of one's own, decoded once: into files that all processes share, or else into memory."""

import hashlib
import json
import logging
import mmap
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from sweep.data.decoded.free_memory import free_bytes
from sweep.data.decoded.kept import Decoded, cache, kept, mapped, mark, temporary_file
from sweep.data.decoded.one_pass import (
    Create,
    DecodedPart,
    OnBroken,
    decode_part,
    is_kept_as_floats,
)
from sweep.data.decoded.row_file import HEADER_BYTES, RowFile
from sweep.data.published.download import alone
from sweep.data.readers.decoding import Form
from sweep.data.readers.parts import Labels, Source, strata
from sweep.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recipe:
    """A source, and how it is decoded.

    Attributes:
        name: of the source, for people.
        state: returns 64 hex digits that change with the source and with what is done to it; None
            for a source that is only known when it has been read.
        read: returns what is in the source.
        form: what its images become.
        on_broken: what is done about images that cannot be used.
    """

    name: str
    state: Callable[[], str | None]
    read: Callable[[], Source]
    form: Form
    on_broken: OnBroken


def decoded_once(recipe: Recipe) -> Decoded:
    """Return a source's images, from where they are kept if they have been decoded before.

    Raises:
        UserError: the source is wrong, changes while it is read, or there is no room for it.
    """
    state = recipe.state()
    if state is None:
        return _decoded(recipe, state)
    marker = cache() / f"{state}.json"
    if (found := kept(marker)) is None:
        with alone(state, recipe.name):
            if (found := kept(marker)) is None:  # nobody else has just done it
                found = _decoded(recipe, state)
                mark(marker, found)
    return found


def _decoded(recipe: Recipe, state: str | None) -> Decoded:
    source = recipe.read()
    try:
        return _into_files(source, recipe, state)
    except OSError as error:
        reason = error.strerror or str(error)
        log.warning("%s cannot hold decoded images, so each run decodes: %s", cache(), reason)
        return _into_memory(source, recipe, state, reason)


def _into_files(source: Source, recipe: Recipe, state: str | None) -> Decoded:
    """Decode the parts into the cache, where nothing is left if one of them is wrong.

    Raises:
        OSError: the cache cannot be written, or is full.
    """
    cache().mkdir(parents=True, exist_ok=True)
    parts: dict[str, DecodedPart] = {}
    paths: dict[str, Path] = {}
    with ExitStack() as temporary:
        for name in source.parts:
            paths[name], stream = temporary.enter_context(temporary_file())
            parts[name] = _decode(source, recipe, parts, name, _rows_in(stream))
            stream.flush()
            os.fsync(stream.fileno())
        _check(source, parts, recipe, state)
        targets = {name: cache() / f"{done.digest}{_suffix(done)}" for name, done in parts.items()}
        for name, path in targets.items():
            os.replace(paths[name], path)
    return _assembled(source, parts, {name: mapped(path) for name, path in targets.items()})


def _into_memory(source: Source, recipe: Recipe, state: str | None, reason: str) -> Decoded:
    """Decode the parts into memory, if there is enough."""
    parts: dict[str, DecodedPart] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for name, part in source.parts.items():
        memory: list[mmap.mmap] = []

        def reserve(
            shape: tuple[int, ...], dtype: np.dtype[Any], rows: int = len(part.labels)
        ) -> RowFile:
            size = HEADER_BYTES + rows * int(np.prod(shape)) * dtype.itemsize
            if size > (free := free_bytes()):
                raise UserError(
                    f"{recipe.name}: {cache()} cannot hold the decoded images ({reason}), and "
                    f"they need {size / 2**30:.1f} GiB of memory, of which {free / 2**30:.1f} are "
                    "free; allowed is another MXNET_HOME with room, a smaller dataset.size or a "
                    "dataset.limit"
                )
            memory.append(mmap.mmap(-1, size))  # noqa: B023 - called before the next part
            return RowFile(memory[0], shape, dtype)  # noqa: B023

        done = parts[name] = _decode(source, recipe, parts, name, reserve)
        dtype = np.dtype(np.float32) if is_kept_as_floats(done) else done.dtype
        values = np.frombuffer(
            memory[0], dtype, done.rows * int(np.prod(done.shape)), offset=HEADER_BYTES
        )
        arrays[name] = values.reshape(done.rows, *done.shape)
    _check(source, parts, recipe, state)
    return _assembled(source, parts, arrays)


def _decode(
    source: Source, recipe: Recipe, before: dict[str, DecodedPart], name: str, create: Create
) -> DecodedPart:
    """Decode a part, whose images have to be like those of the parts before."""
    like = next(iter(before.values()), None)
    return decode_part(source.parts[name], recipe.form, recipe.on_broken, name, like, create)


def _check(
    source: Source, parts: dict[str, DecodedPart], recipe: Recipe, state: str | None
) -> None:
    """Check that each class has images, and that the source is still what it was."""
    counts = np.bincount(strata(parts["train"].labels), minlength=len(source.class_names))
    if counts.min(initial=1) < 1:
        empty = source.class_names[int(np.argmin(counts))]
        raise UserError(
            f"{recipe.name}: class {empty} has no image to train on; allowed are classes of one "
            "image or more"
        )
    if recipe.state() != state:
        raise UserError(
            f"{recipe.name}: changed while it was read; allowed is a source that nobody writes "
            "to: give the command again when it is complete"
        )


def _rows_in(stream: BinaryIO) -> Create:
    return lambda shape, dtype: RowFile(stream, shape, dtype)


def _suffix(done: DecodedPart) -> str:
    return ".scaled.npy" if is_kept_as_floats(done) else ".npy"


def _assembled(
    source: Source, parts: dict[str, DecodedPart], arrays: dict[str, NDArray[Any]]
) -> Decoded:
    return Decoded(
        images=arrays,
        labels={name: done.labels for name, done in parts.items()},
        class_names=source.class_names,
        digest=_digest(parts),
        skipped=tuple(line for done in parts.values() for line in done.skipped),
    )


def _digest(parts: dict[str, DecodedPart]) -> str:
    lines = [
        [name, done.digest, hashlib.sha256(_as_bytes(done.labels)).hexdigest()]
        for name, done in parts.items()
    ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _as_bytes(labels: Labels) -> bytes:
    return labels.astype("<f4" if labels.dtype.kind == "f" else "<i4").tobytes()
