"""What networks start from: trained parameters, in files of Gluon, exported models or Modules."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from sweep.networks.params_file import Broken, read_params
from sweep.networks.symbols.graph import repeated

PARAMETERS, GRAPH = "net.params", "net-symbol.json"  # how the files are called where they are kept
KINDS = ("arg:", "aux:")  # before the names in files of exported models and Modules


@dataclass(frozen=True)
class Start:
    """What a network begins with besides what its seed draws.

    Attributes:
        init_from: as it is configured, for messages.
        files: the trained parameters that it starts from, by their names here; none to start anew.
        freeze: patterns of the names of parameters that are not trained.
    """

    init_from: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    freeze: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """Parameters of a network that was trained.

    Attributes:
        arrays: by their names, without ``arg:`` and ``aux:``.
        in_graph: whether they are in the order in which the network's graph uses them.
    """

    arrays: Mapping[str, NDArray[Any]]
    in_graph: bool


def read_trained(files: Mapping[str, bytes]) -> Trained:
    """Read the parameters in :data:`PARAMETERS`, in the order of :data:`GRAPH` if that is there.

    Raises:
        Broken: a file is not what it should be, or they do not belong together.
    """
    arrays = read_arrays(files[PARAMETERS])
    if GRAPH not in files:
        return Trained(arrays, in_graph=False)
    names = [name for name in variables(files[GRAPH]) if name in arrays]
    if others := [name for name in arrays if name not in names]:
        raise Broken(f"has the parameter {others[0]}, which its graph has not")
    return Trained({name: arrays[name] for name in names}, in_graph=True)


def read_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file by their names, without ``arg:`` and ``aux:``.

    Raises:
        Broken: it is none of parameters, or two have the same name but for that.
    """
    read = read_params(content)
    arrays = {without_kind(name): each for name, each in read.items()}
    if len(arrays) < len(read):
        twice = repeated(without_kind(name) for name in read)
        raise Broken(f"has two parameters called {twice}")
    return arrays


def variables(graph: bytes | str) -> list[str]:
    """Return the names of what a graph is given, parameters and data, in the order of their use.

    Args:
        graph: in JSON, as MXNet writes it.

    Raises:
        Broken: it is none.
    """
    try:
        nodes = json.loads(graph)["nodes"]
        return [str(each["name"]) for each in nodes if each["op"] == "null"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise Broken("has a graph that is none of MXNet's") from error


def without_kind(name: str) -> str:
    """Return a parameter's name without ``arg:`` or ``aux:``."""
    for each in KINDS:
        name = name.removeprefix(each)
    return name
