"""What labels are read as: classes, or numbers to predict."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sweep.config.losses import losses_for
from sweep.config.tasks import Task
from sweep.data.readers.parts import LABELS, Labels, Part, Source, numbered, whole_labels
from sweep.errors import UserError, either

NUMBERS = "allowed are finite numbers"

Where = Callable[[int], str]  # says where the label of an image stands


class Labelling(Protocol):
    """How labels are read.

    Attributes:
        allowed: what they may be, in words.
    """

    allowed: str

    def shaped(self, name: str, labels: NDArray[Any]) -> NDArray[Any]:
        """Return an array of labels with its axes as they should be.

        Raises:
            UserError: naming the array: it has others.
        """

    def checked(self, labels: NDArray[Any], where: Where) -> Labels:
        """Return labels of one type.

        Raises:
            UserError: one of them is not what is allowed.
        """

    def source(self, parts: Mapping[str, Part]) -> Source:
        """Return what there is to decode.

        Raises:
            UserError: the labels of the parts do not fit each other.
        """


class Classes:
    """One class for each image: whole numbers from 0."""

    allowed = LABELS

    def shaped(self, name: str, labels: NDArray[Any]) -> NDArray[Any]:
        """Return labels as (n,)."""
        if labels.ndim == 2 and labels.shape[1] == 1:
            return labels[:, 0]
        if labels.ndim != 1:
            raise UserError(
                f"{name}: has the shape {_text(labels)}; allowed is one label for each "
                "image: (n,) or (n,1)"
            )
        return labels

    def checked(self, labels: NDArray[Any], where: Where) -> Labels:
        """Return labels as int32."""
        return whole_labels(labels, where)

    def source(self, parts: Mapping[str, Part]) -> Source:
        """Return parts whose labels count the classes."""
        return numbered(parts)


class ClassesOfEither(Classes):
    """The same, of a dataset that may have numbers to predict instead."""

    def checked(self, labels: NDArray[Any], where: Where) -> Labels:
        """Return labels as int32."""
        losses = either(losses_for("regression"))
        return whole_labels(
            labels, where, f"allowed are whole numbers from 0, or loss={losses} to predict numbers"
        )


class Numbers:
    """One number to predict for each image, or several."""

    allowed = NUMBERS

    def shaped(self, name: str, labels: NDArray[Any]) -> NDArray[Any]:
        """Return labels as (n, outputs)."""
        if labels.ndim == 1:
            return labels[:, None]
        if labels.ndim != 2 or not labels.shape[1]:
            raise UserError(
                f"{name}: has the shape {_text(labels)}; allowed is a number to predict for "
                "each image, or several: (n,) or (n,k)"
            )
        return labels

    def checked(self, labels: NDArray[Any], where: Where) -> Labels:
        """Return labels as float32."""
        if labels.dtype.kind not in "iufb":
            raise UserError(
                f"{where(0)}: label {labels[:1, 0].tolist()[0]!r} is no number; {NUMBERS}"
            )
        with np.errstate(over="ignore"):
            numbers = labels.astype(np.float32)
        finite = np.isfinite(numbers)
        if not finite.all():
            row, column = (int(each) for each in np.argwhere(~finite)[0])
            raise UserError(
                f"{where(row)}: label {labels[row, column]:g} is no finite float32; {NUMBERS}"
            )
        return numbers

    def source(self, parts: Mapping[str, Part]) -> Source:
        """Return parts with as many numbers for each image."""
        counts = {name: part.labels.shape[1] for name, part in parts.items()}
        for name, count in counts.items():
            if count != counts["train"]:
                raise UserError(
                    f"{parts[name].pictures.where(0)}: has {count} number{'s' * (count > 1)} to "
                    f"predict, and each image to train on has {counts['train']}; allowed is the "
                    "same number"
                )
        return Source(dict(parts), ())


def _text(array: NDArray[Any]) -> str:
    """Return the shape of an array as people write it: ``(n,d)``."""
    return "(" + ",".join(map(str, array.shape)) + ")"


CLASSES = Classes()
LABELLINGS: dict[Task, Labelling] = {
    "classification": ClassesOfEither(),
    "regression": Numbers(),
}
