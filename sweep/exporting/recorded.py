"""What is exported: a model that is recorded, and the images that it was tested on."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.config.recorded import from_yaml
from sweep.data.scaling import as_bytes
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.exporting.graph import WHITE, Graph, read_graph
from sweep.runs.reproduce import recorded_source
from sweep.tracking import DATASET_DIGEST, fetch_model, read_record

# As sweep/carried/serving.py and own_serving.py have them, which load MXNet.
LOADER, LOADER_OF_EAGER = "gluon_sweep_model.serving", "gluon_sweep_own_model.own_serving"
SYMBOL, PARAMETERS, ABOUT = "net-symbol.json", "net-0000.params", "dataset.json"
WITHOUT_THEM = "--random-images exports without the test images"
DRAWN, DRAWN_SEED = 256, 0  # images that are drawn where there are no others


@dataclass(frozen=True)
class Model:
    """A recorded model.

    Attributes:
        graph: the network.
        data: the folder with the files that it was read from.
        classes: how many it tells apart; 0 if it predicts numbers.
        holds_pixels: whether it takes pixels, or numbers of any size.
    """

    graph: Graph
    data: Path
    classes: int
    holds_pixels: bool

    def wrapped(self, with_scaling: bool, with_softmax: bool) -> Graph:
        """Return the network with what is asked for at its begin and its end.

        Raises:
            UserError: it takes no pixels, or tells no classes apart.
        """
        if with_scaling and not self.holds_pixels:
            raise UserError("--with-scaling: the model takes numbers, which are not scaled")
        if with_softmax and not self.classes:
            raise UserError("--with-softmax: the model predicts numbers, which have no softmax")
        graph = self.graph.with_scaling() if with_scaling else self.graph
        return graph.with_softmax() if with_softmax else graph


@dataclass(frozen=True)
class Images:
    """Images that an export is tried with.

    Attributes:
        stored: (all, channels, height, width), uint8 or float32 as the dataset has them.
        index: which of them.
        told: what they are, as in ``1,000 test images of mnist_5k``.
    """

    stored: NDArray[Any]
    index: NDArray[np.integer[Any]]
    told: str

    def __len__(self) -> int:
        """Return their number."""
        return len(self.index)

    def at_most(self, count: int | None) -> "Images":
        """Return at most so many of them, from all over."""
        if count is None or len(self) <= count:
            return self
        some = self.index[np.linspace(0, len(self) - 1, count).astype(np.intp)]
        return replace(self, index=some, told=f"{count:,} of {self.told}")

    def part(self, places: slice) -> "Images":
        """Return some of them, read into memory."""
        stored = self.stored[self.index[places]]
        return replace(self, stored=stored, index=np.arange(len(stored)))

    def units(self, places: slice) -> NDArray[np.float32]:
        """Return some of them as a network takes them: pixels from 0 (black) to 1."""
        images = self.stored[self.index[places]]
        units: NDArray[np.float32] = images.astype(np.float32)
        return units / np.float32(WHITE) if images.dtype == np.uint8 else units

    def bytes(self) -> "Images":
        """Return the same as bytes."""
        return replace(self, stored=as_bytes(self.stored))


def read_model(uri: str | None, model: str, folder: Path) -> Model:
    """Fetch a recorded model.

    Args:
        uri: of the record.
        model: a run's id, or an address of MLflow's.
        folder: to put it in.

    Raises:
        UserError: there is no such model, or it is no graph.
    """

    def refuse(data: Path) -> Path:
        raise UserError(
            f"{model}: its network runs eagerly, so it has no graph to export; allowed are models "
            "of hybrid networks"
        )

    loaders: dict[str, Callable[[Path], Path]] = {
        LOADER: lambda data: data,
        LOADER_OF_EAGER: refuse,
    }
    data = fetch_model(uri, model, loaders, folder)
    about = json.loads((data / ABOUT).read_text())
    channels, height, width = about.get("shape", (1, 28, 28))  # version 0.1 had no others
    classes = about["classes"]
    return Model(
        graph=read_graph(
            (data / SYMBOL).read_bytes(),
            (data / PARAMETERS).read_bytes(),
            (channels, height, width),
        ),
        data=data,
        classes=10 if classes is None else len(classes),  # null in version 0.1
        holds_pixels=about.get("values", "pixels") == "pixels",
    )


def tested_images(uri: str | None, run_id: str, root: str | None, stack: ExitStack) -> Images:
    """Return the images that a run was tested on.

    Args:
        uri: of the record.
        run_id: of the run.
        root: the folder that they are in now; None for the one that was configured.
        stack: keeps the user's own modules that read them, if any.

    Raises:
        UserError: they are not there, or the run has none.
    """
    try:
        record = read_record(uri, run_id)
        config = from_yaml(record.config)
        if root:
            config = replace(config, dataset=config.dataset.in_folder(root))
        dataset = load_dataset(stack.enter_context(recorded_source(record, config)).dataset)
    except UserError as error:
        raise UserError(f"{error}; {WITHOUT_THEM}") from error
    test, told = dataset.test, f"{len(dataset.test):,} test images of {dataset.name}"
    if record.tags.get(DATASET_DIGEST) not in (None, dataset.digest):
        told += " (others than it was tested on)"
    return Images(test.images, test.index, told)


def drawn_images(model: Model) -> Images:
    """Return images that are drawn at random, for a model of which no others are known."""
    random = np.random.default_rng(DRAWN_SEED)
    draw = random.random if model.holds_pixels else random.standard_normal
    images = draw((DRAWN, *model.graph.shape), np.float32)
    return Images(images, np.arange(DRAWN), f"{DRAWN} images drawn at random")
