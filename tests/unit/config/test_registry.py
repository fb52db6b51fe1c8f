"""Choices by name: found in a package's modules and in plugins, in the order of their names."""

import sys
from dataclasses import asdict
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from sweep.config import registry as module
from sweep.config.choices import DATASETS, NETWORKS, OPTIMIZERS
from sweep.config.compose import load
from sweep.config.metrics import METRICS
from sweep.config.registry import PLUGINS, Registry, import_plugins
from sweep.data.formats.folder import Folder
from sweep.data.formats.mnist import FashionMnist, Mnist, Mnist5k
from sweep.errors import UserError
from sweep.networks.families.custom import Custom
from sweep.networks.families.lenet import LeNet
from sweep.networks.families.mlp import MLP
from sweep.training.optimizers.sgd import SGD

NAMES = ["arrays", "cifar10", "cifar100", "csv", "custom", "fashion_mnist", "folder", "idx", "list"]
NAMES += ["mnist", "mnist_5k", "recordio"]
ALLOWED = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"


@pytest.fixture
def plugins(monkeypatch, tmp_path):
    """Return a function that installs plugins: files of Python, by the names of their modules."""
    monkeypatch.syspath_prepend(tmp_path)
    import_plugins.cache_clear()

    def install(**sources):
        points = []
        for name, source in sources.items():
            (tmp_path / f"{name}.py").write_text(source)
            point = EntryPoint(f"{name}s", name, PLUGINS)
            points.append(point._for(SimpleNamespace(name=f"{name}-package")))
        monkeypatch.setattr(module, "entry_points", lambda group: points * (group == PLUGINS))
        return sources

    yield install
    import_plugins.cache_clear()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_what_can_be_chosen():
    assert NETWORKS.names() == ["custom", "lenet", "mlp"]
    assert NETWORKS.choices() == [Custom, LeNet, MLP]
    assert OPTIMIZERS.names() == ["sgd"]
    assert OPTIMIZERS["sgd"] is SGD
    assert DATASETS.names() == NAMES
    assert {FashionMnist, Mnist, Mnist5k, Folder} < {*DATASETS.choices()}
    assert METRICS.names() == ["accuracy", "epoch_seconds", "images_per_second", "loss"]


def test_names_are_sorted_whatever_the_order_of_their_registration():
    registry = Registry("fruit")
    for name in ("pear", "apple", "zebrano", "fig"):
        registry.register(name, name.upper())
    assert registry.names() == ["apple", "fig", "pear", "zebrano"]
    assert registry.choices() == ["APPLE", "FIG", "PEAR", "ZEBRANO"]


def test_a_decorator_registers_and_returns_what_it_decorates():
    registry = Registry("fruit")

    @registry.registers("pear")
    class Pear:
        pass

    assert registry["pear"] is registry.get("pear") is Pear


def test_an_unknown_name_is_answered_with_the_nearest_and_all_that_are_allowed():
    with pytest.raises(UserError) as raised:
        NETWORKS["lenett"]
    assert (
        str(raised.value) == "model=lenett (did you mean lenet?): allowed is custom, lenet or mlp"
    )
    with pytest.raises(UserError) as raised:
        DATASETS["imagenet"]
    assert str(raised.value) == f"dataset=imagenet: allowed is {ALLOWED}"
    assert NETWORKS.get("lenett") is None


NETWORK = """
from typing import Any, Literal
from pydantic.dataclasses import dataclass
from sweep.config.choices import NETWORKS, Network
from sweep.config.fields import STRICT, Count

@NETWORKS.registers("wide")
@dataclass(frozen=True, config=STRICT)
class Wide(Network):
    name: Literal["wide"]
    units: Count

    def multiplications(self, shape, classes):
        return self.units

    def build(self, shape, classes):
        raise NotImplementedError
"""


def test_a_plugin_adds_a_choice(plugins, monkeypatch):
    monkeypatch.setattr(NETWORKS, "_choices", dict(NETWORKS._choices))
    plugins(wide_networks=NETWORK)
    assert NETWORKS.names() == ["custom", "lenet", "mlp", "wide"]
    wide = NETWORKS["wide"]
    assert asdict(wide("wide", 5)) == {"name": "wide", "units": 5}
    assert wide("wide", 5).label == "wide"
    with pytest.raises(UserError, match=r"^model=wid \(did you mean wide\?\): allowed is custom, "):
        NETWORKS["wid"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_named(plugins, source, reason):
    plugins(mine=source)
    with pytest.raises(UserError) as raised:
        NETWORKS.names()
    assert str(raised.value) == (
        f"the plugin mines (mine) cannot be imported: {reason}; allowed is a module that can, or "
        "to uninstall mine-package"
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.name=lenett",
            "model.name=lenett (did you mean lenet?): allowed is custom, lenet or mlp, as in "
            "model=custom",
        ),
        ("model.name=[5]", "model.name=[5]: allowed is custom, lenet or mlp, as in model=custom"),
        ("optim.name=adam", "optim.name=adam: allowed is sgd, as in optim=sgd"),
        ("~optim.name", "optim.name is missing: allowed is sgd, as in optim=sgd"),
        (
            "dataset.name=5",
            f"dataset.name=5: allowed is {ALLOWED}, as in dataset=arrays",
        ),
    ],
)
def test_a_wrong_name_in_a_configuration(override, message):
    with pytest.raises(UserError) as raised:
        load(override)
    assert str(raised.value) == message
