"""What a run keeps besides numbers: its parameters, its network as a model, its figures."""

import logging
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from numpy.typing import NDArray

from sweep import tracking
from sweep.backend.mxnet import gluon
from sweep.carried import serving
from sweep.data.scaling import as_bytes, holds_pixels
from sweep.data.splits import Dataset, Split
from sweep.environment import environment, pinned
from sweep.networks.blocks.eager import save_parameters
from sweep.networks.build import architecture
from sweep.networks.summary import drawing, layers, table
from sweep.runs.figures import confusion, curves, worst
from sweep.tracking import Pyfunc, Record
from sweep.training.session import Training

EXAMPLES = 3  # test images that a model is given as an example
EXAMPLE_VALUES = 100_000  # of all of them: they are written as text, twice
# What a model needs; on Python 3.12 MXNet imports distutils, which setuptools brings.
REQUIRED = ("mlflow", "mxnet", "numpy", "pandas", "setuptools")
FIGURES = "figures"
MISTAKES = 24
NO_MODEL = (
    "this run has no model that can be served: its network runs eagerly, and only a graph works "
    "without the code that it was made by; its parameters and its source are recorded"
)

log = logging.getLogger(__name__)


def log_parameters(net: gluon.Block, record: Record) -> None:
    """Keep the network's parameters, in Gluon's own format, as ``parameters/net.params``."""
    kept = PurePosixPath(tracking.PARAMETERS_FILE)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / kept.name
        save_parameters(net, str(file))
        record.log_file(file, str(kept.parent))


def log_model(training: Training, dataset: Dataset, record: Record) -> None:
    """Keep the network as a model that MLflow loads and serves, if it can be one graph."""
    if not isinstance(training.model, gluon.HybridBlock):
        log.warning(NO_MODEL)
        return
    interface = serving.Interface(
        dataset=dataset.name,
        shape=dataset.shape,
        class_names=dataset.class_names,
        values="pixels" if holds_pixels(dataset.train.images) else "numbers",
        resize=dataset.resize,
    )
    with tempfile.TemporaryDirectory() as folder:
        serving.save(training.model, interface, Path(folder))
        pyfunc = Pyfunc(
            folder=Path(folder),
            loader=serving.LOADER,
            columns=interface.columns(),
            example=_example(dataset.test, interface),
            requirements=pinned(REQUIRED),
            python=environment()["python"],
            about={"dataset": dataset.name, "images": interface.shapes()},
        )
        record.log_model(pyfunc, training.chosen.epoch)


def _example(test: Split, interface: serving.Interface) -> NDArray[Any]:
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
            record.log_text(tracking.reason(error), f"{FIGURES}/failed.txt")
        record.log_files(Path(folder), FIGURES)


def _draw(
    training: Training, dataset: Dataset, summary: Mapping[str, float], name: str, folder: Path
) -> None:
    from sweep.runs.confusion_drawing import draw_confusion
    from sweep.runs.drawing import draw_curves, write
    from sweep.runs.mistakes_drawing import draw_mistakes

    test, kept = dataset.test, training.chosen.epoch
    labels, probabilities = test.labels[test.index], training.answer_test()
    names = dataset.class_names
    measured = ("loss", *training.config.metrics)
    metrics = {name: curves(name, training.records, summary, kept) for name in measured}
    learning = draw_curves(metrics, kept, name)
    write(learning, folder / "curves.png")
    write(learning, folder / "curves.svg")
    draw_confusion(confusion(labels, probabilities), names).save(folder / "confusion.png")
    mistakes = worst(labels, probabilities, MISTAKES)
    wrong = test.images[test.index[[each.number for each in mistakes]]]
    draw_mistakes(mistakes, wrong, names).save(folder / "mistakes.png")
    symbol = architecture(training.config.model, dataset.shape, dataset.classes)
    if symbol is None:
        return
    (folder / "layers.txt").write_text(table(layers(symbol, dataset.shape)))
    if drawn := drawing(symbol, dataset.shape):
        (folder / "network.svg").write_bytes(drawn)
