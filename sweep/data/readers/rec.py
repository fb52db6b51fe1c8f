"""RecordIO files, as ``im2rec`` and ``mx.recordio`` write them, read without MXNet.

MXNet's own ``ImageRecordIter`` ends the process on a broken file. The format, of dmlc-core's
``recordio.h``: a record is one or more pieces, each a magic number, 3 bits that say where in the
record it stands, 29 bits of length, and so many bytes, filled up to a multiple of 4. Where the
magic number stood in the data itself, a record was cut in two, and it was left out.

A record of an image begins with MXNet's ``IRHeader``: a flag, a label, two numbers; if the flag is
above 0, so many labels follow instead of that one.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sweep.data.readers.random_access import RandomAccess
from sweep.errors import UserError

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
PIECE = struct.Struct("<II")
HEADER = struct.Struct("<IfQQ")
LABEL = struct.Struct("<f")
LENGTH_BITS = 29
WHOLE, FIRST, MIDDLE, LAST = range(4)  # where in its record a piece stands
FOLLOWS = {None: (WHOLE, FIRST), FIRST: (MIDDLE, LAST), MIDDLE: (MIDDLE, LAST)}
ALLOWED = "allowed is a RecordIO file as im2rec and mx.recordio.pack_img write it"


class Record(NamedTuple):
    """Where a record lies.

    Attributes:
        offset: in the file, in bytes.
        pieces: offset and length of each, without its magic number.
        label: of the image.
        header: its length, labels included, in bytes.
    """

    offset: int
    pieces: tuple[tuple[int, int], ...]
    label: float
    header: int


class RecordFile:
    """A RecordIO file of images, opened to be read by several threads.

    Attributes:
        path: of the file.
        records: in the file's order.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and find its records.

        Raises:
            UserError: naming the byte at which something is wrong.
        """
        self.path = path
        try:
            self._file = RandomAccess(path)
            self.records = self._scan(self._file.size)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.records)

    def labels(self) -> NDArray[np.float64]:
        """Return the label of each record."""
        return np.array([each.label for each in self.records], np.float64)

    def where(self, row: int) -> str:
        """Return where a record lies, in words."""
        return f"{self.path}, record at byte {self.records[row].offset:,}"

    def image(self, row: int) -> bytes:
        """Return the image file that a record holds."""
        record = self.records[row]
        return self._content(record.pieces)[record.header :]

    def _scan(self, size: int) -> tuple[Record, ...]:
        records, offset = [], 0
        while offset < size:
            record, offset = self._record(offset, size)
            records.append(record)
        return tuple(records)

    def _record(self, begin: int, size: int) -> tuple[Record, int]:
        """Return the record that begins there, and where the next one does."""
        offset, before, pieces = begin, None, []
        while before not in (WHOLE, LAST):
            head = self._file.read(offset, PIECE.size)
            if len(head) < PIECE.size:
                raise self._wrong(offset, "the file is cut: a record needs 8 bytes to begin with")
            magic, packed = PIECE.unpack(head)
            place, length = packed >> LENGTH_BITS, packed & ((1 << LENGTH_BITS) - 1)
            if magic != MAGIC:
                raise self._wrong(offset, f"no record begins here: 0x{magic:08x}, not 0x{MAGIC:x}")
            if place not in FOLLOWS[before]:
                raise self._wrong(offset, "the pieces of a record are not in order")
            begin_of_data, offset = offset + PIECE.size, offset + PIECE.size + -(-length // 4) * 4
            if offset > size:
                raise self._wrong(
                    begin_of_data - PIECE.size,
                    f"the record is said to have {length:,} bytes; the file ends {offset - size:,} "
                    "bytes before",
                )
            pieces.append((begin_of_data, length))
            before = place
        return self._with_label(begin, tuple(pieces)), offset

    def _with_label(self, begin: int, pieces: tuple[tuple[int, int], ...]) -> Record:
        if len(pieces) == 1:  # then only what is needed is read
            start, length = pieces[0]
            content = self._file.read(start, min(length, HEADER.size + LABEL.size))
        else:
            content = self._content(pieces)
            length = len(content)
        if length < HEADER.size:
            raise self._wrong(begin, f"has {length} bytes, and no header of an image: 24 bytes")
        flag, label, _, _ = HEADER.unpack_from(content)
        if flag > 1:
            raise self._wrong(begin, f"has {flag:,} labels; supported are records with one")
        header = HEADER.size + flag * LABEL.size
        if length < header:
            raise self._wrong(begin, "is cut in its label")
        if flag:
            (label,) = LABEL.unpack_from(content, HEADER.size)
        return Record(begin, pieces, label, header)

    def _content(self, pieces: tuple[tuple[int, int], ...]) -> bytes:
        return MAGIC_BYTES.join(self._file.read(start, length) for start, length in pieces)

    def _wrong(self, offset: int, what: str) -> UserError:
        return UserError(f"{self.path}, byte {offset:,}: {what}; {ALLOWED}")


def check_index(path: Path, records: RecordFile) -> None:
    """Check that the ``.idx`` file of a RecordIO file names its records.

    Args:
        path: of the ``.idx`` file: a line for each record, its key and its offset.
        records: of the RecordIO file.

    Raises:
        UserError: it does not fit.
    """
    allowed = f"allowed is the .idx file of {records.path}, or none: delete it"
    starts = {str(each.offset) for each in records.records}
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}; {allowed}") from error
    for number, line in enumerate(lines, 1):
        _, _, offset = line.rpartition("\t")
        if offset not in starts:
            raise UserError(
                f"{path}, line {number}: no record begins at byte {offset[:20]}; {allowed}"
            )
    if len(lines) != len(starts):
        raise UserError(f"{path}: has {len(lines):,} of {len(starts):,} records; {allowed}")
