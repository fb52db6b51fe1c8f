"""IDX files, as MNIST was published in them: http://yann.lecun.com/exdb/mnist/."""

import numpy as np
from numpy.typing import NDArray


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
