"""The published files by the names, and in the folders, that other programs give them."""

from pathlib import Path

import pytest

from sweep.data.published.download import find
from sweep.data.published.sets import PUBLISHED
from sweep.errors import UserError

MNIST, FASHION = PUBLISHED["mnist"], PUBLISHED["fashion_mnist"]


@pytest.mark.parametrize(
    ("dataset", "path"),
    [
        (MNIST, "train-images-idx3-ubyte"),
        (MNIST, "train-images-idx3-ubyte.gz"),
        (MNIST, "train-images.idx3-ubyte"),
        (MNIST, "train-images.idx3-ubyte.gz"),
        (MNIST, "MNIST/raw/train-images-idx3-ubyte"),
        (MNIST, "raw/train-images-idx3-ubyte"),
        (FASHION, "FashionMNIST/raw/train-images-idx3-ubyte.gz"),
    ],
)
def test_where_a_file_is_found(dataset, path):
    file = Path("folder", path)
    file.parent.mkdir(parents=True)
    file.touch()
    assert find(dataset, dataset.files[0], "folder", ()) == file


def test_what_is_there_by_another_name_is_not_missing():
    Path("folder/MNIST/raw").mkdir(parents=True)
    Path("folder/t10k-labels.idx1-ubyte").touch()
    Path("folder/MNIST/raw/train-labels-idx1-ubyte.gz").touch()
    with pytest.raises(UserError) as raised:
        find(MNIST, MNIST.files[0], "folder", ())
    assert str(raised.value).startswith(
        "dataset.root=folder: missing train-images-idx3-ubyte, t10k-images-idx3-ubyte; needed are"
    )
