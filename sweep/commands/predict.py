"""Classify image files with a model that a run has logged."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from sweep.commands.cli import tracking_option
from sweep.config.choices import DATASETS
from sweep.data.photographs.answers import answers
from sweep.data.photographs.judgement import Judgement
from sweep.data.photographs.like_dataset import as_dataset
from sweep.data.photographs.photographs import each_digit, one_digit
from sweep.data.photographs.pictures import MOST_PIXELS, Picture, at_most, read
from sweep.display.answers import show_answers
from sweep.display.seen import check_drawing, write_seen
from sweep.errors import UserError

if TYPE_CHECKING:
    from sweep.carried.serving import Interface


@click.command()
@click.argument("model")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=Path)
@click.option(
    "--one", is_flag=True, help="Take each picture for one digit, in however many pieces."
)
@click.option("--show", metavar="FILE.png", type=Path, help="Draw what the network was given.")
@click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=MOST_PIXELS,
    show_default=True,
    help="Refuse pictures with more pixels.",
)
@tracking_option
def predict(
    model: str,
    files: tuple[Path, ...],
    one: bool,
    show: Path | None,
    max_pixels: int,
    tracking_uri: str | None,
) -> None:
    """Classify image files, of any size and colour, with a model that a run has logged.

    MODEL is a run id, or an address of MLflow's. Of handwritten digits, a picture may show several.

    \b
    sweep predict RUN_ID image.png
    sweep predict models:/NAME@champion image.png --show seen.png
    """
    if show:
        check_drawing(show)
    with at_most(max_pixels):
        pictures = [read(file) for file in files]
        # These import MLflow and MXNet, which takes seconds: not before the files are known.
        from sweep.backend import mxnet  # noqa: F401 - says what is missing if it cannot be loaded
        from sweep.carried import own_serving, serving
        from sweep.tracking import fetch_model, prepare_mlflow

        prepare_mlflow()

        loaders = {each.LOADER: each.load for each in (serving, own_serving)}
        try:
            with tempfile.TemporaryDirectory() as folder:
                classifier = fetch_model(tracking_uri, model, loaders, Path(folder))
                judgement = judgement_of(classifier.interface)
                given = [given_of(each, classifier.interface, judgement, one) for each in pictures]
                prepared = [each for of_picture in given for each in of_picture]
                table = classifier.predict(np.stack([picture.pixels for picture in prepared]))
        except own_serving.OwnCodeError as error:
            raise UserError(
                f"{model}: {error}; allowed is an environment with what its source imports"
            ) from error
    found = answers(prepared, table, judgement)
    show_answers(found)
    if show:
        pairs = zip(pictures, given, strict=True)
        write_seen(found, [picture.pixels for picture, made in pairs for _ in made], show)


def judgement_of(interface: "Interface") -> Judgement:
    """Return what is recorded with a model; of an older one, what its dataset says now.

    Raises:
        UserError: the model tells no classes apart.
    """
    if not interface.class_names:
        raise UserError(
            f"the model predicts numbers, {', '.join(interface.columns())}, and no classes; "
            "allowed are models of images that have classes"
        )
    if interface.judgement:
        return Judgement.of_plain(interface.judgement)
    dataset = DATASETS.get(interface.dataset)
    return Judgement(dataset.framing if dataset else None)


def given_of(
    picture: Picture, interface: "Interface", judgement: Judgement, one: bool
) -> list[Picture]:
    """Return what a network is given of a picture, as the images that it was trained on.

    Raises:
        UserError: the model is for images of another kind, or there is nothing in the picture.
    """
    if interface.values != "pixels":
        raise UserError(
            f"the model takes numbers, {interface.shapes()}, and no images; allowed are models of "
            "images"
        )
    framing, (channels, *size) = judgement.framing, interface.shape
    if framing and framing.ink and channels == 1:
        height, width = size
        digits = one_digit if one else each_digit
        return digits(picture, (height, width), framing)
    return [as_dataset(picture, interface.shape, framing, interface.resize)]
