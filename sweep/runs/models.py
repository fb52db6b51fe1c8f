"""What a run keeps of its network: a model that MLflow loads and serves, its parameters in it."""

import math
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import gluon
from sweep.carried import own_serving, serving
from sweep.config.datasets import DatasetConfig
from sweep.config.networks import Network
from sweep.config.own_targets import Call
from sweep.data.scaling import Scaling, as_bytes, holds_pixels
from sweep.data.splits import Dataset, Split
from sweep.environment import environment, packages_of, pinned
from sweep.errors import UserError
from sweep.networks.blocks.eager import is_for_numpy, save_parameters
from sweep.own_modules import contents, first_names, imported
from sweep.runs.judging import judgement
from sweep.runs.parameters import log_parameters
from sweep.tracking import Pyfunc, Record
from sweep.training.session import Training

EXAMPLES = 3  # test images that a model is given as an example
EXAMPLE_VALUES = 100_000  # of all of them: they are written as text, twice
# What a model needs; on Python 3.12 MXNet imports distutils, which setuptools brings.
REQUIRED = ("mlflow", "mxnet", "numpy", "pandas", "setuptools")
NO_MODEL = (
    "no model is kept that could be served: the network is no graph, and a plugin has made it; its "
    "parameters are recorded. A network that is a HybridBlock, and asks for no shape, has a model"
)


@dataclass(frozen=True)
class Built:
    """A network with its parameters, to be kept as a model.

    Attributes:
        made: as it is configured.
        net: it, without what is done to images before it.
        scaling: that; None for nothing.
        model: both together; takes images from 0 to 1.
        seed: that it was built with.
    """

    made: Network
    net: gluon.Block
    scaling: Scaling | None
    model: gluon.Block
    seed: int


def log_model(training: Training, dataset: Dataset, record: Record) -> str:
    """Keep the network as a model that MLflow loads and serves.

    Returns:
        Why there is no model; empty if there is one.
    """
    interface = interface_of(dataset, training.config.dataset, training.answer)
    network = Built(
        made=training.config.model,
        net=training.net,
        scaling=training.scaling,
        model=training.model,
        seed=training.config.seed,
    )
    example = example_of(dataset.test, interface)
    return log_network(network, interface, example, record, training.chosen.epoch)


def interface_of(
    dataset: Dataset, config: DatasetConfig, answer: Callable[[Split], NDArray[np.float64]]
) -> serving.Interface:
    """Return what a model takes that was trained, or measured, on a dataset, and what it answers.

    Args:
        dataset: its images.
        config: says how they were made of pictures, and which columns a table of them has.
        answer: returns the model's probabilities for a split.
    """
    is_judged = holds_pixels(dataset.train.images) and dataset.task == "classification"
    return serving.Interface(
        dataset=dataset.name,
        shape=dataset.shape,
        class_names=dataset.class_names,
        values="pixels" if holds_pixels(dataset.train.images) else "numbers",
        resize=dataset.resize,
        predicted=0 if dataset.class_names else dataset.outputs,
        judgement=judgement(dataset, config.framing, answer).plain() if is_judged else {},
        features=_features(config),
    )


def _features(config: DatasetConfig) -> tuple[str, ...]:
    with suppress(UserError):  # the table was read before; without its names, positions count
        return config.features()
    return ()


def log_network(
    network: Built,
    interface: serving.Interface,
    example: NDArray[Any],
    record: Record,
    epoch: int,
) -> str:
    """Keep a network, as it was after this epoch, as a model that MLflow loads and serves.

    It is a graph, or else its user's modules, which make it where it is loaded. Its parameters are
    kept in it; by themselves if there is none.

    Returns:
        Why there is no model; empty if there is one.
    """
    with tempfile.TemporaryDirectory() as folder:
        loader, required = serving.LOADER, [*REQUIRED]
        call, source = network.made.call, network.made.source
        if isinstance(network.model, gluon.HybridBlock):
            serving.save(network.model, interface, Path(folder))
            kept = Path(folder, "data", serving.PARAMETERS)
        elif call and source:
            loader = own_serving.LOADER
            required += _save_own(network, call, source, interface, Path(folder))
            kept = Path(folder, "data", own_serving.PARAMETERS)
        else:
            log_parameters(network.net, record, None)
            return NO_MODEL
        pyfunc = Pyfunc(
            folder=Path(folder),
            loader=loader,
            columns=interface.columns(),
            example=example,
            requirements=_requirements(required),
            python=environment()["python"],
            about={"dataset": interface.dataset, "images": interface.shapes()},
        )
        record.log_model(pyfunc, epoch)
        log_parameters(network.net, record, kept)
    return ""


def _requirements(names: Sequence[str]) -> list[str]:
    """Return what pip has to install for a model.

    MXNet asks for a NumPy below 2, so that pip refuses both in one list. Beside a later NumPy it is
    left out, and a model that is loaded without it says how to install it.
    """
    is_refused = int(np.__version__.partition(".")[0]) >= 2
    return pinned([name for name in names if not (is_refused and name == "mxnet")])


def _save_own(
    network: Built, call: Call, source: Path, interface: serving.Interface, folder: Path
) -> list[str]:
    """Write a network that is no graph; return the packages that its user's modules need."""
    recipe = own_serving.Recipe(
        target=call.target,
        arguments=call.arguments,
        is_for_numpy=is_for_numpy(network.net),
        mean=network.scaling.mean.tolist() if network.scaling else None,
        factor=network.scaling.factor.tolist() if network.scaling else None,
        seed=network.seed,
    )
    save_parameters(network.net, str(own_serving.save(recipe, source, interface, folder)))
    files = contents(source)
    names = {call.target.partition(".")[0], *imported(files)} - first_names(files)
    needed = packages_of(names)
    return [each for each in needed if each not in REQUIRED]


def example_of(test: Split, interface: serving.Interface) -> NDArray[Any]:
    """Return a few test images as people have them: bytes, if they are pixels."""
    count = max(1, min(EXAMPLES, EXAMPLE_VALUES // math.prod(interface.shape)))
    images = test.images[test.index[:count]]
    if interface.shape[0] == 1:
        images = images[:, 0]  # grey images need no axis for their colours
    return as_bytes(images) if interface.values == "pixels" else images
