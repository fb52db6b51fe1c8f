from dataclasses import asdict, replace

import pytest
import yaml

from sweep.config.choices import DatasetConfig
from sweep.config.compose import fields, load
from sweep.config.fingerprint import fingerprint
from sweep.config.params import flatten, params, varying
from sweep.config.recorded import from_yaml, to_yaml
from sweep.config.schema import EarlyStopping, Tracking
from sweep.networks.families.lenet import LeNet

MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
FASHION_MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)
MLP_MODEL = {
    "name": "mlp",
    "hidden": (128, 64),
    "activation": "relu",
    "output_activation": None,
    "init": "xavier",
    "init_scale": None,
}
LENET_MODEL = {
    "name": "lenet",
    "hidden": (500,),
    "activation": "tanh",
    "output_activation": None,
    "init": "xavier",
    "init_scale": None,
    "channels": (20, 50),
    "kernels": (5, 5),
    "pooling": "max",
    "pool_size": 2,
    "pool_stride": 2,
}
DEFAULTS = {
    "model": MLP_MODEL,
    "optim": {"name": "sgd", "lr": 0.1, "wd": 0.0, "momentum": 0.0},
    "dataset": {"name": "mnist_5k", "val_size": 500, "root": None, "mirrors": ()},
    "batch_size": 100,
    "epochs": 10,
    "seed": 0,
    "context": "auto",
    "threads_per_run": 1,
    "n_jobs": None,
    "max_retries": 1,
    "run_timeout": None,
    "on_failure": "continue",
    "rerun": False,
    "checkpoint_dir": "checkpoints",
    "figures": True,
    "monitor": "val/accuracy",
    "early_stopping": {"patience": None, "min_delta": 0.0},
    "test_every_epoch": False,
    "preset": None,
    "search": {
        "sampler": "tpe",
        "pruner": None,
        "objectives": None,
        "n_trials": 20,
        "time_budget": None,
        "startup_trials": 10,
        "reduction_factor": 3,
        "min_epochs": 1,
        "seed": 0,
        "storage": "sqlite:///optuna.db",
        "study": None,
        "trial": None,
    },
    "tracking": {"uri": None, "experiment": "sweep", "sweep_id": None},
}


def test_defaults():
    assert asdict(load()) == DEFAULTS


def test_groups():
    assert asdict(load("model=lenet").model) == LENET_MODEL
    assert load("dataset=mnist").dataset == DatasetConfig("mnist", 5_000, None, MNIST_MIRRORS)
    assert load("dataset=fashion_mnist").dataset == DatasetConfig(
        "fashion_mnist", 5_000, None, FASHION_MIRRORS
    )
    assert asdict(load("model=mlp", "optim=sgd", "dataset=mnist_5k")) == DEFAULTS


@pytest.mark.parametrize(
    ("preset", "dataset", "changes"),
    [
        ("tutorial_mlp", ("mnist", MNIST_MIRRORS), {}),
        ("tutorial_lenet", ("mnist", MNIST_MIRRORS), {"model": LENET_MODEL}),
        (
            "tutorial_lenet_tanh_output",
            ("mnist", MNIST_MIRRORS),
            {"model": LENET_MODEL | {"output_activation": "tanh"}},
        ),
        (
            "fashion_lenet",
            ("fashion_mnist", FASHION_MIRRORS),
            {
                "model": LENET_MODEL
                | {
                    "hidden": (128,),
                    "kernels": (5, 3),
                    "activation": "relu",
                    "init": "normal",
                    "init_scale": 0.01,
                },
                "optim": {"name": "sgd", "lr": 0.2, "wd": 0.0, "momentum": 0.0},
                "batch_size": 256,
                "epochs": 5,
            },
        ),
    ],
)
def test_presets(preset, dataset, changes):
    name, mirrors = dataset
    assert asdict(load(f"experiment={preset}")) == DEFAULTS | changes | {
        "dataset": {"name": name, "val_size": 0, "root": None, "mirrors": mirrors},
        "test_every_epoch": True,
        "preset": preset,
    }


def test_an_override_wins_over_its_preset():
    config = load("experiment=tutorial_lenet", "epochs=3", "dataset=fashion_mnist", "optim.lr=0.5")
    assert (config.epochs, config.optim.lr, config.dataset.name) == (3, 0.5, "fashion_mnist")
    assert (config.dataset.val_size, config.model.name) == (0, "lenet")


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("optim.lr=1e-9", 1e-9),
        ("optim.lr=1", 1.0),
        ("optim.wd=0", 0.0),
        ("optim.wd=1e-4", 0.0001),
        ("optim.momentum=0.999", 0.999),
        ("epochs=1", 1),
        ("batch_size=1", 1),
        ("batch_size=3500", 3500),
        ("dataset.val_size=1", 1),
        ("dataset.val_size=3900", 3900),
        ("seed=2147483647", 2**31 - 1),
        ("threads_per_run=2", 2),
        ("n_jobs=1", 1),
        ("n_jobs=null", None),
        ("max_retries=0", 0),
        ("max_retries=100", 100),
        ("run_timeout=null", None),
        ("run_timeout=0.001", 0.001),
        ("run_timeout=3600", 3600.0),
        ("on_failure=stop", "stop"),
        ("on_failure=continue", "continue"),
        ("rerun=true", True),
        ("rerun=false", False),
        ("checkpoint_dir=/some/folder", "/some/folder"),
        ("early_stopping.patience=1", 1),
        ("early_stopping.min_delta=0.01", 0.01),
        ("model.hidden=[]", ()),
        ("model.hidden=[7]", (7,)),
        ("model.activation=sigmoid", "sigmoid"),
        ("model.init_scale=0.05", 0.05),
        ("context=gpu", "gpu"),
        ("monitor=val/loss", "val/loss"),
        ("test_every_epoch=true", True),
        ("dataset.root=some/folder", "some/folder"),
    ],
)
def test_values_at_their_bounds_are_taken_as_they_are(override, value):
    key, _, _ = override.partition("=")
    taken = dict(flatten(asdict(load(override))))[key]
    assert taken == value and type(taken) is type(value)


def test_sides_of_the_feature_maps():
    assert load("model=lenet").model.sides() == [12, 4]
    assert load("experiment=fashion_lenet").model.sides() == [12, 5]
    fitting = load("model=lenet", "model.kernels=[5,12]", "model.pool_size=1").model
    assert fitting.sides() == [12, 1]


def test_params_are_written_as_overrides_are():
    assert params(load()) == {
        "model.name": "mlp",
        "model.hidden": "[128, 64]",
        "model.activation": "relu",
        "model.output_activation": "null",
        "model.init": "xavier",
        "model.init_scale": "null",
        "optim.name": "sgd",
        "optim.lr": "0.1",
        "optim.wd": "0.0",
        "optim.momentum": "0.0",
        "dataset.name": "mnist_5k",
        "dataset.val_size": "500",
        "batch_size": "100",
        "epochs": "10",
        "seed": "0",
        "context": "auto",
        "threads_per_run": "1",
        "monitor": "val/accuracy",
        "early_stopping.patience": "null",
        "early_stopping.min_delta": "0.0",
        "test_every_epoch": "false",
        "preset": "null",
    }


@pytest.mark.parametrize("preset", ["tutorial_mlp", "fashion_lenet"])
def test_params_given_as_overrides_make_the_same_run(preset):
    config = load(f"experiment={preset}")
    groups = [f"model={config.model.name}", f"dataset={config.dataset.name}"]
    repeated = load(*groups, *(f"{key}={value}" for key, value in params(config).items()))
    assert repeated == config


def test_fields_name_every_value_once_in_order():
    names = fields()
    assert names[:11] == [f"model.{name}" for name in LENET_MODEL]
    assert names[11:] == [key for key, _ in flatten(DEFAULTS) if not key.startswith("model.")]


def test_flatten():
    nested = {"a": 1, "b": {"c": [2], "d": {"e": None}}, "f": {}}
    assert list(flatten(nested)) == [("a", 1), ("b.c", [2]), ("b.d.e", None)]


def test_varying_names_the_keys_in_which_runs_differ():
    first, second = params(load()), params(load("optim.lr=0.2", "seed=1"))
    assert varying([first, second]) == ["optim.lr", "seed"]
    assert varying([first, dict(first)]) == []
    assert varying([first]) == []
    assert varying([]) == []


def test_varying_takes_fields_of_one_network_only_if_they_differ_in_it():
    mlp, lenet = params(load()), params(load("model=lenet"))
    other = params(load("model=lenet", "model.kernels=[3,3]"))
    both = ["model.name", "model.hidden", "model.activation"]
    assert varying([mlp, lenet]) == both
    assert varying([mlp, lenet, other]) == [*both, "model.kernels"]


CPU = replace(load("model=lenet"), context="cpu")
FINGERPRINT_CHANGES = {
    "model.name": None,  # see test_fingerprint_tells_networks_apart
    "model.hidden": "model.hidden=[500,500]",
    "model.activation": "model.activation=relu",
    "model.output_activation": "model.output_activation=tanh",
    "model.init": "model.init=normal",
    "model.init_scale": "model.init_scale=2",
    "model.channels": "model.channels=[20,51]",
    "model.kernels": "model.kernels=[5,3]",
    "model.pooling": "model.pooling=avg",
    "model.pool_size": "model.pool_size=3",
    "model.pool_stride": "model.pool_stride=1",
    "optim.name": None,  # there is but one
    "optim.lr": "optim.lr=0.1000001",
    "optim.wd": "optim.wd=1e-9",
    "optim.momentum": "optim.momentum=0.9",
    "dataset.name": "dataset.name=mnist",
    "dataset.val_size": "dataset.val_size=501",
    "batch_size": "batch_size=101",
    "epochs": "epochs=11",
    "seed": "seed=1",
    "context": "context=gpu",
    "threads_per_run": "threads_per_run=2",
    "monitor": "monitor=val/loss",
    "early_stopping.patience": "early_stopping.patience=10",
    "early_stopping.min_delta": "early_stopping.min_delta=0.001",
    "test_every_epoch": "test_every_epoch=true",
}
ELSEWHERE = {
    "dataset.root": "dataset.root=somewhere",
    "dataset.mirrors": "dataset.mirrors=[http://localhost/]",
    "n_jobs": "n_jobs=3",
    "max_retries": "max_retries=3",
    "run_timeout": "run_timeout=60",
    "on_failure": "on_failure=stop",
    "rerun": "rerun=true",
    "checkpoint_dir": "checkpoint_dir=elsewhere",
    "figures": "figures=false",
    "preset": "preset=mine",
    "search.sampler": "search.sampler=random",
    "search.pruner": "search.pruner=asha",
    "search.objectives": "search.objectives=[val/loss]",
    "search.n_trials": "search.n_trials=3",
    "search.time_budget": "search.time_budget=3",
    "search.startup_trials": "search.startup_trials=3",
    "search.reduction_factor": "search.reduction_factor=2",
    "search.min_epochs": "search.min_epochs=2",
    "search.seed": "search.seed=1",
    "search.storage": "search.storage=sqlite:///other.db",
    "search.study": "search.study=mine",
    "tracking.uri": "tracking.uri=http://localhost:5000",
    "tracking.experiment": "tracking.experiment=other",
}


def test_every_field_is_decided_on_for_the_fingerprint():
    assert {*FINGERPRINT_CHANGES, *ELSEWHERE} == set(fields())


@pytest.mark.parametrize("override", [each for each in FINGERPRINT_CHANGES.values() if each])
def test_fingerprint_changes_with_what_can_change_the_result(override):
    changed = load("model=lenet", "context=cpu", override)
    assert changed != CPU
    assert fingerprint(changed, "digest") != fingerprint(CPU, "digest")


def test_fingerprint_tells_networks_apart():
    assert fingerprint(load(), "digest") != fingerprint(load("model=lenet"), "digest")


@pytest.mark.parametrize("override", ELSEWHERE.values())
def test_fingerprint_does_not_change_with_where_things_lie(override):
    moved = load("model=lenet", "context=cpu", override)
    assert moved != CPU
    assert fingerprint(moved, "digest") == fingerprint(CPU, "digest")


def test_fingerprint_of_a_preset_is_that_of_its_values():
    spelt_out = load(
        "dataset=mnist", "dataset.val_size=0", "test_every_epoch=true", "model.hidden=[128,64]"
    )
    assert fingerprint(spelt_out, "d") == fingerprint(load("experiment=tutorial_mlp"), "d")


def test_fingerprint_is_16_hex_digits_and_changes_with_the_images():
    assert fingerprint(CPU, "one") != fingerprint(CPU, "another")
    assert fingerprint(CPU, "one") == fingerprint(replace(CPU), "one")
    assert len(fingerprint(CPU, "one")) == 16
    int(fingerprint(CPU, "one"), 16)


HOW = {"tracking", "n_jobs", "max_retries", "run_timeout", "on_failure", "rerun"}
HOW |= {"checkpoint_dir", "figures", "search"}


def test_yaml_holds_everything_but_how_it_is_launched_and_recorded():
    config = replace(
        load("model=lenet", "early_stopping.patience=3"),
        tracking=Tracking("http://user:password@localhost", "sweep", None),
    )
    text = to_yaml(config)
    assert "tracking" not in text and "password" not in text
    read = yaml.safe_load(text)
    assert LeNet(**read["model"]) == config.model
    assert DatasetConfig(**read["dataset"]) == config.dataset
    assert EarlyStopping(**read["early_stopping"]) == EarlyStopping(3, 0.0)
    assert list(read) == [key for key in DEFAULTS if key not in HOW]


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_yaml_reads_back_as_the_same_run_launched_and_recorded_by_default(model):
    what = (f"model={model}", "optim.lr=1e-5", "seed=7", "test_every_epoch=true", "preset=mine")
    how = ("n_jobs=3", "run_timeout=60", "checkpoint_dir=there", "tracking.experiment=other")
    assert from_yaml(to_yaml(load(*what, *how))) == load(*what)
