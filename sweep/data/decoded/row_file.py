"""A ``.npy`` file that is written row by row, without knowing how many rows will come."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 128  # room for any shape; data begins at a multiple of 64, as NumPy has it
START = b"\x93NUMPY\x01\x00"


class Target(Protocol):
    """What can be written: a file, or memory."""

    def write(self, content: bytes, /) -> object:
        """Write at the present place."""

    def seek(self, place: int, /) -> object:
        """Go to a place."""


class RowFile:
    """Writes rows, and at the end the header before them.

    Attributes:
        rows: how many have been written.
    """

    def __init__(self, target: Target, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Take what is written to, and the shape and type of a row."""
        self.rows = 0
        self._target, self._shape, self._dtype = target, shape, dtype
        target.seek(HEADER_BYTES)

    def append(self, rows: NDArray[Any]) -> None:
        """Write some rows, (n, ...)."""
        self._target.write(rows.astype(self._dtype, copy=False).tobytes())
        self.rows += len(rows)

    def close(self) -> None:
        """Write the header, as ``numpy.lib.format`` has it, filled up to a fixed length."""
        described = {
            "descr": self._dtype.str,
            "fortran_order": False,
            "shape": (self.rows, *self._shape),
        }
        room = HEADER_BYTES - len(START) - 2
        text = repr(described).encode().ljust(room - 1) + b"\n"
        self._target.seek(0)
        self._target.write(START + room.to_bytes(2, "little") + text)
