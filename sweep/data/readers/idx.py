"""IDX files, as MNIST was published in them: http://yann.lecun.com/exdb/mnist/."""

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.errors import UserError

UNSIGNED_BYTES = 8
MOST_DIMENSIONS = 4
ALLOWED = "allowed is an IDX file of unsigned bytes (type 0x08), plain or with .gz"


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """Return the array in an IDX file's content: (n, height, width) or (n,) uint8.

    Two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a
    big-endian 32-bit integer, then the values: http://yann.lecun.com/exdb/mnist/
    """
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def as_floats(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images as networks take them: float32, 0 (black) to 1 (white)."""
    return images.astype(np.float32) / np.float32(255)


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Return the array in an IDX file, plain or gzipped.

    Raises:
        UserError: it is none, is cut, has more than it says, or has another type.
    """
    opener: Any = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or not 1 <= head[3] <= MOST_DIMENSIONS:
                raise UserError(f"{path}: is no IDX file; {ALLOWED}")
            if head[2] != UNSIGNED_BYTES:
                raise UserError(f"{path}: has values of the type 0x{head[2]:02X}; {ALLOWED}")
            sizes = stream.read(4 * head[3])
            if len(sizes) < 4 * head[3]:
                raise UserError(f"{path}: is cut in its header; {ALLOWED}")
            shape = tuple(int(each) for each in np.frombuffer(sizes, ">u4"))
            content = stream.read(math.prod(shape) + 1)
    except EOFError:
        raise UserError(f"{path}: is incomplete: its gzip stream ends early") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path}: cannot be read as a gzip file ({error})") from error
    except (OSError, OverflowError, MemoryError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from error
    if len(content) != math.prod(shape):
        what = "is cut" if len(content) < math.prod(shape) else "has more than it says"
        said = "×".join(f"{each:,}" for each in shape)
        raise UserError(f"{path}: {what}: {said} bytes are said to follow; {ALLOWED}")
    return np.frombuffer(content, np.uint8).reshape(shape)
