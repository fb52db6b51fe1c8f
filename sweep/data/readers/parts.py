"""What a source of images has in it, before it is decoded: parts, their labels, their classes."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sweep.data.readers.broken import unusable
from sweep.data.readers.decoding import Form, decode, mode_of
from sweep.errors import UserError, either

NUMBER = re.compile(r"-?\d+(\.\d+)?")
LARGEST_LABEL = 2**31 - 1
LABELS = "allowed are whole numbers from 0, one for each class"

Labels = NDArray[Any]  # (n,) int32 of classes, or (n, outputs) float32 of numbers to predict


class Pictures(Protocol):
    """Images in their order, each of which is decoded when it is asked for, by any thread."""

    def __len__(self) -> int:
        """Return how many there are."""

    def where(self, row: int) -> str:
        """Return where one lies, in words: a file, or a place in it."""

    def pixels(self, row: int, form: Form) -> NDArray[Any]:
        """Return one as (height, width, channels) uint8 or float32.

        Raises:
            Broken: it cannot be used.
            UserError: it cannot be read for now.
        """

    def encoded(self, row: int) -> bytes:
        """Return one as a file's content: as it is, or as a PNG where it is no file.

        Raises:
            Broken: it cannot be used, or not be encoded.
            UserError: it cannot be read for now.
        """

    def mode(self, row: int) -> str:
        """Return how the pixels of one are held, as ``RGB`` or ``uint8``.

        Raises:
            Broken: it cannot be used.
        """


@dataclass(frozen=True)
class Part:
    """Some images of a source: those to train on, or those to test on.

    Attributes:
        pictures: in the order that is the source's own.
        labels: (n,) of each, from 0; or the numbers to predict, (n, outputs).
    """

    pictures: Pictures
    labels: Labels

    def first_of(self, limit: int | None) -> "Part":
        """Return the first so many images of each stratum; all if there is no limit."""
        if limit is None:
            return self
        found = strata(self.labels)
        members = [np.flatnonzero(found == each)[:limit] for each in np.unique(found)]
        rows = np.sort(np.concatenate(members))
        return Part(_Chosen(self.pictures, rows), self.labels[rows])


@dataclass(frozen=True)
class Source:
    """What there is to decode.

    Attributes:
        parts: ``train``, and if they are there ``val`` and ``test``, in this order.
        class_names: in the order of their labels; none where numbers are predicted.
    """

    parts: Mapping[str, Part]
    class_names: tuple[str, ...]


def strata(labels: Labels) -> NDArray[np.int32]:
    """Return in which stratum each image is, (n,): its class, or the only one there is."""
    return labels if labels.ndim == 1 else np.zeros(len(labels), np.int32)


@dataclass(frozen=True)
class _Chosen:
    pictures: Pictures
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def where(self, row: int) -> str:
        return self.pictures.where(self.rows[row])

    def pixels(self, row: int, form: Form) -> NDArray[Any]:
        return self.pictures.pixels(self.rows[row], form)

    def encoded(self, row: int) -> bytes:
        return self.pictures.encoded(self.rows[row])

    def mode(self, row: int) -> str:
        return self.pictures.mode(self.rows[row])


@dataclass(frozen=True)
class Files:
    """Images that are files of their own.

    Attributes:
        paths: of the files.
    """

    paths: Sequence[Path]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.paths)

    def where(self, row: int) -> str:
        """Return the path of one."""
        return str(self.paths[row])

    def pixels(self, row: int, form: Form) -> NDArray[Any]:
        """Return one, decoded."""
        return decode(self.encoded(row), form, self.where(row))

    def encoded(self, row: int) -> bytes:
        """Return what is in a file."""
        try:
            return self.paths[row].read_bytes()
        except (OSError, MemoryError, ValueError) as error:  # a path may have what none can have
            raise unusable(self.where(row), "cannot be read", error) from error

    def mode(self, row: int) -> str:
        """Return Pillow's word for how a file holds its pixels."""
        return mode_of(self.encoded(row))


def class_order(names: Sequence[str]) -> list[str]:
    """Return the names of classes in their order: as numbers where all are numbers."""
    if all(NUMBER.fullmatch(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def whole_labels(
    values: NDArray[Any], where: Callable[[int], str], allowed: str = LABELS
) -> Labels:
    """Return labels that were read as numbers, checked.

    Args:
        values: (n,) of any type of numbers.
        where: says where the label of an image stands.
        allowed: what is, in words, if there is a number that is none.

    Raises:
        UserError: one is no whole number from 0.
    """
    if values.dtype.kind == "b":
        values = values.astype(np.int32)
    if values.dtype.kind not in "iuf":
        raise UserError(f"{where(0)}: label {values[:1].tolist()[0]!r} is no number; {LABELS}")
    wrong = ~((values >= 0) & (values <= LARGEST_LABEL))
    if values.dtype.kind == "f":
        wrong |= values != np.floor(values)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise UserError(f"{where(row)}: label {values[row]:g} is no class; {allowed}")
    return values.astype(np.int32)


def numbered(parts: Mapping[str, Part]) -> Source:
    """Return parts whose labels are any whole numbers with labels that count the classes.

    The classes are those of the images to train on; each is named by its number.

    Raises:
        UserError: there are images of another class.
    """
    train = parts["train"].labels
    classes = np.unique(train)
    found = {}
    for name, part in parts.items():
        known = np.isin(part.labels, classes)
        if not known.all():
            row = int(np.argmin(known))
            named = [str(each) for each in classes]
            shown = either(named) if len(named) <= 12 else f"{named[0]} to {named[-1]}"
            raise UserError(
                f"{part.pictures.where(row)}: label {part.labels[row]} is that of no image to "
                f"train on; allowed is {shown}"
            )
        positions = np.searchsorted(classes, part.labels)
        found[name] = replace(part, labels=positions.astype(np.int32))
    return Source(found, tuple(str(each) for each in classes))
