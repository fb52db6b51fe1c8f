"""The files that a run keeps in ``figures/``: its curves, what it gets wrong, its network."""

import csv
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from sweep import tracking
from sweep.config.images import Shape
from sweep.config.metrics import short_name
from sweep.config.networks import Network
from sweep.config.tasks import Task
from sweep.data.splits import Dataset
from sweep.networks.build import architecture
from sweep.networks.summary import drawing, layers, table
from sweep.runs.figures import confusion, confusion_rows, curves, predicted, worst
from sweep.tracking import Record
from sweep.training.session import Training

MISTAKES = 24
MOST_CLASSES = 1_000  # of a table of confusions, which has a cell for each pair of them

log = logging.getLogger(__name__)


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
    from sweep.runs.mistakes_drawing import draw_mistakes

    test, names = dataset.test, dataset.class_names
    labels, probabilities = test.labels[test.index], training.answer(test)
    if len(names) <= MOST_CLASSES:
        _draw_confusion(confusion(labels, probabilities), names, folder)
    mistakes = worst(labels, probabilities, MISTAKES)
    wrong = test.images[test.index[[each.number for each in mistakes]]]
    draw_mistakes(mistakes, wrong, names).save(folder / "mistakes.png")


def _draw_confusion(counts: NDArray[np.int64], names: Sequence[str], folder: Path) -> None:
    from sweep.runs.confusion_drawing import draw_confusion

    with open(folder / PurePosixPath(tracking.CONFUSION_FILE).name, "w", newline="") as file:
        csv.writer(file).writerows(confusion_rows(counts, names))
    draw_confusion(counts, names).save(folder / "confusion.png")


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
