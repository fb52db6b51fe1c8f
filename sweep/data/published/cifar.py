"""The published binaries of CIFAR-10 and CIFAR-100: found, downloaded, checked, read.

Format: https://www.cs.toronto.edu/~kriz/cifar.html. A row is one label (CIFAR-100: a coarse and a
fine one), then 32×32 pixels in red, green and blue, one channel after the other.
"""

import hashlib
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sweep.data.published.download import Unreachable, alone, fetch, gluon_cache
from sweep.data.readers.file_states import is_file, is_folder
from sweep.errors import UserError
from sweep.files import as_meant

SIDE, CHANNELS = 32, 3
PIXELS = CHANNELS * SIDE * SIDE


@dataclass(frozen=True)
class CifarSet:
    """A published set.

    Attributes:
        name: under which it is chosen, and that of its folder in Gluon's cache.
        archive: the file that is downloaded.
        md5: of the archive, as published.
        folder: inside the archive.
        train: the files to train on, with the SHA-1 of each, which Gluon publishes.
        test: the file to test on, likewise.
        names: the file with the names of the classes, a line each.
        labels: how many there are in a row; the last one counts.
    """

    name: str
    archive: str
    md5: str
    folder: str
    train: Mapping[str, str]
    test: Mapping[str, str]
    names: str
    labels: int

    @property
    def sums(self) -> dict[str, str]:
        """The SHA-1 of each file with images."""
        return {**self.train, **self.test}


CIFAR10 = CifarSet(
    name="cifar10",
    archive="cifar-10-binary.tar.gz",
    md5="c32a1d4ab5d03f1284b67883e8d87530",
    folder="cifar-10-batches-bin",
    train={
        "data_batch_1.bin": "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
        "data_batch_2.bin": "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
        "data_batch_3.bin": "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
        "data_batch_4.bin": "aab85764eb3584312d3c7f65fd2fd016e36a258e",
        "data_batch_5.bin": "26e2849e66a845b7f1e4614ae70f4889ae604628",
    },
    test={"test_batch.bin": "67eb016db431130d61cd03c7ad570b013799c88c"},
    names="batches.meta.txt",
    labels=1,
)
CIFAR100 = CifarSet(
    name="cifar100",
    archive="cifar-100-binary.tar.gz",
    md5="03b5dce01913d631647c71ecec9e9cb8",
    folder="cifar-100-binary",
    train={"train.bin": "e207cd2e05b73b1393c74c7f5e7bea451d63e08e"},
    test={"test.bin": "8fb6623e830365ff53cf14adec797474f5478006"},
    names="fine_label_names.txt",
    labels=2,
)
CIFAR = {each.name: each for each in (CIFAR10, CIFAR100)}


def find_cifar(cifar: CifarSet, root: str | None, mirrors: Sequence[str]) -> list[Path]:
    """Return the archive, or the files that were in it; download the archive if there are none.

    Args:
        cifar: the set.
        root: the only folder to look in, if the user named one.
        mirrors: base URLs, tried in turn.

    Raises:
        UserError: nothing is there, or it could not be downloaded.
    """
    folder = as_meant(root) if root else gluon_cache() / cifar.name
    if found := _there(cifar, folder):
        return found
    needed = f"needed are {', '.join(cifar.sums)}, or {cifar.archive}"
    if root:
        what = "has not all of them" if is_folder(folder) else "there is no such folder"
        raise UserError(f"dataset.root={root}: {what}; {needed}")
    with alone(cifar.md5, cifar.archive):  # whoever waited for another looks again
        if found := _there(cifar, folder):
            return found
        try:
            return [fetch(cifar.archive, cifar.md5, folder, mirrors, cifar.name)]
        except Unreachable as error:
            raise UserError(
                f"{cifar.name} is not on this machine and could not be downloaded. Tried:\n"
                f"  {folder}: not there\n{error}\n"
                f"Put the files into a folder, and give dataset.root=FOLDER ({needed})."
            ) from error


def usual_place(cifar: CifarSet) -> Path | None:
    """Return the folder where a dataset is found unasked; None if it is not there."""
    found = _there(cifar, gluon_cache() / cifar.name)
    return found[0].parent if found else None


def _there(cifar: CifarSet, folder: Path) -> list[Path]:
    for place in (folder, folder / cifar.folder):
        files = [place / name for name in cifar.sums]
        if all(is_file(each) for each in files):
            return [*files, *(each for each in [place / cifar.names] if is_file(each))]
    archive = folder / cifar.archive
    return [archive] if is_file(archive) else []


def read_cifar(cifar: CifarSet, paths: Sequence[Path]) -> dict[str, bytes]:
    """Return the content of each file, by its name, checked.

    Args:
        cifar: the set.
        paths: as :func:`find_cifar` returns them.

    Raises:
        UserError: one is not what was published.
    """
    try:
        if paths[0].name == cifar.archive:
            return _read_archive(cifar, paths[0])
        found = {path.name: path.read_bytes() for path in paths}
    except OSError as error:
        raise UserError(f"{paths[0].parent}: cannot be read: {error}") from error
    for name, published in cifar.sums.items():
        sha1 = hashlib.sha1(found[name], usedforsecurity=False).hexdigest()
        if sha1 != published:
            raise UserError(
                f"{paths[0].parent / name}: is incomplete, or not {cifar.name}'s: SHA-1 {sha1}, "
                f"published {published}. Replace it, or delete it to have it downloaded again"
            )
    return found


def _read_archive(cifar: CifarSet, path: Path) -> dict[str, bytes]:
    md5 = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as content:
        while block := content.read(2**20):
            md5.update(block)
    if md5.hexdigest() != cifar.md5:
        raise UserError(
            f"{path}: is incomplete, or another file: MD5 "
            f"{md5.hexdigest()}, published {cifar.md5}. Delete it to have it downloaded again"
        )
    wanted = {*cifar.sums, cifar.names}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                name = Path(member.name).name
                if name in wanted and member.isfile() and (stream := archive.extractfile(member)):
                    found[name] = stream.read()
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read as an archive: {error}") from error
    if missing := [name for name in cifar.sums if name not in found]:
        raise UserError(f"{path}: has no {', '.join(missing)}")
    return found


def rows_of(
    cifar: CifarSet, contents: Sequence[bytes]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the images in files, (n, 3, 32, 32), and their labels, (n,)."""
    length = cifar.labels + PIXELS
    rows = np.concatenate([np.frombuffer(each, np.uint8).reshape(-1, length) for each in contents])
    images = rows[:, cifar.labels :].reshape(-1, CHANNELS, SIDE, SIDE)
    return images, rows[:, cifar.labels - 1]
