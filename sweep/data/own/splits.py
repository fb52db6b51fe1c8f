"""Which images of one's own are trained on, validated on and tested on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sweep.config.images import Rows
from sweep.data.own.stratified import Labelled, RowNumbers, fold_of, hold_out
from sweep.data.readers.parts import Labels
from sweep.data.splits import SPLIT_SEED
from sweep.errors import UserError, either

USUAL_VAL_SIZE = 0.1  # of all formats; nobody has said anything then


@dataclass(frozen=True)
class Choice:
    """What a configuration says about it.

    Attributes:
        val_size: how many images are validated on: a number, or a share of the training images.
        test_size: how many are tested on, where no others are there for that; else None.
        folds: into how many parts the training images are cut; None for a validation by size.
        fold: which of these is validated on.
    """

    val_size: float
    test_size: float | None
    folds: int | None
    fold: int | None

    def rows(self, labels: Mapping[str, Labels], class_names: Sequence[str]) -> Rows:
        """Return the rows of each split.

        Args:
            labels: of each part that is there: ``train``, ``val``, ``test``.
            class_names: in the order of the labels.

        Raises:
            UserError: there are not enough images of a class, or too much is said of them.
        """
        train = _all(labels["train"])
        if "test" in labels:
            test = _all(labels["test"])
        else:
            assert self.test_size
            everything = Labelled(train, labels["train"], class_names)
            train, test = hold_out("dataset.test_size", self.test_size, everything, SPLIT_SEED)
        if "val" in labels:
            if self.folds is not None:
                raise UserError(
                    f"dataset.folds={self.folds}: there are images to validate on already; allowed "
                    "is null"
                )
            check_unused(self.val_size, "there are images to validate on already")
            return Rows(train, _all(labels["val"]), test)
        rest = Labelled(train, labels["train"][train], class_names)
        if self.folds is not None and self.fold is not None:
            train, val = fold_of(self.folds, self.fold, rest, SPLIT_SEED)
        elif self.val_size:
            train, val = hold_out("dataset.val_size", self.val_size, rest, SPLIT_SEED)
        else:
            val = train[:0]
        return Rows(train, val, test)


def check_fold(folds: int | None, fold: int | None) -> None:
    """Check that a fold is one of those that there are.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    if folds is None:
        if fold is not None:
            raise UserError(
                f"dataset.fold={fold}: there are no folds; allowed is null, or a number of folds "
                "beside it, as in dataset.folds=5"
            )
    elif fold is None or fold >= folds:
        given = "null" if fold is None else fold
        allowed = either(str(each) for each in range(folds)) if folds <= 12 else f"0 to {folds - 1}"
        raise UserError(f"dataset.fold={given}: allowed with dataset.folds={folds} is {allowed}")


def check_unused(val_size: float, reason: str) -> None:
    """Check that nothing is said of how many images are held out where this decides nothing.

    It is in the fingerprint, so one run would be trained for each of its values.

    Args:
        val_size: as the configuration has it.
        reason: why it decides nothing, in words.

    Raises:
        UserError: it is not the usual one.
    """
    if val_size != USUAL_VAL_SIZE:
        raise UserError(
            f"dataset.val_size={val_size}: {reason}; allowed is the usual {USUAL_VAL_SIZE}, which "
            "is not used then"
        )


def _all(labels: Labels) -> RowNumbers:
    return np.arange(len(labels), dtype=np.int32)
