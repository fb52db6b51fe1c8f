"""Classify image files with a model that a run has logged."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import numpy as np

from sweep.commands.cli import tracking_option
from sweep.config.choices import DATASETS
from sweep.data.photographs.answers import Answer, answers
from sweep.data.photographs.judgement import Judgement
from sweep.data.photographs.like_dataset import as_dataset
from sweep.data.photographs.photographs import each_digit, one_digit
from sweep.data.photographs.pictures import MOST_PIXELS, Picture, at_most, read
from sweep.display.answers import show_answers
from sweep.display.seen import check_drawing, write_seen
from sweep.errors import UserError

if TYPE_CHECKING:
    from sweep.carried.serving import Interface, Predictor

AT_ONCE = 64  # images that the network is given; of no more is there anything in memory but words

Given = TypeVar("Given")
Made = TypeVar("Made")


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
    kept = _as_it_is if show else Picture.without_pixels
    refused: list[str] = []
    with at_most(max_pixels):
        pictures = (picture for _, picture in _usable(files, read, refused))
        # These import MLflow and MXNet, which takes seconds: not before there is a picture.
        if (first := next(pictures, None)) is None:
            raise _refusal(refused)
        from sweep.backend import mxnet  # noqa: F401 - says what is missing if it cannot be loaded
        from sweep.carried import own_serving, serving
        from sweep.tracking import fetch_model, prepare_mlflow

        prepare_mlflow()

        loaders = {each.LOADER: each.load for each in (serving, own_serving)}
        try:
            with tempfile.TemporaryDirectory() as folder:
                classifier = fetch_model(tracking_uri, model, loaders, Path(folder))
                judgement = judgement_of(classifier.interface)
                prepare = partial(
                    given_of, interface=classifier.interface, judgement=judgement, one=one
                )
                prepared = _usable(chain([first], pictures), prepare, refused)
                given = ((kept(picture), image) for picture, made in prepared for image in made)
                seen = _answered(given, classifier, judgement, kept)
        except own_serving.OwnCodeError as error:
            raise UserError(
                f"{model}: {error}; allowed is an environment with what its source imports"
            ) from error
    if seen:
        found, sources = zip(*seen, strict=True)
        show_answers(found)
        if show:
            write_seen(found, [picture.pixels for picture in sources], show)
    if refused:
        raise _refusal(refused)


def _as_it_is(picture: Picture) -> Picture:
    return picture


def _refusal(refused: Iterable[str]) -> UserError:
    return UserError("\n".join(dict.fromkeys(refused)))  # what is wrong with all is said once


def _usable(
    these: Iterable[Given], use: Callable[[Given], Made], refused: list[str]
) -> Iterator[tuple[Given, Made]]:
    """Yield each of these with what is made of it; add why to what is refused, and go on."""
    for each in these:
        try:
            made = use(each)
        except UserError as error:
            refused.append(str(error))
        else:
            yield each, made


def _answered(
    given: Iterator[tuple[Picture, Picture]],
    classifier: "Predictor",
    judgement: Judgement,
    kept: Callable[[Picture], Picture],
) -> list[tuple[Answer, Picture]]:
    """Return the answer to each image, with the picture that it is of.

    Args:
        given: pictures, each with what a network is given of it; only so many at once are taken.
        classifier: the network.
        judgement: of the model.
        kept: returns what is kept of an image when it is answered.
    """
    seen: list[tuple[Answer, Picture]] = []
    while group := [*islice(given, AT_ONCE)]:
        images = [image for _, image in group]
        table = classifier.predict(np.stack([image.pixels for image in images]))
        for (picture, image), answer in zip(group, answers(images, table, judgement), strict=True):
            seen.append((replace(answer, picture=kept(image)), picture))
    return seen


def judgement_of(interface: "Interface") -> Judgement:
    """Return what is recorded with a model; of an older one, what its dataset says now.

    Raises:
        UserError: the model tells no classes apart, or is not for images.
    """
    if not interface.class_names:
        raise UserError(
            f"the model predicts numbers, {', '.join(interface.columns())}, and no classes; "
            "allowed are models of images that have classes"
        )
    if interface.values != "pixels":
        raise UserError(
            f"the model takes numbers, {interface.shapes()}, and no images; allowed are models of "
            "images"
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
    framing, (channels, *size) = judgement.framing, interface.shape
    if framing and framing.ink and channels == 1:
        height, width = size
        digits = one_digit if one else each_digit
        return digits(picture, (height, width), framing)
    return [as_dataset(picture, interface.shape, framing, interface.resize)]
