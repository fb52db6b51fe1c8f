"""The files of a network that was trained elsewhere."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import UserError
from sweep.networks.params_file import Broken
from sweep.networks.symbols.fitting import Arrays
from sweep.networks.trained import read_arrays


@dataclass(frozen=True)
class Files:
    """The files of a network.

    Attributes:
        graph: in JSON; None where the network is made by a program.
        parameters: of MXNet.
        contents: what is in them, by their names.
    """

    graph: Path | None
    parameters: Path
    contents: Mapping[str, bytes]


def read_files(given: Sequence[Path]) -> Files:
    """Read the files of a network.

    Raises:
        UserError: they are not one ``.params``, and a ``.json`` beside it or none, or cannot be
            read.
    """
    graphs = [each for each in given if each.suffix == ".json"]
    others = [each for each in given if each.suffix == ".params"]
    if len(others) != 1 or len(graphs) > 1 or len(given) != len(graphs) + 1:
        names = " ".join(map(str, given)) or "no file"
        raise UserError(f"{names}: allowed is NET-symbol.json NET-0010.params, or NET.params")
    contents = {}
    for each in given:
        try:
            contents[each.name] = each.read_bytes()
        except OSError as error:
            raise UserError(f"{each}: {error.strerror}; allowed is a file of MXNet's") from error
    return Files(next(iter(graphs), None), others[0], contents)


def arrays_of(files: Files) -> Arrays:
    """Return the parameters by name.

    Raises:
        UserError: the file is broken.
    """
    try:
        return read_arrays(files.contents[files.parameters.name])
    except Broken as error:
        raise UserError(f"{files.parameters}: {error}; allowed is a file of MXNet's") from error


def outputs_of(files: Files) -> int:
    """Return how many scores a network without a graph may have: the length of its last array.

    Raises:
        UserError: the file is broken, or has no array.
    """
    arrays = list(arrays_of(files).values())
    if not arrays or not arrays[-1].shape:
        raise UserError(f"{files.parameters}: has no parameters; allowed is a file of MXNet's")
    return int(arrays[-1].shape[0])


def digests(files: Files) -> dict[str, str]:
    """Return the SHA-256 of each file, by its name."""
    return {name: hashlib.sha256(each).hexdigest() for name, each in files.contents.items()}
