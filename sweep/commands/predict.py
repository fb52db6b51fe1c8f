"""Classify image files with a model that a run has logged."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from sweep.commands.cli import tracking_option
from sweep.config.choices import DATASETS
from sweep.data.pictures import Picture, as_dataset, read
from sweep.display.answers import show_answers
from sweep.errors import UserError

if TYPE_CHECKING:
    from sweep.carried.serving import Interface


@click.command()
@click.argument("model")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=Path)
@tracking_option
def predict(model: str, files: tuple[Path, ...], tracking_uri: str | None) -> None:
    """Classify image files, of any size and colour, with a model that a run has logged.

    MODEL is a run id, or an address of MLflow's.

    \b
    sweep predict RUN_ID image.png
    sweep predict models:/NAME@champion image.png
    """
    pictures = [read(file) for file in files]
    # These import MLflow and MXNet, which takes seconds: not before the files are known.
    from sweep.backend import mxnet  # noqa: F401 - says what is missing if it cannot be loaded
    from sweep.carried import serving
    from sweep.tracking import fetch_model, prepare_mlflow

    prepare_mlflow()

    with tempfile.TemporaryDirectory() as folder:
        data = fetch_model(tracking_uri, model, serving.LOADER, Path(folder))
        classifier = serving.load(data)
    prepared = [_as_dataset(picture, classifier.interface) for picture in pictures]
    answers = classifier.predict(np.stack([picture.pixels for picture in prepared]))
    show_answers(prepared, answers)


def _as_dataset(picture: Picture, interface: "Interface") -> Picture:
    """Return a picture as the images of the dataset that the model was trained on.

    Raises:
        UserError: the model is for images of another kind, or there is nothing in the picture.
    """
    if interface.values != "pixels":
        raise UserError(
            f"the model takes numbers, {interface.shapes()}, and no images; allowed are models of "
            "images"
        )
    dataset = DATASETS.get(interface.dataset)
    framing = dataset.framing if dataset else None
    return as_dataset(picture, interface.shape, framing, interface.resize)
