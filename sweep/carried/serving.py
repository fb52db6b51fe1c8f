"""A trained network as a model that MLflow loads: images in, classes and probabilities out.

MLflow calls ``_load_pyfunc`` of a model's loader module. Each model carries that module with it: a
copy of this file and of ``mxnet_import.py`` under a package name of its own, so that it loads where
this package is not installed, and hides nothing of it where it is. So these two import nothing else
of this package, and no MLflow.
"""

import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .mxnet_import import mx

PACKAGE = "gluon_sweep_model"  # what the copies are called
LOADER = f"{PACKAGE}.serving"
CARRIED = ("mxnet_import.py", "serving.py")
SYMBOL, PARAMETERS, DATASET = "net-symbol.json", "net-0000.params", "dataset.json"
SIDE = 28
BATCH = 1_000  # images at once; a LeNet then needs 150 MB for what is between its layers
SHAPES = f"N×{SIDE}×{SIDE}, N×1×{SIDE}×{SIDE} or N×{SIDE**2}"


class Classifier:
    """A network with what its classes are called.

    Attributes:
        dataset: the name of the images that it was trained on.
        names: of the classes; None where they are just numbers.
    """

    def __init__(self, net: mx.gluon.HybridBlock, dataset: str, names: Sequence[str] | None):
        """Take a network from (n, 1, 28, 28) float32 to (n, classes) float32 scores, on the CPU."""
        self._net, self.dataset, self.names = net, dataset, names
        self._one_at_a_time = threading.Lock()  # MXNet's networks are not for several threads

    def predict(self, images: Any) -> pd.DataFrame:
        """Return a row for each image: its class, and the probability of each class.

        Columns: those of :func:`columns`. The class is that of the highest score. The network is
        given up to 1,000 images at once; how many can change the last bits of what it answers.

        Args:
            images: see :func:`pixels`.

        Raises:
            TypeError, ValueError: as :func:`pixels` does.
        """
        batch = pixels(images)
        scores, probabilities = [], []
        with self._one_at_a_time:
            for start in range(0, len(batch), BATCH):
                found = self._net(mx.nd.from_numpy(batch[start : start + BATCH]))
                scores.append(found.asnumpy())
                probabilities.append(mx.nd.softmax(found).asnumpy())
        classes = np.concatenate(scores).argmax(axis=1)
        table = pd.DataFrame(np.concatenate(probabilities))
        table.columns = pd.Index([f"probability_{number}" for number in table.columns])
        if self.names:
            table.insert(0, "name", [self.names[each] for each in classes])
        table.insert(0, "class", classes)
        return table


def columns(names: Sequence[str] | None, classes: int) -> dict[str, str]:
    """Return the columns of an answer with MLflow's names for their types, in their order.

    ``class`` (0 to 9), ``name`` where classes have one, ``probability_0`` and so on (0 to 1).
    """
    named = {"name": "string"} if names else {}
    return {"class": "long"} | named | {f"probability_{each}": "float" for each in range(classes)}


def pixels(images: Any) -> NDArray[np.float32]:
    """Return images as the network takes them: a copy, (n, 1, 28, 28) float32, 0 (black) to 1.

    Args:
        images: an array, a DataFrame or nested lists; N×28×28, N×1×28×28 or N×784; integers
            from 0 (black) to 255 (white), or floats from 0 to 1. A DataFrame has a row for each
            image and 784 columns, the pixels row by row.

    Raises:
        TypeError: it is something else, or has no numbers.
        ValueError: its shape or its values are not those.
    """
    array = _array(images)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"images of type {array.dtype}: {_ALLOWED_TYPES}")
    if array.shape[1:] not in ((SIDE, SIDE), (1, SIDE, SIDE), (SIDE**2,)) or not len(array):
        hint = "; a single image is images[None]" if array.shape == (SIDE, SIDE) else ""
        raise ValueError(f"images of shape {array.shape}: allowed is {SHAPES}, N from 1{hint}")
    low, high = array.min(), array.max()
    top = 255 if array.dtype.kind in "iu" else 1
    if not (low >= 0 and high <= top):  # so NaN is refused too
        raise ValueError(f"images with values from {low} to {high}: {_ALLOWED_TYPES}")
    scaled = array.astype(np.float32)
    if top == 255:
        scaled /= np.float32(255)
    return np.ascontiguousarray(scaled).reshape(-1, 1, SIDE, SIDE)


_ALLOWED_TYPES = (
    "allowed are integers from 0 (black) to 255 (white), as in uint8, or floats from 0 to 1"
)


def _array(images: Any) -> NDArray[Any]:
    if isinstance(images, pd.DataFrame):
        return images.to_numpy()
    if not isinstance(images, np.ndarray | list):
        kind = type(images).__name__
        raise TypeError(f"images in a {kind}: allowed are a NumPy array, a DataFrame or lists")
    try:
        return np.asarray(images)
    except ValueError as error:
        raise ValueError(f"images in lists of different lengths: allowed is {SHAPES}") from error


def save(
    net: mx.gluon.HybridBlock, dataset: str, names: Sequence[str] | None, folder: Path
) -> None:
    """Write a network to ``data/`` in a folder, and the code that loads it to ``code/``.

    What is exported is the graph that trained. Channels that were padded with zeros for this
    processor stay so: plain operators that any
    processor has, and the same bits.

    Args:
        net: from (n, 1, 28, 28) float32 to (n, classes) float32 scores.
        dataset: the name of the images that it was trained on.
        names: of its classes; None where they are just numbers.
        folder: exists; ``data`` and ``code`` in it do not.
    """
    data, code = folder / "data", folder / "code" / PACKAGE
    data.mkdir()
    code.mkdir(parents=True)
    (device,) = next(iter(net.collect_params().values())).list_ctx()
    net.hybridize()
    net(mx.nd.zeros((1, 1, SIDE, SIDE), ctx=device))  # which makes the graph
    net.export(str(data / SYMBOL.removesuffix("-symbol.json")))
    (data / DATASET).write_text(json.dumps({"name": dataset, "classes": names}))
    for name in CARRIED:
        shutil.copyfile(Path(__file__).with_name(name), code / name)


def load(data: Path) -> Classifier:
    """Return the network that :func:`save` wrote to this folder ``data``."""
    net = mx.gluon.SymbolBlock.imports(str(data / SYMBOL), ["data"])
    net.collect_params().load(str(data / PARAMETERS), ctx=mx.cpu())
    about = json.loads((data / DATASET).read_text())
    return Classifier(net, about["name"], about["classes"])


def _load_pyfunc(data_path: str) -> Classifier:
    """Do what MLflow wants of a loader module."""
    return load(Path(data_path))
