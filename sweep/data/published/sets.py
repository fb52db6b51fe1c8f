"""The published datasets: their files, and what identifies the content of each.

Format of the files: http://yann.lecun.com/exdb/mnist/ (IDX).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class IdxFile(NamedTuple):
    """One published file: what identifies its content, and the gzip file that mirrors serve."""

    name: str
    size_bytes: int
    sha256: str
    gzip_md5: str

    @property
    def names(self) -> list[str]:
        """The names of the file, gzipped and plain; on Windows, a suffix begins with the type."""
        usual = (self.name, self.name.replace("-idx", ".idx"))
        return [f"{each}{suffix}" for each in usual for suffix in (".gz", "")]


@dataclass(frozen=True)
class PublishedSet:
    """A dataset of four files: training images and labels, test images and labels.

    Attributes:
        name: under which it is chosen.
        files: in that order.
        system_folder: where a package of the system has them.
        torchvision: the name of its folder below the one that torchvision was given.
    """

    name: str
    files: tuple[IdxFile, ...]
    system_folder: Path
    torchvision: str

    def places(self, folder: Path) -> list[Path]:
        """Return where in a folder the files may be: there, or where torchvision puts them."""
        return [folder, folder / "raw", folder / self.torchvision / "raw"]


def _four_files(*sums: tuple[str, str]) -> tuple[IdxFile, ...]:
    names_and_sizes = (
        ("train-images-idx3-ubyte", 16 + 60_000 * 28 * 28),
        ("train-labels-idx1-ubyte", 8 + 60_000),
        ("t10k-images-idx3-ubyte", 16 + 10_000 * 28 * 28),
        ("t10k-labels-idx1-ubyte", 8 + 10_000),
    )
    return tuple(IdxFile(*file, *both) for file, both in zip(names_and_sizes, sums, strict=True))


MNIST = PublishedSet(
    name="mnist",
    files=_four_files(
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        ),
        (
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "d53e105ee54ea40749a09fcbcd1e9432",
        ),
        (
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "9fb629c4189551a2d022fa330f9573f3",
        ),
        (
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    ),
    system_folder=Path("/usr/share/datasets/mnist"),
    torchvision="MNIST",
)
FASHION_MNIST = PublishedSet(
    name="fashion_mnist",
    files=_four_files(
        (
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        ),
        (
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            "25c81989df183df01b3e8a0aad5dffbe",
        ),
        (
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            "bef4ecab320f06d8554ea6380940ec79",
        ),
        (
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    ),
    system_folder=Path("/usr/share/datasets/fashion-mnist"),
    torchvision="FashionMNIST",
)
PUBLISHED = {each.name: each for each in (MNIST, FASHION_MNIST)}

# The gzip files that MXNet downloaded, by SHA-1, from mxnet/gluon/data/vision/datasets.py. They
# came there on 27 August 2017 (https://github.com/apache/mxnet/pull/7635); on the 31st, images that
# were in them twice were replaced (https://github.com/zalandoresearch/fashion-mnist/issues/44).
FIRST_FASHION_MNIST = frozenset(
    (
        "0cf37b0d40ed5169c6b3aba31069a9770ac9043d",
        "236021d52f1e40852b06a4c3008d8de8aef1e40b",
        "626ed6a7c06dd17c0eec72fa3be1740f146a2863",
        "17f9ab60e7257a1620f4ad76bbbaf857c3920701",
    )
)
