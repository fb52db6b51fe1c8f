"""The formats that networks are exported to: each is a module in ``formats/``."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sweep.config.registry import Registry
from sweep.errors import UserError
from sweep.exporting.graph import Graph
from sweep.exporting.shapes import described
from sweep.files import obstacle

Answers = Callable[[NDArray[Any]], NDArray[np.float32]]  # (n, outputs) of images


class Format(ABC):
    """A format of exported networks, with the program that computes what it has written.

    Attributes:
        suffix: of its files.
        beside: endings that are added to a file's name for what is written beside it.
        summary: what the command says of it.
        computed_by: the program that its files are tried with.
        most_images: that it is tried with; None for all there are.
    """

    suffix: ClassVar[str]
    beside: ClassVar[tuple[str, ...]] = ()
    summary: ClassVar[str]
    computed_by: ClassVar[str]
    most_images: ClassVar[int | None] = None

    def check(self) -> None:  # noqa: B027 - most need nothing
        """Check that what it needs is installed.

        Raises:
            UserError: it is not.
        """

    def covers(self, graph: Graph) -> None:
        """Check that a network can be written, before anything large is read.

        Raises:
            UserError: an operator is not covered.
        """
        described(graph)

    @abstractmethod
    def write(self, graph: Graph, file: Path) -> None:
        """Write a network to a file, and what belongs to it beside that.

        Raises:
            UserError: an operator is not covered.
        """

    @abstractmethod
    def answers(self, graph: Graph, file: Path) -> Answers:
        """Return what answers as the network in a file does, to images of ``graph.takes``."""

    def facts(self) -> Mapping[str, str]:
        """Return what else is recorded of an export."""
        return {}


EXPORTS: Registry[Format] = Registry("sweep export", "sweep.exporting.formats")


def check_file(name: str, file: Path) -> None:
    """Check that a file's name is one of its format, and that it can be written.

    What is written beside it may be there only if the file is, too: then it is an earlier export.

    Raises:
        UserError: it is not, or cannot be.
    """
    suffix = EXPORTS[name].suffix
    if file.suffix.lower() != suffix:
        raise UserError(f"--{name} {file}: allowed is a file with the suffix {suffix}")
    if file.is_dir():
        raise UserError(f"--{name} {file}: is a folder; allowed is a file")
    if not file.parent.is_dir():
        raise UserError(f"--{name} {file}: there is no folder {file.parent}")
    if reason := obstacle(file):
        raise UserError(f"--{name} {file}: cannot be written: {reason}")
    for ending in EXPORTS[name].beside:
        other = file.with_name(f"{file.name}{ending}")
        if other.is_dir() or (os.path.lexists(other) and not file.exists()):
            raise UserError(
                f"--{name} {file}: {other}, which is written beside it, is there already; allowed "
                "is a name that is free"
            )
