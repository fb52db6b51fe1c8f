"""Files of MXNet's parameters (``.params``), read by NumPy.

``mxnet.nd.load`` does not come back from some files that are broken, and the process of a sweep
never loads MXNet. The format is MXNet's own (``NDArray::Load`` in ``src/ndarray/ndarray.cc``):
little-endian, a list of arrays, then a list of as many names.
"""

import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIST = 0x112  # what a file begins with
HEAD = 16  # bytes before the number of its arrays
FIRST, DENSE_OR_SPARSE, WITH_SCALARS = 0xF993FAC8, 0xF993FAC9, 0xF993FACA  # what an array does
DENSE = 0
MOST_DIMENSIONS = 32  # of NumPy's
MOST_VALUES = 2**40
TYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8", "?")  # by their numbers


class Broken(Exception):
    """A file that is not what it should be. Its text goes on after the file's name."""


def read_params(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, by their names, in the file's order.

    Raises:
        Broken: it is no such file, or not a whole one; or an array is sparse, or has no name.
    """
    return {name: array for name, (array, _) in _found(content).items()}


def renamed(content: bytes, names: Mapping[str, str]) -> bytes:
    """Return a file with arrays of another one, to the byte, under other names.

    Args:
        content: of a file.
        names: of its arrays, by the names that they get; in the order that these get.

    Raises:
        Broken: it is no such file, or has no such arrays.
    """
    found = _found(content)
    if missing := [name for name in names.values() if name not in found]:
        raise Broken(f"has no {', '.join(missing)}")
    arrays = [content[found[name][1]] for name in names.values()]
    texts = [name.encode() for name in names]
    own = [struct.pack("<Q", len(text)) + text for text in texts]
    count = struct.pack("<Q", len(names))
    return b"".join([content[:HEAD], count, *arrays, count, *own])


def _found(content: bytes) -> dict[str, tuple[NDArray[Any], slice]]:
    """Return the arrays of a file, by their names, each with where it is in the file."""
    file = _File(content)
    if len(content) < 8 or file.number("<Q") != LIST:
        raise Broken("is no file of MXNet's parameters")
    file.number("<Q")  # reserved
    arrays = []
    for _ in range(file.number("<Q")):
        begin = file.at
        arrays.append((_array(file), slice(begin, file.at)))
    names = [_name(file) for _ in range(file.number("<Q"))]
    if len({*names}) != len(arrays) or len(names) != len(arrays):
        raise Broken(f"has {len(arrays)} arrays, and {len({*names})} different names of arrays")
    if file.left:
        raise Broken(f"has {file.left} bytes more than it should have")
    return dict(zip(names, arrays, strict=True))


class _File:
    """What is left of a file."""

    def __init__(self, content: bytes) -> None:
        self._content, self.at = content, 0

    @property
    def left(self) -> int:
        return len(self._content) - self.at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise Broken(f"is cut off: {size} bytes are missing or wrong at byte {self.at}")
        self.at += size
        return self._content[self.at - size : self.at]

    def number(self, kind: str) -> int:
        (value,) = struct.unpack(kind, self.take(struct.calcsize(kind)))
        return int(value)


def _array(file: _File) -> NDArray[Any]:
    version = file.number("<I")
    if version in (DENSE_OR_SPARSE, WITH_SCALARS) and file.number("<i") != DENSE:
        raise Broken("has a sparse array; allowed are dense ones")
    is_first = version not in (FIRST, DENSE_OR_SPARSE, WITH_SCALARS)  # which began with its shape
    dimensions = version if is_first else file.number("<i")
    if not 0 <= dimensions <= MOST_DIMENSIONS or (dimensions == 0 and version != WITH_SCALARS):
        raise Broken("has an array without a shape")
    shape = tuple(file.number("<I" if is_first else "<q") for _ in range(dimensions))
    file.take(8)  # the device that it was on
    number = file.number("<i")
    if not 0 <= number < len(TYPES):
        raise Broken(f"has an array of a type that is not known ({number})")
    kind = np.dtype(TYPES[number])
    if any(not 0 <= side <= MOST_VALUES for side in shape):
        raise Broken("has an array without a shape")
    values = np.frombuffer(file.take(math.prod(shape) * kind.itemsize), kind)
    try:
        return values.reshape(shape)
    except ValueError as error:  # sides that are huge, and one that is 0
        raise Broken("has an array without a shape") from error


def _name(file: _File) -> str:
    try:
        return file.take(file.number("<Q")).decode()
    except UnicodeDecodeError as error:
        raise Broken("has a name that is no text") from error
