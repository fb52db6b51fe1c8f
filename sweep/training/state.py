"""All that training goes on from, as NumPy arrays: parameters, and the state of the optimiser."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import gluon, mx, nd

COUNTS = "optimizer/update_counts"
OLD_PREFIX = "momentum/"  # of version 0.1, which knew SGD alone

Arrays = Mapping[str, NDArray[Any]]


def state(net: gluon.Block, trainer: gluon.Trainer) -> dict[str, NDArray[Any]]:
    """Return copies of all that training goes on from, besides the epoch's number and the seed.

    ``net/…`` are the parameters, under the names that ``save_parameters`` gives them.
    ``optimizer/0`` and so on are the optimiser's arrays for the trainer's parameters, in its order,
    once it has stepped (``optimizer/0/1`` is the second of several for one parameter).
    ``optimizer/update_counts`` (1 + parameters,) int64 is how often all, and each of them, were
    updated, by which Adam corrects its bias.
    """
    arrays = {f"net/{key}": each.data().asnumpy() for key, each in parameters(net).items()}
    (updater,) = trainer._updaters
    for index, kept in updater.states.items():
        arrays |= {key: each.asnumpy() for key, each in _named(f"optimizer/{index}", kept)}
    optimizer = trainer.optimizer
    counts = optimizer._index_update_count
    known = [counts.get(index, 0) for index in range(len(trainer._params))]
    arrays[COUNTS] = np.array([optimizer.num_update, *known], np.int64)
    return arrays


def restore(net: gluon.Block, trainer: gluon.Trainer, arrays: Arrays) -> None:
    """Put the network and its trainer into a state that :func:`state` returned."""
    restore_parameters(net, arrays)
    (updater,) = trainer._updaters
    optimizer = trainer.optimizer
    arrays = {_current(key): each for key, each in arrays.items()}
    for index, parameter in enumerate(trainer._params):
        fresh = optimizer.create_state_multi_precision(index, parameter.data())
        slots = list(_named(f"optimizer/{index}", fresh))
        if not all(key in arrays for key, _ in slots):
            continue  # nothing was updated yet
        for key, array in slots:
            array[:] = arrays[key]
        updater.states[index] = fresh
        updater.states_synced[index] = True
    if COUNTS in arrays:
        optimizer.num_update, *counts = (int(count) for count in arrays[COUNTS])
        optimizer._index_update_count.update(
            {index: count for index, count in enumerate(counts) if count}
        )


def restore_parameters(net: gluon.Block, arrays: Arrays) -> None:
    """Set the network's parameters to those in a state that :func:`state` returned."""
    for key, parameter in parameters(net).items():
        array = arrays[f"net/{key}"]
        values = nd.array(array, dtype=array.dtype)  # which it would make float32
        is_np = isinstance(parameter.list_data()[0], mx.np.ndarray)  # as mxnet.np has them
        parameter.set_data(values.as_np_ndarray() if is_np else values)


def parameters(net: gluon.Block) -> dict[str, gluon.Parameter]:
    """Return the parameters by their places in the network, which are the same in any process."""
    found: dict[str, gluon.Parameter] = net._collect_params_with_prefix()
    return found


def _named(name: str, kept: Any) -> Iterator[tuple[str, Any]]:
    """Yield the arrays that an optimiser keeps for a parameter: none, one, or a tuple of them."""
    if isinstance(kept, tuple | list):
        for number, each in enumerate(kept):
            yield from _named(f"{name}/{number}", each)
    elif kept is not None:
        yield name, kept


def _current(key: str) -> str:
    is_old = key.startswith(OLD_PREFIX)
    return f"optimizer/{key.removeprefix(OLD_PREFIX)}" if is_old else key
