"""One pass over the images of a part: decoded by all cores, written in their order."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from sweep.data.decoded.row_file import RowFile
from sweep.data.readers.broken import Broken
from sweep.data.readers.decoding import Form, without_warnings
from sweep.data.readers.idx import as_floats
from sweep.data.readers.parts import Labels, Part
from sweep.errors import UserError
from sweep.heartbeat import beat

OnBroken = Literal["refuse", "skip"]
CHUNK_BYTES = 2**20  # of pixels that a thread decodes at a time, roughly
MOST_VALUES_AS_FLOATS = 1_024
SKIP = "dataset.on_broken=skip leaves such images out"

Shape = tuple[int, ...]
Create = Callable[[Shape, np.dtype[Any]], RowFile]  # makes what takes rows of a shape and a type


@dataclass(frozen=True)
class DecodedPart:
    """What a part became.

    Attributes:
        rows: how many images there are.
        shape: of each: channels, height, width.
        dtype: of its values as they were decoded: uint8 or float32.
        labels: (rows,) of those that are there, or (rows, outputs).
        digest: 64 hex digits that identify the values, their shape and their type.
        skipped: what was left out, a line each.
    """

    rows: int
    shape: Shape
    dtype: np.dtype[Any]
    labels: Labels
    digest: str
    skipped: tuple[str, ...]


@dataclass(frozen=True)
class _Chunk:
    rows: list[int]
    images: list[NDArray[Any]]  # (height, width, channels) each
    broken: dict[int, str]


def is_kept_as_floats(part: DecodedPart) -> bool:
    """Return whether images are kept as the float32 that networks take.

    Converting each batch costs an MLP on small grey images a tenth of its time, and a
    convolutional network nothing that can be measured.
    """
    return _kept_as_floats(part.shape, part.dtype)


def _kept_as_floats(shape: Shape, dtype: np.dtype[Any]) -> bool:
    return dtype == np.uint8 and shape[0] == 1 and int(np.prod(shape)) <= MOST_VALUES_AS_FLOATS


def decode_part(
    part: Part,
    form: Form,
    on_broken: OnBroken,
    name: str,
    like: DecodedPart | None,
    create: Create,
) -> DecodedPart:
    """Decode all images of a part and write them, in their order.

    Args:
        part: what is decoded.
        form: what its images become.
        on_broken: what is done about those that cannot be used.
        name: of the part, for the progress bar.
        like: a part whose shape and type they must have; None for those of the first image.
        create: makes what takes the rows, given their shape and type.

    Raises:
        UserError: there are none, one cannot be used, or they are not of one size and type.
        OSError: they cannot be written.
    """
    pass_over = _Pass(part, form, on_broken, like, create)
    bar = tqdm(desc=f"decoding {name}", total=len(part.labels), unit="image", disable=None)
    with bar, without_warnings():
        for chunk in _in_order(part, form):
            pass_over.take(chunk)
            bar.update(len(chunk.rows) + len(chunk.broken))
    return pass_over.end()


class _Pass:
    """What has been taken so far."""

    def __init__(
        self,
        part: Part,
        form: Form,
        on_broken: OnBroken,
        like: DecodedPart | None,
        create: Create,
    ) -> None:
        self._part, self._form, self._on_broken, self._create = part, form, on_broken, create
        self._like = like
        self._shape: Shape | None = like.shape if like else None
        self._dtype = like.dtype if like else np.dtype(np.uint8)
        self._digest, self._rows, self._broken = hashlib.sha256(), list[int](), dict[int, str]()
        self._file: RowFile | None = None
        self._first = ""

    def take(self, chunk: _Chunk) -> None:
        """Write a chunk's images, or say what is wrong with them."""
        for row, reason in chunk.broken.items():
            if self._on_broken == "refuse":
                raise UserError(f"{self._part.pictures.where(row)}: {reason}; {SKIP}")
            self._broken[row] = reason
        if not chunk.rows:
            return
        if self._file is None:
            self._first = self._part.pictures.where(chunk.rows[0])
            self._begin(chunk.images[0])
        for row, image in zip(chunk.rows, chunk.images, strict=True):
            if (image.shape, image.dtype) != (self._hwc, self._dtype):
                raise UserError(self._different(row, image))
        images = np.stack(chunk.images).transpose(0, 3, 1, 2)  # (n, c, h, w)
        images = np.ascontiguousarray(images)
        self._digest.update(images.data)
        assert self._file is not None and self._shape is not None
        scaled = _kept_as_floats(self._shape, self._dtype)
        self._file.append(as_floats(images) if scaled else images)
        self._rows += chunk.rows

    def _begin(self, first: NDArray[Any]) -> None:
        if self._shape is None:
            height, width, channels = first.shape
            self._shape, self._dtype = (channels, height, width), first.dtype
        scaled = _kept_as_floats(self._shape, self._dtype)
        self._file = self._create(self._shape, np.dtype(np.float32) if scaled else self._dtype)

    @property
    def _hwc(self) -> Shape:
        assert self._shape is not None
        channels, height, width = self._shape
        return height, width, channels

    def _different(self, row: int, image: NDArray[Any]) -> str:
        where = self._part.pictures.where(row)
        first = "the training images" if self._like else self._first
        if image.dtype != self._dtype:
            return f"{where}: is {image.dtype}, and {first} {self._dtype}; allowed is one type"
        (height, width, channels), (other_h, other_w, other_c) = image.shape, self._hwc
        if (height, width) != (other_h, other_w):
            return (
                f"{where}: is {width}×{height}, and {first} {other_w}×{other_h}; allowed are "
                "images of one size, or dataset.size=[height,width], to which all are resized"
            )
        return (
            f"{where}: has {_channels(channels)}, and {first} {_channels(other_c)}; allowed are "
            "images of one kind, or dataset.channels=1 or 3, to which all are converted"
        )

    def end(self) -> DecodedPart:
        """Close the file, and return what is in it."""
        if self._file is None or self._shape is None:
            row, reason = next(iter(self._broken.items()))
            raise UserError(
                f"{self._part.pictures.where(row)}: {reason}; none of {len(self._broken):,} images "
                "can be read; allowed is one or more"
            )
        self._file.close()
        described = {"shape": [self._file.rows, *self._shape], "dtype": self._dtype.name}
        self._digest.update(json.dumps(described).encode())
        where = self._part.pictures.where
        return DecodedPart(
            rows=self._file.rows,
            shape=self._shape,
            dtype=self._dtype,
            labels=self._part.labels[np.array(self._rows, np.intp)],
            digest=self._digest.hexdigest(),
            skipped=tuple(f"{where(row)}: {reason}" for row, reason in self._broken.items()),
        )


def _channels(number: int) -> str:
    return {1: "one channel (grey)", 3: "3 channels (colour)"}.get(number, f"{number} channels")


def _in_order(part: Part, form: Form) -> Iterator[_Chunk]:
    """Yield the images in their order, a bounded number of chunks ahead of who takes them.

    Pillow decodes without the lock of Python's interpreter, so threads are enough.
    """
    import joblib  # which takes long, and is needed only here

    threads = joblib.cpu_count()
    waiting: deque[Future[_Chunk]] = deque()
    size = _images_a_chunk(part, form)
    with ThreadPoolExecutor(threads) as pool:
        try:
            for start in range(0, len(part.labels), size):
                rows = range(start, min(start + size, len(part.labels)))
                waiting.append(pool.submit(_decode_rows, part, form, rows))
                if len(waiting) > 2 * threads:
                    yield waiting.popleft().result()
                beat()
            while waiting:
                beat()
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _images_a_chunk(part: Part, form: Form) -> int:
    """Return how many images a thread takes at a time, by the size of the first that is whole."""
    for row in range(min(len(part.labels), 16)):
        try:
            return max(1, min(256, CHUNK_BYTES // part.pictures.pixels(row, form).nbytes))
        except Broken:
            continue
    return 16


def _decode_rows(part: Part, form: Form, rows: range) -> _Chunk:
    chunk = _Chunk([], [], {})
    for row in rows:
        try:
            chunk.images.append(part.pictures.pixels(row, form))
            chunk.rows.append(row)
        except Broken as error:
            chunk.broken[row] = str(error)
    return chunk
