"""A network that is no graph as a model that MLflow loads: made by its user's recorded modules.

As with :mod:`serving`, MLflow calls ``_load_pyfunc`` of a copy of this file that the model carries.
The copies have a package name of their own: the loader of a graph, of whatever version, may be in
the same process. To load such a model is to run its user's modules, and nothing else: parameters
are in Gluon's own format, and all else is JSON.
"""

import importlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .mxnet_import import mx
from .own_code import OwnModules, completed
from .serving import Interface, Predictor, answering, carry, read_interface, write_interface

PACKAGE = "gluon_sweep_own_model"  # what the copies are called
LOADER = f"{PACKAGE}.own_serving"
CARRIED = ("mxnet_import.py", "own_code.py", "own_serving.py", "serving.py")
NETWORK, PARAMETERS, SOURCE = "network.json", "net.params", "source"


class OwnCodeError(RuntimeError):
    """A user's modules do not do here what they did where the network was trained."""


@dataclass(frozen=True)
class Recipe:
    """How a network is made.

    Attributes:
        target: the module and the name in it.
        arguments: that were set, by name; can be written as JSON.
        is_for_numpy: whether it is one for ``mxnet.np``.
        mean: is subtracted from images first; nested lists, (1, channels, 1, 1) or (1, 1, 1, d);
            None for nothing.
        factor: by which they are multiplied then; as ``mean``.
        seed: of what it draws while it is made; None where it is not known, as in older models.
    """

    target: str
    arguments: Mapping[str, Any]
    is_for_numpy: bool
    mean: list[Any] | None = None
    factor: list[Any] | None = None
    seed: int | None = None


class OwnNetwork:
    """A network with what is done to images before it."""

    def __init__(self, recipe: Recipe, interface: Interface, data: Path) -> None:
        """Make it from the modules in ``source``, with the parameters in ``net.params``.

        Raises:
            OwnCodeError: it cannot be made here.
        """
        self._recipe, self._modules = recipe, OwnModules(data / SOURCE)
        name, _, attribute = recipe.target.rpartition(".")
        with self._running():
            with numpy_arrays(False):  # what it wants it switches on itself
                function = getattr(importlib.import_module(name), attribute)
                outputs = len(interface.class_names) or interface.predicted
                given = completed(function, recipe.arguments, interface.shape, outputs)
                # Not before: a module may seed generators when it is imported.
                with seeded(recipe.seed):
                    net = function(**given)
            with numpy_arrays(recipe.is_for_numpy):
                net.load_parameters(str(data / PARAMETERS), ctx=mx.cpu())
        if recipe.is_for_numpy and isinstance(net, mx.gluon.HybridBlock):
            net.hybridize(static_alloc=True, static_shape=True)
        self._net = net

    def __call__(self, units: Any) -> Any:
        """Return scores, (n, classes) float32, of images, (n, *shape) float32, on the CPU.

        Raises:
            OwnCodeError: the network raises.
        """
        if self._recipe.mean is not None:
            mean, factor = (
                mx.nd.array(np.array(each, np.float32))
                for each in (self._recipe.mean, self._recipe.factor)
            )
            units = mx.nd.broadcast_mul(mx.nd.broadcast_sub(units, mean), factor)
        is_for_numpy = self._recipe.is_for_numpy
        with self._running(), numpy_arrays(is_for_numpy):
            scores = self._net(units.as_np_ndarray() if is_for_numpy else units)
            return scores.as_nd_ndarray()

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            with self._modules.in_use():
                yield
        except (Exception, SystemExit) as error:  # whatever somebody else's code raises
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise OwnCodeError(f"{self._recipe.target} cannot be run here: {reason}") from error


@contextmanager
def numpy_arrays(is_on: bool) -> Iterator[None]:
    """Switch MXNet's arrays of NumPy's kind on or off, in this thread; afterwards it is as it was.

    So networks for ``mxnet.np`` and others can be in one process.
    """
    before = mx.util.is_np_shape(), mx.util.is_np_array()
    mx.npx.set_np(is_on, is_on)
    try:
        yield
    finally:
        mx.npx.set_np(*before)


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Let all generators draw as where a network was trained; afterwards they are as they were.

    Args:
        seed: from 0 to 2**31 - 1, as MXNet takes it; None for what nobody has seeded.
    """
    if seed is None:
        yield
        return
    before = np.random.get_state(), random.getstate()
    # The state of MXNet's generator cannot be read: it goes on from a number that it draws.
    later = mx.nd.random.randint(0, 2**31 - 1, shape=(1,)).asscalar()
    mx.random.seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    try:
        yield
    finally:
        mx.random.seed(int(later))
        np.random.set_state(before[0])
        random.setstate(before[1])


def save(recipe: Recipe, source: Path, interface: Interface, folder: Path) -> Path:
    """Write all but a network's parameters to ``data/`` in a folder, and the loader to ``code/``.

    Args:
        recipe: how the network is made.
        source: the folder with copies of the modules that make it.
        interface: what it takes and answers.
        folder: exists; ``data`` and ``code`` in it do not.

    Returns:
        The file that its parameters are still to be written to.
    """
    data = folder / "data"
    data.mkdir()
    write_interface(interface, data)
    (data / NETWORK).write_text(json.dumps(vars(recipe)))
    shutil.copytree(source, data / SOURCE, ignore=shutil.ignore_patterns("__pycache__"))
    carry(CARRIED, folder / "code" / PACKAGE)
    return data / PARAMETERS


def load(data: Path) -> Predictor:
    """Return the network that :func:`save` wrote to this folder ``data``.

    Raises:
        OwnCodeError: its modules cannot be run here.
    """
    interface = read_interface(data)
    recipe = Recipe(**json.loads((data / NETWORK).read_text()))
    return answering(OwnNetwork(recipe, interface, data), interface)


def _load_pyfunc(data_path: str) -> Predictor:
    """Do what MLflow wants of a loader module."""
    return load(Path(data_path))
