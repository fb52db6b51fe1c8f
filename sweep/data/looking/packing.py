"""Images packed into one file: ``.rec``, as MXNet reads it, or ``.npz``."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import AS_THEY_ARE
from sweep.data.readers.parts import Part
from sweep.data.readers.rec import (
    FIRST,
    HEADER,
    LAST,
    LENGTH_BITS,
    MAGIC,
    MAGIC_BYTES,
    MIDDLE,
    PIECE,
    WHOLE,
)
from sweep.errors import UserError
from sweep.files import write_whole


def pack(path: Path, parts: Mapping[str, Part]) -> list[Path]:
    """Write images, but the broken ones, into a file; return what was written.

    A ``.rec`` file holds one part, so there is one for each, with its name before the suffix if
    there are several, and beside it the ``.idx`` file that some of MXNet's readers want.

    Args:
        path: of the file, whose suffix says how.
        parts: by their names.

    Raises:
        UserError: the suffix is another one, or the images do not fit into such a file.
        OSError: the file cannot be written.
    """
    if (write := WRITERS.get(path.suffix.lower())) is None:
        raise UserError(f"--write {path}: allowed are files that end in {' or '.join(WRITERS)}")
    return write(path, parts)


def _write_npz(path: Path, parts: Mapping[str, Part]) -> list[Path]:
    arrays: dict[str, NDArray[Any]] = {}
    for name, part in parts.items():
        images, labels = [], []
        for row, label in enumerate(part.labels):
            try:
                images.append(part.pictures.pixels(row, AS_THEY_ARE))
            except Broken:
                continue
            labels.append(label)
            if images[-1].shape != images[0].shape:
                raise UserError(
                    f"--write {path}: {part.pictures.where(row)} has another size, or kind, than "
                    "the first image; allowed is a .rec file, or images of one size"
                )
        if not images:
            raise _none_of(path, name)
        keys = (f"x_{name}", f"y_{name}") if len(parts) > 1 else ("images", "labels")
        arrays |= dict(zip(keys, (np.stack(images), np.array(labels, np.int32)), strict=True))
    write_whole(path, lambda stream: np.savez_compressed(stream, **arrays))
    return [path]


def _write_rec(path: Path, parts: Mapping[str, Part]) -> list[Path]:
    written = []
    for name, part in parts.items():
        target = path.with_name(f"{path.stem}-{name}{path.suffix}") if len(parts) > 1 else path
        offsets: list[int] = []

        def write(
            stream: IO[bytes], name: str = name, part: Part = part, offsets: list[int] = offsets
        ) -> None:
            for row, label in enumerate(part.labels):
                try:
                    part.pictures.pixels(row, AS_THEY_ARE)
                    content = part.pictures.encoded(row)
                except Broken:
                    continue
                offsets.append(stream.tell())
                header = HEADER.pack(0, float(label), len(offsets) - 1, 0)
                for piece in _pieces(header + content):
                    stream.write(piece)
            if not offsets:
                raise _none_of(path, name)

        write_whole(target, write)
        lines = "".join(f"{key}\t{offset}\n" for key, offset in enumerate(offsets))
        index = target.with_suffix(".idx")
        write_whole(index, lambda stream, lines=lines: stream.write(lines.encode()))  # type: ignore[misc]
        written += [target, index]
    return written


def _none_of(path: Path, part: str) -> UserError:
    return UserError(
        f"--write {path}: none of the images of {part} can be read; allowed is one or more"
    )


def _pieces(record: bytes) -> Iterator[bytes]:
    """Yield a record as it is written: cut where the magic number stands in it, which is left out.

    Only where it stands at a multiple of 4: a reader that looks for it looks only there.
    """
    cuts = [at for at in _places(record) if at % 4 == 0]
    begins, ends = [0, *(at + len(MAGIC_BYTES) for at in cuts)], [*cuts, len(record)]
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        place = (MIDDLE if number < len(cuts) else LAST) if number else (FIRST if cuts else WHOLE)
        content = record[begin:end]
        yield PIECE.pack(MAGIC, place << LENGTH_BITS | len(content))
        yield content + b"\0" * (-len(content) % 4)


def _places(record: bytes) -> Iterator[int]:
    at = record.find(MAGIC_BYTES)
    while at >= 0:
        yield at
        at = record.find(MAGIC_BYTES, at + 1)


WRITERS: dict[str, Callable[[Path, Mapping[str, Part]], list[Path]]] = {
    ".rec": _write_rec,
    ".npz": _write_npz,
}
