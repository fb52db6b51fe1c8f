"""Images that are arrays already, whatever order their axes have, as images that are decoded."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.data.readers.broken import Broken, unusable
from sweep.data.readers.decoding import Form, encode, resized
from sweep.data.readers.labelling import CLASSES, Labelling
from sweep.data.readers.parts import Part
from sweep.data.readers.random_access import RandomAccess
from sweep.errors import UserError

SHAPES = "allowed are (n,h,w), (n,h,w,c) and (n,c,h,w) with 1 or 3 channels, and features (n,d)"
TYPES = "allowed are uint8, whole numbers from 0 to 255, bool and floats"
CHANNELS = (1, 3)
HEADERS: dict[tuple[int, int], Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True)
class ArrayFile:
    """The array in a ``.npy`` file, of which single rows are read.

    Attributes:
        path: of the file.
        shape: of the whole array.
        dtype: of its values.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    _file: RandomAccess
    _begin: int

    @classmethod
    def open(cls, path: Path) -> "ArrayFile":
        """Open a file.

        Raises:
            UserError: it is none of NumPy's, is cut, or holds objects.
        """
        try:
            with open(path, "rb") as stream:
                read_header = HEADERS[np.lib.format.read_magic(stream)]  # type: ignore[no-untyped-call]
                shape, is_fortran, dtype = read_header(stream)
                begin = stream.tell()
            file = RandomAccess(path)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror}") from error
        except Exception as error:  # whatever readers of headers run into
            raise UserError(f"{path}: is no array of NumPy's that can be read: {error}") from error
        if dtype.hasobject:
            raise UserError(f"{path}: holds Python objects, which are not read; {TYPES}")
        if is_fortran and len(shape) > 1:
            raise UserError(f"{path}: is in Fortran's order; allowed is C's: np.ascontiguousarray")
        if min(shape, default=0) < 0:
            raise UserError(f"{path}: has the shape {_text(shape)}; {SHAPES}")
        needed = math.prod(shape) * dtype.itemsize
        if file.size - begin < needed:
            raise UserError(f"{path}: is cut: {file.size - begin:,} bytes of {needed:,}")
        return cls(path, shape, dtype, file, begin)

    def __getitem__(self, row: int) -> NDArray[Any]:
        """Return a row.

        Raises:
            Broken: it is cut.
            UserError: it cannot be read for now.
        """
        return self._values(row * math.prod(self.shape[1:]), self.shape[1:])

    def whole(self) -> NDArray[Any]:
        """Return all of it, in memory.

        Raises:
            UserError: it cannot be read any more.
        """
        try:
            return self._values(0, self.shape)
        except Broken as error:
            raise UserError(f"{self.path}: {error}") from error

    def _values(self, first: int, shape: tuple[int, ...]) -> NDArray[Any]:
        length = math.prod(shape) * self.dtype.itemsize
        try:
            content = self._file.read(self._begin + first * self.dtype.itemsize, length)
        except (OSError, MemoryError) as error:
            raise unusable(str(self.path), "cannot be read", error) from error
        if len(content) < length:
            raise Broken("is cut")
        return np.ndarray(shape, self.dtype, content)


Rows = NDArray[Any] | ArrayFile


@dataclass(frozen=True)
class ArrayPictures:
    """Images in an array.

    Attributes:
        name: of the array, for people.
        rows: the array.
        to_hwc: makes (height, width, channels) of a row.
    """

    name: str
    rows: Rows
    to_hwc: Callable[[NDArray[Any]], NDArray[Any]]

    def __len__(self) -> int:
        """Return how many there are."""
        return int(self.rows.shape[0])

    def where(self, row: int) -> str:
        """Return the name of the array and the row."""
        return f"{self.name}, row {row:,}"

    def pixels(self, row: int, form: Form) -> NDArray[Any]:
        """Return one as (height, width, channels) uint8 or float32."""
        pixels = self.to_hwc(self.rows[row])
        if pixels.dtype == np.uint8:
            return resized(pixels, form)
        size, channels = pixels.shape[:2], pixels.shape[2]
        if form.size not in (None, size):
            raise UserError(
                f"dataset.size={list(form.size or ())}: {self.name} has floats of "
                f"{size[0]}×{size[1]}, and only 8-bit images are resized; allowed is null"
            )
        if form.channels not in (None, channels):
            raise UserError(
                f"dataset.channels={form.channels}: {self.name} has floats in {channels} channels, "
                "and only 8-bit images are converted; allowed is null"
            )
        return pixels

    def encoded(self, row: int) -> bytes:
        """Return one as a PNG file's content."""
        pixels = self.to_hwc(self.rows[row])
        if pixels.dtype != np.uint8:
            raise Broken("is of floats, which no image file holds; allowed is an .npz file")
        return encode(pixels)

    def mode(self, row: int) -> str:
        """Return the type of the values."""
        return str(self.rows.dtype)


def array_part(
    name: str,
    images: Rows,
    labels: NDArray[Any],
    labels_name: str,
    labelling: Labelling = CLASSES,
) -> Part:
    """Return images and labels that arrays hold.

    Of four axes the last is that of the channels if it has 1 or 3 values; else the second is.

    Args:
        name: of the images' array, for people.
        images: (n,h,w), (n,h,w,c) or (n,c,h,w), or features (n,d).
        labels: (n,) or (n,1); or (n,k), where several numbers are predicted.
        labels_name: of the labels' array, for people.
        labelling: what they are read as.

    Raises:
        UserError: naming the array, and what is allowed.
    """
    to_hwc = _axes(name, images.shape)
    if images.dtype.kind not in "uifb":
        raise UserError(f"{name}: is {images.dtype}; {TYPES}")
    labels = labelling.shaped(labels_name, labels)
    if len(labels) != images.shape[0]:
        raise UserError(
            f"{labels_name}: has {len(labels):,} labels for the {images.shape[0]:,} images of "
            f"{name}; allowed are as many"
        )
    if not len(labels):
        raise UserError(f"{name}: no images; allowed is one or more")
    checked = labelling.checked(labels, lambda row: f"{labels_name}, row {row:,}")
    return Part(ArrayPictures(name, images, to_hwc), checked)


def _axes(name: str, shape: tuple[int, ...]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    if 0 in shape[1:]:
        raise UserError(f"{name}: has the shape {_text(shape)}: nothing in a row; {SHAPES}")
    if len(shape) == 2:
        return lambda row: _floats(row)[None, :, None]
    if len(shape) == 3:
        return lambda row: _as_values(row)[..., None]
    if len(shape) == 4 and shape[3] in CHANNELS:
        return _as_values
    if len(shape) == 4 and shape[1] in CHANNELS:
        return lambda row: _as_values(row).transpose(1, 2, 0)
    raise UserError(f"{name}: has the shape {_text(shape)}; {SHAPES}")


def _as_values(row: NDArray[Any]) -> NDArray[Any]:
    """Return a row as uint8 or float32."""
    if row.dtype == np.uint8:
        return row
    if row.dtype.kind == "b":
        return row.astype(np.uint8) * np.uint8(255)
    if row.dtype.kind == "f":
        return _floats(row)
    if row.min() < 0 or row.max() > 255:
        raise Broken(f"has values from {row.min()} to {row.max()}; {TYPES}")
    return row.astype(np.uint8)


def _floats(row: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        values = row.astype(np.float32)
    if not np.isfinite(values).all():
        raise Broken("has a value that is no finite float32")
    return values


def _text(shape: tuple[int, ...]) -> str:
    return "(" + ",".join(map(str, shape)) + ")"
