"""A trained network as a model that MLflow loads: images in, classes or numbers out.

MLflow calls ``_load_pyfunc`` of a model's loader module. Each model carries that module with it: a
copy of this file and of ``mxnet_import.py`` under a package name of its own, so that it loads where
this package is not installed, and hides nothing of it where it is. So these two import nothing else
of this package, and no MLflow. A network that is no graph has a loader of its own: see
``own_serving.py``.
"""

import json
import math
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
BATCH_PIXELS = (
    784_000  # of images at once; a LeNet then needs 150 MB for what is between its layers
)
SHOWN = 10  # names of columns, of many
GREY_28 = (1, 28, 28)  # what every model of version 0.1 takes, which does not say so itself


@dataclass(frozen=True)
class Interface:
    """What a model takes, and what it answers.

    Attributes:
        dataset: the name of the images that it was trained on.
        shape: of an image: channels, height, width.
        class_names: one for each class; plain numbers where classes have no other names; none
            where numbers are predicted.
        values: ``pixels``, from black to white, or ``numbers`` of any size.
        resize: how pictures of other sizes became such images: ``squash``, ``fit`` or ``crop``.
        predicted: how many numbers are predicted of an image, where there are no classes.
        judgement: what else ``sweep predict`` wants to know, as JSON has it; nothing here reads it.
        features: the names of a table's columns, in the order of the values of an image; none where
            they had no names, or were in no table.
    """

    dataset: str
    shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    values: str = "pixels"
    resize: str = "squash"
    predicted: int = 0
    judgement: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...] | None:
        """The classes' names; None where they are just their numbers."""
        numbers = tuple(str(number) for number in range(len(self.class_names)))
        return None if self.class_names == numbers else self.class_names

    def shapes(self) -> str:
        """Say which shapes of images are taken."""
        channels, height, width = self.shape
        flat = f"N×{channels}×{height}×{width} or N×{math.prod(self.shape)}"
        return f"N×{height}×{width}, {flat}" if channels == 1 else flat

    def columns(self) -> dict[str, str]:
        """Return the columns of an answer with MLflow's names for their types, in their order.

        ``class`` (from 0), ``name`` where classes have one, ``probability_0`` and so on (0 to 1);
        or ``prediction_0`` and so on.
        """
        if not self.class_names:
            return {f"prediction_{each}": "float" for each in range(self.predicted)}
        named = {"name": "string"} if self.names else {}
        probabilities = {f"probability_{each}": "float" for each in range(len(self.class_names))}
        return {"class": "long"} | named | probabilities

    def pixels(self, images: Any) -> NDArray[np.float32]:
        """Return images as the network takes them: a copy, (n, *shape) float32, 0 (black) to 1.

        Args:
            images: an array, a DataFrame or nested lists; N×channels×height×width, N×pixels, or
                N×height×width where there is one channel; integers from 0 (black) to 255 (white),
                or floats from 0 to 1; numbers that are no pixels are taken as they are. A DataFrame
                has a row for each image, and a column for each pixel: channel by channel, and each
                row by row.

        Raises:
            TypeError: it is something else, or has no numbers.
            ValueError: its shape or its values are not those.
        """
        array = self._array(images)
        allowed_values, as_floats = _VALUES[self.values]
        if array.dtype.kind not in "iuf":
            raise TypeError(f"images of type {array.dtype}: {allowed_values}")
        channels, height, width = self.shape
        forms = [self.shape, (math.prod(self.shape),)]
        forms += [(height, width)] if channels == 1 else []
        if array.shape[1:] not in forms or not len(array):
            hint = "; a single image is images[None]" if array.shape in forms[::2] else ""
            allowed = f"allowed is {self.shapes()}, N from 1{hint}"
            raise ValueError(f"images of shape {array.shape}: {allowed}")
        floats = as_floats(array)
        if floats is None:
            given = f"values from {array.min()} to {array.max()}"
            raise ValueError(f"images with {given}: {allowed_values}")
        return np.ascontiguousarray(floats).reshape(-1, *self.shape)

    def _array(self, images: Any) -> NDArray[Any]:
        if isinstance(images, pd.DataFrame):
            return self._in_order(images).to_numpy()
        if not isinstance(images, np.ndarray | list):
            kind = type(images).__name__
            raise TypeError(f"images in a {kind}: allowed are a NumPy array, a DataFrame or lists")
        try:
            return np.asarray(images)
        except ValueError as error:
            what = "images in lists of different lengths"
            raise ValueError(f"{what}: allowed is {self.shapes()}") from error

    def _in_order(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with its columns in the order of the features, if both have names."""
        names = list(table.columns)
        if not self.features or not all(isinstance(each, str) for each in names):
            return table
        if sorted(names) != sorted(self.features):
            raise ValueError(
                f"columns {_first(names)}: allowed are {_first(self.features)}, in any order"
            )
        return table[list(self.features)]


def _first(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN])
    return f"{shown}, …, {len(names)} in all" if len(names) > SHOWN else shown


def _units(array: NDArray[Any]) -> NDArray[np.float32] | None:
    """Return pixels as float32, 0 (black) to 1; None if they are beyond that."""
    top = 255 if array.dtype.kind in "iu" else 1
    if not (array.min() >= 0 and array.max() <= top):  # so NaN is refused too
        return None
    scaled = array.astype(np.float32)
    if top == 255:
        scaled /= np.float32(255)
    return scaled


def _numbers(array: NDArray[Any]) -> NDArray[np.float32] | None:
    """Return numbers as float32; None if one of them is not finite, or too large for that."""
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float32)
    return numbers if np.isfinite(numbers).all() else None


_VALUES = {  # what they have to be, and how they become what a network takes
    "pixels": (
        "allowed are integers from 0 (black) to 255 (white), as in uint8, or floats from 0 to 1",
        _units,
    ),
    "numbers": ("allowed are finite numbers, as float32 has them", _numbers),
}


class Predictor:
    """A network that predicts numbers, with what it takes and answers."""

    def __init__(self, net: Callable[[Any], Any], interface: Interface):
        """Take a network from (n, *shape) float32 to (n, outputs) float32 scores, on the CPU."""
        self._net, self.interface = net, interface
        self._one_at_a_time = threading.Lock()  # MXNet's networks are not for several threads

    def predict(self, images: Any) -> pd.DataFrame:
        """Return a row for each image, with the columns of :meth:`Interface.columns`.

        The network is given up to 1,000 images of 28×28 pixels at once, and fewer of larger ones;
        how many can change the last bits of what it answers.

        Args:
            images: see :meth:`Interface.pixels`.

        Raises:
            TypeError, ValueError: as :meth:`Interface.pixels` does.
        """
        batch = self.interface.pixels(images)
        _, height, width = self.interface.shape
        size = max(1, BATCH_PIXELS // (height * width))
        scores = []
        with self._one_at_a_time:
            for start in range(0, len(batch), size):
                scores.append(self._net(mx.nd.from_numpy(batch[start : start + size])).asnumpy())
            return self._table(np.concatenate(scores))

    def _table(self, scores: NDArray[np.float32]) -> pd.DataFrame:
        return pd.DataFrame(scores, columns=list(self.interface.columns()))


class Classifier(Predictor):
    """A network that tells classes apart: it answers a class, and the probability of each.

    The class is that of the highest score.
    """

    def _table(self, scores: NDArray[np.float32]) -> pd.DataFrame:
        classes = scores.argmax(axis=1)
        table = pd.DataFrame(mx.nd.softmax(mx.nd.from_numpy(scores)).asnumpy())
        table.columns = pd.Index([f"probability_{number}" for number in table.columns])
        if names := self.interface.names:
            table.insert(0, "name", [names[each] for each in classes])
        table.insert(0, "class", classes)
        return table


def save(net: mx.gluon.HybridBlock, interface: Interface, folder: Path) -> None:
    """Write a network to ``data/`` in a folder, and the code that loads it to ``code/``.

    What is exported is the graph that trained. Channels that were padded with zeros for this
    processor stay so: plain operators that any processor has, and the same bits.

    Args:
        net: from (n, *shape) float32 to (n, outputs) float32 scores.
        interface: what it takes and answers.
        folder: exists; ``data`` and ``code`` in it do not.
    """
    data = folder / "data"
    data.mkdir()
    (device,) = next(iter(net.collect_params().values())).list_ctx()
    net.hybridize()
    net(mx.nd.zeros((1, *interface.shape), ctx=device))  # which makes the graph
    net.export(str(data / SYMBOL.removesuffix("-symbol.json")))
    write_interface(interface, data)
    carry(CARRIED, folder / "code" / PACKAGE)


def carry(names: Iterable[str], folder: Path) -> None:
    """Copy modules that lie beside this one to a folder, which is made."""
    folder.mkdir(parents=True)
    for name in names:
        shutil.copyfile(Path(__file__).with_name(name), folder / name)


def write_interface(interface: Interface, data: Path) -> None:
    """Write what a network takes and answers to ``dataset.json`` in a folder."""
    about = {
        "name": interface.dataset,
        "classes": interface.class_names,
        "shape": interface.shape,
        "values": interface.values,
        "resize": interface.resize,
        "predicted": interface.predicted,
        "judgement": interface.judgement,
        "features": interface.features,
    }
    (data / DATASET).write_text(json.dumps(about))


def read_interface(data: Path) -> Interface:
    """Return what :func:`write_interface` wrote to this folder, in any version."""
    about = json.loads((data / DATASET).read_text())
    channels, height, width = about.get("shape", GREY_28)
    digits = [str(digit) for digit in range(10)]
    classes = digits if about["classes"] is None else about["classes"]  # null in version 0.1
    return Interface(
        dataset=about["name"],
        shape=(channels, height, width),
        class_names=tuple(classes),
        values=about.get("values", "pixels"),
        resize=about.get("resize", "squash"),
        predicted=about.get("predicted", 0),
        judgement=about.get("judgement", {}),
        features=tuple(about.get("features", ())),
    )


def load(data: Path) -> Predictor:
    """Return the network that :func:`save` wrote to this folder ``data``, in any version."""
    net = mx.gluon.SymbolBlock.imports(str(data / SYMBOL), ["data"])
    net.collect_params().load(str(data / PARAMETERS), ctx=mx.cpu())
    return answering(net, read_interface(data))


def answering(net: Callable[[Any], Any], interface: Interface) -> Predictor:
    """Return a network, with what it takes, as what it answers makes it."""
    return (Classifier if interface.class_names else Predictor)(net, interface)


def _load_pyfunc(data_path: str) -> Predictor:
    """Do what MLflow wants of a loader module."""
    return load(Path(data_path))
