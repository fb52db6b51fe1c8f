"""Finds the place of each trained parameter in a network, and checks that all fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import gluon, mx
from sweep.config.images import Shape
from sweep.config.networks import Network
from sweep.errors import UserError
from sweep.networks.blocks.eager import numpy_switched_off_again
from sweep.networks.blocks.scaled import CONSTANTS
from sweep.networks.build import graph_of, initialized
from sweep.networks.symbols.operators import told
from sweep.networks.trained import Trained, variables

ALLOWED = (
    "allowed are parameters of the same network, where only those may differ whose shapes follow "
    "from the number of classes"
)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Matched:
    """Trained parameters as a network has them.

    Attributes:
        arrays: by their places in the network.
        anew: what is left as it was initialised, each as ``7.weight (10×84 there, 5×84 here)``.
    """

    arrays: Arrays
    anew: tuple[str, ...] = ()


def matched(
    field: str,
    trained: Trained,
    net: gluon.Block,
    network: Network,
    shape: Shape,
    classes: int,
) -> Matched:
    """Find the place of each trained parameter in a network.

    Names decide, or the order in the graph where the parameters come with one: the same network has
    other names in every process, and in every library.

    Args:
        field: what messages begin with, as ``init_from=net.params``.
        trained: the parameters.
        net: the network, initialised.
        network: as it is configured.
        shape: of an image.
        classes: scores of an image.

    Raises:
        UserError: a parameter is missing, is too many, or has another shape or type; unless its
            shape follows from the number of classes.
    """
    ours = net._collect_params_with_prefix()
    there = _with_shared(_by_place(field, trained, net, network, shape, classes), ours)
    for key, each in ours.items():
        if key not in there:
            raise UserError(f"{field}: has no {key}, which is {told(each.shape)} here; {ALLOWED}")
    for key, array in there.items():
        if key not in ours:
            raise UserError(
                f"{field}: has {key}, {told(array.shape)}, which the network has not; {ALLOWED}"
            )
    for key, each in ours.items():
        if there[key].dtype != np.dtype(each.dtype):
            raise UserError(
                f"{field}: {key} is {there[key].dtype} there and {np.dtype(each.dtype)} here; "
                "allowed is the same type"
            )
    different = [key for key, each in ours.items() if there[key].shape != each.shape]
    sizes = {
        key: f"{key} ({told(there[key].shape)} there, {told(each.shape)} here)"
        for key, each in ours.items()
    }
    head = _head(ours, network, shape, classes) if different else {}
    for key in different:
        if key not in head or not _is_of_classes(there[key].shape, ours[key].shape, head[key]):
            raise UserError(f"{field}: does not fit in {sizes[key]}; {ALLOWED}")
    kept = {key: array for key, array in there.items() if key not in head}
    if not kept:
        raise UserError(
            f"{field}: none of its parameters fits: {', '.join(sizes[key] for key in head)}; "
            "allowed are parameters of a network with the same number of outputs"
        )
    return Matched(kept, tuple(sizes[key] for key in head))


def _by_place(
    field: str,
    trained: Trained,
    net: gluon.Block,
    network: Network,
    shape: Shape,
    classes: int,
) -> Arrays:
    ours = net._collect_params_with_prefix()
    # Of an exported network they belong to what is before it, unless that file is the network.
    own = {each.name for each in ours.values()}
    arrays = {
        name: each for name, each in trained.arrays.items() if name not in CONSTANTS or name in own
    }
    if trained.in_graph:
        used = _places_in_graph(network, shape, classes)
        if not used:
            raise UserError(
                f"{field}: the network runs eagerly and has no graph to compare with; allowed are "
                "files that Gluon's save_parameters has written"
            )
        if len(used) != len(arrays):
            raise UserError(
                f"{field}: has {len(arrays)} parameters, and the network {len(used)}; {ALLOWED}"
            )
        return dict(zip(used, arrays.values(), strict=True))
    if arrays.keys() <= ours.keys():
        return arrays
    places = {each.name: key for key, each in ours.items()}
    if not any("." in name for name in arrays):  # Gluon's save_params left the prefix out
        places = {name.removeprefix(net.prefix): key for name, key in places.items()} | places
    return {places.get(name, name): each for name, each in arrays.items()}


def _with_shared(found: Arrays, ours: Mapping[str, gluon.Parameter]) -> Arrays:
    """Return arrays with those of parameters that are in several places of a network, in each."""
    places: dict[int, list[str]] = {}
    for key, each in ours.items():
        places.setdefault(id(each), []).append(key)
    shared = [keys for keys in places.values() if len(keys) > 1]
    more = {
        key: found[there]
        for keys in shared
        for there in [each for each in keys if each in found][:1]
        for key in keys
        if key not in found
    }
    return {**found, **more}


def _places_in_graph(network: Network, shape: Shape, classes: int) -> list[str]:
    """Return the places of a network's parameters in the order in which its graph uses them."""
    with numpy_switched_off_again():
        net = network.build_plain(shape, classes)
        places = {each.name: key for key, each in net._collect_params_with_prefix().items()}
        graph = graph_of(net)
    if graph is None:
        return []
    return [places[name] for name in variables(graph.tojson()) if name in places]


def _head(
    ours: Mapping[str, gluon.Parameter], network: Network, shape: Shape, classes: int
) -> dict[str, tuple[int, ...]]:
    """Return the shapes that would be others if there were one more class, as they would be."""
    with numpy_switched_off_again():
        try:
            net = initialized(
                network.build_plain(shape, classes + 1), mx.init.Zero(), shape, mx.cpu()
            )
        except Exception:  # of a user's network, which may be made for so many classes alone
            return {}
    other = net._collect_params_with_prefix()
    return {
        key: other[key].shape
        for key, each in ours.items()
        if key in other and other[key].shape != each.shape
    }


def _is_of_classes(there: tuple[int, ...], here: tuple[int, ...], more: tuple[int, ...]) -> bool:
    """Return whether shapes differ only in sides that would be others with more classes."""
    if len(there) != len(here):
        return False
    sides = zip(there, here, more, strict=True)
    return all(one == other or other != third for one, other, third in sides)
