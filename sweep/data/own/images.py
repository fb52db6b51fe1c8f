"""Images of one's own: what all formats share, from the fields to the arrays."""

import hashlib
import json
import logging
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Literal

import PIL
from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from sweep.config.datasets import DatasetConfig
from sweep.config.fields import STRICT, Mark, Role, allowed, walk
from sweep.config.images import Images, Resize
from sweep.config.params import as_text
from sweep.data.decoded.kept import Decoded
from sweep.data.decoded.once import Recipe, decoded_once
from sweep.data.decoded.one_pass import OnBroken
from sweep.data.own.splits import Choice, check_fold, check_unused
from sweep.data.own.stratified import number_of
from sweep.data.readers.decoding import Form
from sweep.data.readers.file_states import FileState
from sweep.data.readers.parts import Source, strata
from sweep.errors import UserError, printable

log = logging.getLogger(__name__)

DECODER = 3  # another number for another way to decode: what is kept is then made anew
SHOWN_SKIPPED = 5
EVERYTHING = ("all",)  # the only stratum, where there are no classes

Held = Annotated[
    Annotated[int, Field(strict=True, ge=0)] | Annotated[float, Field(strict=True, gt=0, lt=1)],
    allowed("a whole number, 0 or more, or a share above 0 and below 1"),
]
HeldForTest = Annotated[
    Annotated[int, Field(strict=True, ge=1)]
    | Annotated[float, Field(strict=True, gt=0, lt=1)]
    | None,
    allowed("null, a whole number, 1 or more, or a share above 0 and below 1"),
]
Side = Annotated[int, Field(strict=True, ge=1)]
ImageSize = Annotated[
    tuple[Side, Side] | None,
    BeforeValidator(lambda value: (value, value) if isinstance(value, int) else value),
    allowed("null, a side in pixels, or a list of height and width, as in [32,48]"),
]
Folds = Annotated[
    int | None, Field(strict=True, ge=2), allowed("null, or a whole number, 2 or more")
]
Fold = Annotated[
    int | None, Field(strict=True, ge=0), allowed("null, or a whole number, 0 or more")
]
Limit = Annotated[
    int | None, Field(strict=True, ge=1), allowed("null, or a whole number, 1 or more")
]
Channels = Annotated[Literal[1, 3] | None, allowed("null, 1 (grey) or 3 (colour)")]


@dataclass(frozen=True, config=STRICT)
class OwnImages(DatasetConfig):
    """Images that are identified by what they are when they are decoded.

    So what decides how they are found and decoded is only recorded: it is in the digest already,
    and the same images in another format are the same run.
    """

    name: Annotated[str, Role.RECORD]
    val_size: Held  # type: ignore[assignment]  # a share, too
    test_size: HeldForTest
    folds: Folds
    fold: Annotated[Fold, Mark.REPEAT]
    limit: Annotated[Limit, Role.RECORD]
    size: Annotated[ImageSize, Role.RECORD]
    resize: Annotated[Resize, Role.RECORD]
    channels: Annotated[Channels, Role.RECORD]
    on_broken: Annotated[OnBroken, Role.RECORD]

    @abstractmethod
    def place(self) -> str:
        """Return where the images are, for people."""

    @abstractmethod
    def files(self) -> Iterable[FileState]:
        """Return the state of all files that are read, without reading them.

        Raises:
            UserError: there are none.
        """

    @abstractmethod
    def source(self) -> Source:
        """Find the images, with their labels; none is decoded.

        Raises:
            UserError: something is wrong with the source.
        """

    @property
    def validates(self) -> bool:
        """Whether images are held out to validate on."""
        return self.folds is not None or bool(self.val_size)

    def held_out(self, train_size: int) -> int:
        """Return how many of so many images are held out."""
        return train_size // self.folds if self.folds else number_of(self.val_size, train_size)

    def check(self) -> None:
        """Check that the fields fit each other.

        Raises:
            UserError: naming the field, its value and what is allowed.
        """
        check_fold(self.folds, self.fold)
        if self.folds is not None:
            check_unused(self.val_size, f"dataset.folds={self.folds} says what is validated on")

    def state(self) -> str | None:
        """Return what changes with the files and with how they are decoded, as 64 hex digits."""
        decides = {
            info.key: value for info, value in walk(self) if info.role is not Role.TRAJECTORY
        }
        state = [DECODER, PIL.__version__, decides, list(self.files())]
        return hashlib.sha256(json.dumps(state).encode()).hexdigest()

    def decoded(self) -> Decoded:
        """Return the images and labels of each part, decoded now or before.

        Raises:
            UserError: something is wrong with the source.
        """
        form = Form(self.size, self.resize, self.channels)
        return decoded_once(Recipe(self.place(), self.state, self._source, form, self.on_broken))

    def _source(self) -> Source:
        found = self.source()
        self._check_test_size("test" in found.parts)
        limited = {name: part.first_of(self.limit) for name, part in found.parts.items()}
        return replace(found, parts=limited)

    def _check_test_size(self, is_there: bool) -> None:
        if is_there and self.test_size is not None:
            raise UserError(
                f"dataset.test_size={self.test_size}: {self.place()} has images to test on "
                "already; allowed is null"
            )
        if not is_there and not self.test_size:
            raise UserError(
                f"dataset.test_size={as_text(self.test_size)}: {self.place()} has no images to "
                "test on; allowed is a number of them or a share, as in dataset.test_size=0.2"
            )

    def read(self) -> Images:
        """Find and decode the images, or take them from where they are kept; split them."""
        found = self.decoded()
        self._check_test_size("test" in found.images)
        _warn_of_skipped(found.skipped)
        choice = Choice(self.val_size, self.test_size, self.folds, self.fold)
        groups = {name: strata(labels) for name, labels in found.labels.items()}
        test = "test" if "test" in found.images else "train"
        return Images(
            train_images=found.images["train"],
            train_labels=found.labels["train"],
            test_images=found.images[test],
            test_labels=found.labels[test],
            class_names=found.class_names,
            digest=found.digest,
            source=self.place(),
            rows=choice.rows(groups, found.class_names or EVERYTHING),
            val_images=found.images.get("val"),
            val_labels=found.labels.get("val"),
            resize=self.resize,
            skipped=found.skipped,
        )


def _warn_of_skipped(skipped: tuple[str, ...]) -> None:
    if skipped:
        more = len(skipped) - SHOWN_SKIPPED
        lines = [*skipped[:SHOWN_SKIPPED], *([f"and {more:,} more"] if more > 0 else [])]
        listed = printable("\n".join(lines))
        log.warning("broken images that are left out: %d\n%s", len(skipped), listed)
