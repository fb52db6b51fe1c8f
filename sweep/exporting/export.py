"""An export: written, tried, and only then given its name."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.special import softmax

from sweep.errors import UserError
from sweep.exporting.format import EXPORTS, Answers
from sweep.exporting.graph import PROBABILITIES, Graph
from sweep.exporting.recorded import Images
from sweep.exporting.reference import Reference

LIMIT = 1e-4  # of a difference, in an image's largest score or in 1, whichever is more
NOT_COMPARED = "not compared"
AT_ONCE_PIXELS = 784_000  # of images, so that thousands of large ones fit in memory


@dataclass(frozen=True)
class Comparison:
    """How an exported network answers beside what is right.

    Attributes:
        images: what they were asked about, in words.
        by: the program that computed the export.
        reference: the program that computed what is right.
        differing: how many images have another class; None where there are no classes.
        difference: the largest of a score.
        roundings: the largest of a score, in what is taken for rounding with the scores of its
            image; or of what lies between the right class and another that was answered.
    """

    images: str
    by: str
    reference: str
    differing: int | None
    difference: float
    roundings: float

    @property
    def is_right(self) -> bool:
        """Whether the export computes the same."""
        return self.roundings <= 1  # NaN is not


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        file: its place.
        digest: its SHA-256.
        takes: the type of its images.
        answers: what its result is: ``scores`` or ``probabilities``.
        comparison: how it was tried; None where there was nothing to compare it with.
    """

    file: Path
    digest: str
    takes: str
    answers: str
    comparison: Comparison | None

    def tags(self, name: str) -> dict[str, str]:
        """Return what is recorded of it, with the name of its format before each."""
        facts = {
            "sha256": self.digest,
            "takes": self.takes,
            "answers": self.answers,
            "compared_with": NOT_COMPARED,
            **EXPORTS[name].facts(),
        }
        if found := self.comparison:
            facts["compared_with"] = f"{found.reference}, {found.images}"
            facts["largest_difference"] = repr(found.difference)
            if found.differing is not None:
                facts["differing_classes"] = str(found.differing)
        return {f"{tags_begin(name)}{key}": value for key, value in facts.items()}


def tags_begin(name: str) -> str:
    """Return what the tags of exports in a format begin with."""
    return f"export.{name}."


def export(name: str, graph: Graph, file: Path, images: Images, reference: Reference) -> Exported:
    """Write a network in a format: the file is there if it answers right, or not at all.

    Args:
        name: of the format.
        graph: the network.
        file: to be written.
        images: to try it with.
        reference: what is right.

    Raises:
        UserError: an operator is not covered, it answers otherwise, or the file cannot be written.
    """
    chosen = EXPORTS[name]
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".export-") as folder:
            made = Path(folder) / file.name
            chosen.write(graph, made)
            comparison = None
            if chosen.computed_by != reference.by:
                some = images.at_most(chosen.most_images).at_most(reference.most_images)
                comparison = compare(graph, chosen.answers(graph, made), reference, some)
                comparison = replace(comparison, by=chosen.computed_by)
                _check(name, file, comparison)
            digest = hashlib.sha256(made.read_bytes()).hexdigest()
            for each in sorted(Path(folder).iterdir(), key=lambda each: each == made):
                each.replace(file.with_name(each.name))
    except OSError as error:
        raise UserError(f"--{name} {file}: cannot be written: {error.strerror}") from error
    return Exported(file, digest, graph.takes, graph.answers, comparison)


def _check(name: str, file: Path, found: Comparison) -> None:
    if not found.is_right:
        raise UserError(
            f"--{name} {file}: not written: {found.by} answers {found.images} otherwise than "
            f"{found.reference}, by up to {found.difference:.1e}, which is {found.roundings:,.1f} "
            "times what is allowed"
        )


def compare(graph: Graph, given: Answers, reference: Reference, images: Images) -> Comparison:
    """Compare the answers to all images.

    Args:
        graph: the network that was exported.
        given: answers to images of the type that it takes.
        reference: what is right.
        images: that both are asked about.

    Raises:
        UserError: there are no images, or the answers have another shape.
    """
    if not len(images):
        raise UserError(f"{images.told}: there are none to try it with; allowed is one or more")
    differing, difference, roundings = 0, 0.0, 0.0
    for places in _parts(images):
        some = images.part(places)
        if graph.takes == "uint8":
            some = some.bytes()
        units = some.units(slice(None))
        found = given(some.stored if graph.takes == "uint8" else units)
        right = reference.scores(units).astype(np.float64)
        if graph.answers == PROBABILITIES:
            right = softmax(right, axis=-1)
        if found.shape != right.shape:
            raise UserError(f"it answers {found.shape} numbers; allowed is {right.shape}")
        found, right = found.reshape(len(found), -1), right.reshape(len(right), -1)
        limits = LIMIT * np.maximum(1, np.abs(right).max(axis=1))
        most = np.abs(found - right).max(axis=1)
        difference = float(np.maximum(difference, most.max()))  # NaN stays
        roundings = float(np.maximum(roundings, (most / limits).max()))
        if reference.tells_classes:
            gaps = right.max(axis=1) - right[np.arange(len(right)), found.argmax(axis=1)]
            differing += int((found.argmax(axis=1) != right.argmax(axis=1)).sum())
            roundings = float(np.maximum(roundings, (gaps / limits).max()))
    classes = differing if reference.tells_classes else None
    return Comparison(images.told, "", reference.told, classes, difference, roundings)


def _parts(images: Images) -> Iterator[slice]:
    height, width = images.stored.shape[-2:]
    step = max(1, AT_ONCE_PIXELS // max(1, height * width))
    for start in range(0, len(images), step):
        yield slice(start, start + step)
