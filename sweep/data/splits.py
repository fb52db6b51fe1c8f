"""The images of a run: decoded once, memory-mapped, split the same way for every run."""

import functools
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.schema import TRAIN_IMAGES, DatasetConfig
from sweep.data.download import FILES, IdxFile, alone, find, gluon_cache, read_verified
from sweep.errors import UserError
from sweep.files import write_whole

MNIST_5K = Path(__file__).with_name("mnist_5k.npz")
CLASSES = 10
CLASS_NAMES = {  # where they are not just numbers
    "fashion_mnist": (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
}
SPLIT_SEED = 20_121_995  # any constant will do; another one makes other splits

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """Some of the images of an array.

    Attributes:
        images: (all, 28, 28) float32, 0 (black) to 1, often memory-mapped and shared with other
            splits and processes.
        labels: (all,) uint8, 0 to 9.
        index: (n,) int32, the rows that belong to this split.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.uint8]
    index: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of images in the split."""
        return len(self.index)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test images under the name they were asked for.

    Attributes:
        name: ``mnist_5k``, ``mnist`` or ``fashion_mnist``.
        digest: 64 hex digits that identify the content of all images and labels.
        source: the folder or file that they were read from.
    """

    name: str
    digest: str
    source: str
    train: Split
    val: Split
    test: Split

    def describe(self) -> str:
        """Return the name and the number of images in each split."""
        return (
            f"{self.name}: {len(self.train):,} images to train on, {len(self.val):,} to validate, "
            f"{len(self.test):,} to test"
        )


def load_dataset(config: DatasetConfig) -> Dataset:
    """Find, verify and decode the dataset, and split it.

    The validation images are drawn from the training images by a constant seed: they are the same
    for every run, whatever its own seed.

    Raises:
        UserError: a file is missing, wrong or cannot be downloaded.
    """
    if config.name == "mnist_5k":
        arrays, digest, source = load_packaged()
    else:
        arrays, digest, source = _published(config)
    images, labels, test_images, test_labels = arrays
    shuffled = np.random.RandomState(SPLIT_SEED).permutation(len(images)).astype(np.int32)
    return Dataset(
        name=config.name,
        digest=digest,
        source=source,
        train=Split(images, labels, np.sort(shuffled[config.val_size :])),
        val=Split(images, labels, np.sort(shuffled[: config.val_size])),
        test=Split(test_images, test_labels, np.arange(len(test_images), dtype=np.int32)),
    )


# Training images and labels, test images and labels, each as in Split.
Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


@functools.cache
def load_packaged() -> tuple[Arrays, str, str]:
    """Return the arrays of ``mnist_5k``, their digest and where they come from."""
    with np.load(MNIST_5K, allow_pickle=False) as file:
        images, labels = file["images"], file["labels"]
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    cut = TRAIN_IMAGES["mnist_5k"]
    scaled = _scale(images)
    arrays = scaled[:cut], labels[:cut], scaled[cut:], labels[cut:]
    return arrays, digest, f"sweep/data/{MNIST_5K.name}"


def _published(config: DatasetConfig) -> tuple[Arrays, str, str]:
    files = FILES[config.name]
    paths = [find(config.name, file, config.root, config.mirrors) for file in files]
    pairs = zip(paths, files, strict=True)
    images, labels, test_images, test_labels = (_decoded(p, config.name, f) for p, f in pairs)
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    return (images, labels, test_images, test_labels), digest, str(paths[0].parent)


def _decoded(path: Path, dataset: str, file: IdxFile) -> NDArray[Any]:
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
        with alone(file):
            if not all(each.exists() for each in kept):  # nobody else has just done it
                array = _scale(_parse_idx(read_verified(path, dataset, file)))
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


def _parse_idx(content: bytes) -> NDArray[np.uint8]:
    """Return the array in an IDX file's content: (n, 28, 28) or (n,) uint8.

    Two zero bytes, the type (8: unsigned byte), the number of dimensions, each dimension as a
    big-endian 32-bit integer, then the values: http://yann.lecun.com/exdb/mnist/
    """
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _scale(array: NDArray[np.uint8]) -> NDArray[Any]:
    """Return images as float32, 0 to 1; labels as they are."""
    return array.astype(np.float32) / np.float32(255) if array.ndim == 3 else array
