"""Choices by name: found in a package's modules and in plugins, in the order of their names."""

import sys
from dataclasses import asdict
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from sweep.config import registry as module
from sweep.config.choices import DATASETS, NETWORKS, OPTIMIZERS, SCHEDULES
from sweep.config.compose import load, prepare_schema
from sweep.config.losses import LOSSES
from sweep.config.metrics import METRICS
from sweep.config.registry import PLUGINS, Registry, import_plugins
from sweep.data.formats.folder import Folder
from sweep.data.formats.mnist import FashionMnist, Mnist, Mnist5k
from sweep.errors import UserError
from sweep.networks.families.lenet import LeNet
from sweep.networks.families.mlp import MLP
from sweep.training.optimizers.sgd import SGD

NAMES = ["arrays", "cifar10", "cifar100", "csv", "custom", "fashion_mnist", "folder", "idx"]
NAMES += ["linear_2017", "list", "mnist", "mnist_5k", "recordio"]
FAMILIES = ["alexnet", "custom", "densenet", "googlenet", "lenet", "linear", "mlp", "nin"]
FAMILIES += ["resnet", "symbol", "vgg", "zoo"]
KINDS = f"{', '.join(FAMILIES[:-1])} or {FAMILIES[-1]}"
ALLOWED = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"


@pytest.fixture
def plugins(monkeypatch, tmp_path):
    """Return a function that installs plugins: files of Python, by the names of their modules."""
    monkeypatch.syspath_prepend(tmp_path)
    import_plugins.cache_clear()
    module.plugins.cache_clear()

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
    module.plugins.cache_clear()
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_what_can_be_chosen():
    assert NETWORKS.names() == FAMILIES
    assert [NETWORKS["lenet"], NETWORKS["mlp"]] == [LeNet, MLP]
    assert OPTIMIZERS.names() == [
        *("adagrad", "adam", "adamw", "lamb", "nag", "rmsprop", "sgd", "signum")
    ]
    assert OPTIMIZERS["sgd"] is SGD
    assert SCHEDULES.names() == [*("constant", "cosine", "multistep", "one_cycle", "poly", "step")]
    assert DATASETS.names() == NAMES
    assert {FashionMnist, Mnist, Mnist5k, Folder} < {*DATASETS.choices()}
    losses = ("custom", "hinge", "huber", "l1", "l2", "softmax_cross_entropy", "squared_hinge")
    assert LOSSES.names() == [*losses]
    measured = [each.name for each in METRICS.choices() if each.batch_sum]
    assert measured == ["accuracy", "macro_f1", "mae", "rmse", "top5_accuracy"]
    others = {"cpu_seconds", "epoch_seconds", "images_per_second", "loss", "peak_memory_mib"}
    assert {*METRICS.names()} == {*measured, *others}


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
    assert str(raised.value) == f"model=lenett (did you mean lenet?): allowed is {KINDS}"
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
    assert NETWORKS.names() == sorted([*FAMILIES, "wide"])
    wide = NETWORKS["wide"]
    assert asdict(wide("wide", 5)) == {"name": "wide", "units": 5}
    assert wide("wide", 5).label == "wide"
    with pytest.raises(
        UserError, match=r"^model=wid \(did you mean wide\?\): allowed is alexnet, "
    ):
        NETWORKS["wid"]


def test_what_is_prepared_for_forks_imports_no_plugin(plugins):
    plugins(mine="1 / 0")
    prepare_schema()
    with pytest.raises(UserError):
        import_plugins()


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


OPTIMISERS = "adagrad, adam, adamw, lamb, nag, rmsprop, sgd or signum"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "model.name=lenett",
            f"model.name=lenett (did you mean lenet?): allowed is {KINDS}, as in model=alexnet",
        ),
        ("model.name=[5]", f"model.name=[5]: allowed is {KINDS}, as in model=alexnet"),
        (
            "optim.name=adm",
            f"optim.name=adm (did you mean adam?): allowed is {OPTIMISERS}, as in optim=adagrad",
        ),
        ("~optim.name", f"optim.name is missing: allowed is {OPTIMISERS}, as in optim=adagrad"),
        (
            "schedule.name=poli",
            "schedule.name=poli (did you mean poly?): allowed is constant, cosine, multistep, "
            "one_cycle, poly or step, as in schedule=constant",
        ),
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


REFUSED = {
    "adadelta": "MXNet's AdaDelta ignores the learning rate; allowed instead is optim=rmsprop, "
    "which scales by the same mean of squares, or optim=adagrad",
    "nadam": "MXNet's Nadam goes on with its momentum's schedule once for each parameter, not once "
    "for each step, and so depends on how many parameters there are; allowed instead is optim=adam "
    "or optim=adamw",
    "groupadagrad": "MXNet's GroupAdaGrad fails in training; allowed instead is optim=adagrad",
    "dcasgd": "MXNet's DCASGD fails in training with a momentum, and corrects a delay that one "
    "process does not have; allowed instead is optim=sgd",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_broken_in_mxnet_is_refused_with_the_reason_and_another(name):
    def message(act, *arguments):
        with pytest.raises(UserError) as raised:
            act(*arguments)
        return str(raised.value)

    assert message(load, f"optim={name}") == f"optim={name}: {REFUSED[name]}"
    assert message(load, f"optim.name={name}") == f"optim.name={name}: {REFUSED[name]}"
    assert message(lambda: OPTIMIZERS[name]) == f"optim={name}: {REFUSED[name]}"


def test_what_somebody_adds_is_not_refused():
    registry = Registry("fruit")
    registry.refuse("pear", "there are none; allowed instead is fruit=apple")
    assert registry.refusal("pear") == "there are none; allowed instead is fruit=apple"
    assert registry.refusal("fig") is None
    registry.register("pear", "PEAR")
    assert registry.refusal("pear") is None
    assert registry["pear"] == "PEAR"
