"""What a run keeps besides numbers: its parameters, its network as a model, its figures."""

import csv
import logging
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep import tracking
from sweep.backend.mxnet import gluon
from sweep.carried import own_serving, serving
from sweep.config.choices import Network
from sweep.config.images import Framing, Shape
from sweep.config.metrics import short_name
from sweep.config.own_targets import Call
from sweep.config.tasks import Task
from sweep.data.scaling import Scaling, as_bytes, holds_pixels
from sweep.data.splits import Dataset, Split
from sweep.environment import environment, packages_of, pinned
from sweep.networks.blocks.eager import is_for_numpy, save_parameters
from sweep.networks.build import architecture
from sweep.networks.summary import drawing, layers, table
from sweep.own_modules import contents, first_names, imported
from sweep.runs.figures import confusion, confusion_rows, curves, predicted, worst
from sweep.runs.judging import judgement
from sweep.runs.parameters import log_parameters
from sweep.tracking import Pyfunc, Record
from sweep.training.session import Training

EXAMPLES = 3  # test images that a model is given as an example
EXAMPLE_VALUES = 100_000  # of all of them: they are written as text, twice
# What a model needs; on Python 3.12 MXNet imports distutils, which setuptools brings.
REQUIRED = ("mlflow", "mxnet", "numpy", "pandas", "setuptools")
MISTAKES = 24
NO_MODEL = (
    "no model is kept that could be served: the network is no graph, and a plugin has made it; its "
    "parameters are recorded. A network that is a HybridBlock, and asks for no shape, has a model"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Built:
    """A network with its parameters, to be kept as a model.

    Attributes:
        made: as it is configured.
        net: it, without what is done to images before it.
        scaling: that; None for nothing.
        model: both together; takes images from 0 to 1.
    """

    made: Network
    net: gluon.Block
    scaling: Scaling | None
    model: gluon.Block


def log_model(training: Training, dataset: Dataset, record: Record) -> str:
    """Keep the network as a model that MLflow loads and serves.

    Returns:
        Why there is no model; empty if there is one.
    """
    interface = interface_of(dataset, training.config.dataset.framing, training.answer)
    network = Built(training.config.model, training.net, training.scaling, training.model)
    example = example_of(dataset.test, interface)
    return log_network(network, interface, example, record, training.chosen.epoch)


def interface_of(
    dataset: Dataset, framing: Framing | None, answer: Callable[[Split], NDArray[np.float64]]
) -> serving.Interface:
    """Return what a model takes that was trained, or measured, on a dataset, and what it answers.

    Args:
        dataset: its images.
        framing: how they were made of pictures.
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
        judgement=judgement(dataset, framing, answer).plain() if is_judged else {},
    )


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


def log_figures(
    training: Training, dataset: Dataset, summary: Mapping[str, float], name: str, record: Record
) -> None:
    """Keep a run's figures, its table of layers and the drawing of its network in ``figures/``.

    Args:
        training: concluded.
        dataset: that it was trained on.
        summary: what was measured once, at its end.
        name: of the run.
        record: of the run.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            _draw(training, dataset, summary, name, Path(folder))
        except Exception as error:  # whatever it is: a figure is not worth a trained run
            log.exception("figures of %s could not be drawn", name)
            record.log_text(tracking.reason(error), f"{tracking.FIGURES_FOLDER}/failed.txt")
        record.log_files(Path(folder), tracking.FIGURES_FOLDER)


def _draw(
    training: Training, dataset: Dataset, summary: Mapping[str, float], name: str, folder: Path
) -> None:
    from sweep.runs.drawing import draw_curves, write

    kept = training.chosen.epoch
    measured = ("loss", *map(short_name, training.config.metrics))
    found = {name: curves(name, training.records, summary, kept) for name in measured}
    metrics = {name: each for name, each in found.items() if each}  # none of what was never known
    learning = draw_curves(metrics, kept, name)
    write(learning, folder / "curves.png")
    write(learning, folder / "curves.svg")
    _ANSWERS[dataset.task](training, dataset, folder)
    draw_network(training.config.model, dataset.shape, dataset.outputs, folder)


def draw_network(network: Network, shape: Shape, outputs: int, folder: Path) -> None:
    """Write a network's table of layers and its drawing to a folder; nothing of what is no graph.

    Args:
        network: as it is configured.
        shape: of an image.
        outputs: scores of an image.
        folder: is there.
    """
    symbol = architecture(network, shape, outputs)
    if symbol is None:
        return
    (folder / "layers.txt").write_text(table(layers(symbol, shape)))
    if drawn := drawing(symbol, shape):
        (folder / "network.svg").write_bytes(drawn)


def _draw_classes(training: Training, dataset: Dataset, folder: Path) -> None:
    from sweep.runs.confusion_drawing import draw_confusion
    from sweep.runs.mistakes_drawing import draw_mistakes

    test, names = dataset.test, dataset.class_names
    labels, probabilities = test.labels[test.index], training.answer(test)
    counts = confusion(labels, probabilities)
    with open(folder / PurePosixPath(tracking.CONFUSION_FILE).name, "w", newline="") as file:
        csv.writer(file).writerows(confusion_rows(counts, names))
    draw_confusion(counts, names).save(folder / "confusion.png")
    mistakes = worst(labels, probabilities, MISTAKES)
    wrong = test.images[test.index[[each.number for each in mistakes]]]
    draw_mistakes(mistakes, wrong, names).save(folder / "mistakes.png")


def _draw_numbers(training: Training, dataset: Dataset, folder: Path) -> None:
    from sweep.runs.drawing import write
    from sweep.runs.numbers_drawing import draw_predicted

    test = dataset.test
    found = predicted(test.labels[test.index], training.predict_test())
    write(draw_predicted(found, f"{len(test):,} test images"), folder / "predicted.png")


_ANSWERS: dict[Task, Callable[[Training, Dataset, Path], None]] = {
    "classification": _draw_classes,
    "regression": _draw_numbers,
}
