from dataclasses import asdict, replace

import pytest
import yaml

from sweep.config.compose import fields, load
from sweep.config.params import flatten, params, values_of
from sweep.config.recorded import from_yaml, to_yaml
from sweep.config.schema import EarlyStopping, Tracking
from sweep.data.formats.mnist import FashionMnist, Mnist, Mnist5k
from sweep.errors import UserError
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
    "dropout": 0.0,
    "batch_norm": False,
}
LENET_MODEL = {
    "name": "lenet",
    "hidden": (500,),
    "activation": "tanh",
    "output_activation": None,
    "init": "xavier",
    "init_scale": None,
    "dropout": 0.0,
    "batch_norm": False,
    "channels": (20, 50),
    "kernels": (5, 5),
    "pooling": "max",
    "pool_size": 2,
    "pool_stride": 2,
}
AUGMENTATIONS = ("flip", "crop", "shift", "rotate", "cutout", "brightness", "contrast", "mixup")
SGD = {
    "name": "sgd",
    "wd_on": "all",
    "clip_norm": None,
    "lr": 0.1,
    "wd": 0.0,
    "momentum": 0.0,
}
DEFAULTS = {
    "model": MLP_MODEL,
    "optim": SGD,
    "schedule": {"name": "constant", "warmup_epochs": 0.0},
    "loss": {"name": "softmax_cross_entropy", "label_smoothing": 0.0},
    "dataset": {
        "name": "mnist_5k",
        "val_size": 500,
        "task": "classification",
        "normalize": "unit",
        "root": None,
        "mirrors": (),
    },
    "augment": dict.fromkeys(AUGMENTATIONS),
    "init_from": None,
    "init_digest": None,
    "freeze": (),
    "batch_size": 100,
    "epochs": 10,
    "seed": 0,
    "context": "auto",
    "threads_per_run": 1,
    "n_jobs": None,
    "max_retries": 1,
    "run_timeout": None,
    "stall_timeout": "auto",
    "on_failure": "continue",
    "rerun": False,
    "dry_run": False,
    "checkpoint_dir": "checkpoints",
    "keep_states": 1000,
    "figures": True,
    "keep_models": "all",
    "metrics": ("accuracy",),
    "metrics_source": None,
    "metrics_folder": None,
    "monitor": "val/accuracy",
    "early_stopping": {"patience": None, "min_delta": 0.0},
    "test_every_epoch": False,
    "preset": None,
    "seeds": {"min": 3, "max": 20},
    "search": {
        "sampler": "tpe",
        "pruner": None,
        "objectives": None,
        "prune_by": None,
        "n_trials": 20,
        "time_budget": None,
        "startup_trials": 10,
        "reduction_factor": 3,
        "min_epochs": 1,
        "seed": 0,
        "warm_start": None,
        "enqueue": None,
        "storage": "sqlite:///optuna.db",
        "study": None,
    },
    "tracking": {"uri": None, "experiment": "sweep"},
    "notify": {"command": (), "url": None},
}


def test_defaults():
    assert asdict(load()) == DEFAULTS


def test_groups():
    assert asdict(load("model=lenet").model) == LENET_MODEL
    assert load("dataset=mnist").dataset == Mnist("mnist", 5_000, None, MNIST_MIRRORS)
    assert load("dataset=fashion_mnist").dataset == FashionMnist(
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
                "optim": SGD | {"lr": 0.2},
                "batch_size": 256,
                "epochs": 5,
            },
        ),
    ],
)
def test_presets(preset, dataset, changes):
    name, mirrors = dataset
    assert asdict(load(f"experiment={preset}")) == DEFAULTS | changes | {
        "dataset": DEFAULTS["dataset"] | {"name": name, "val_size": 0, "mirrors": mirrors},
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
        ("optim.wd_on=weights", "weights"),
        ("optim.clip_norm=null", None),
        ("optim.clip_norm=1e-9", 1e-9),
        ("schedule.warmup_epochs=0", 0.0),
        ("schedule.warmup_epochs=9.9", 9.9),
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
        ("stall_timeout=auto", "auto"),
        ("stall_timeout=null", None),
        ("stall_timeout=5", 5.0),
        ("stall_timeout=90.5", 90.5),
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


def test_checkpoints_can_be_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    for given, taken in {"~/ckpt": "/home/me/ckpt", "~no-such-user/a": "~no-such-user/a"}.items():
        assert load(f"checkpoint_dir='{given}'").checkpoint_dir == taken


def test_params_are_written_as_overrides_are():
    assert params(load()) == {
        "model.name": "mlp",
        "model.hidden": "[128, 64]",
        "model.activation": "relu",
        "model.output_activation": "null",
        "model.init": "xavier",
        "model.init_scale": "null",
        "model.dropout": "0.0",
        "model.batch_norm": "false",
        "optim.name": "sgd",
        "optim.wd_on": "all",
        "optim.clip_norm": "null",
        "optim.lr": "0.1",
        "optim.wd": "0.0",
        "optim.momentum": "0.0",
        "schedule.name": "constant",
        "schedule.warmup_epochs": "0.0",
        "loss.name": "softmax_cross_entropy",
        "loss.label_smoothing": "0.0",
        "dataset.name": "mnist_5k",
        "dataset.val_size": "500",
        "dataset.task": "classification",
        "dataset.normalize": "unit",
        **{f"augment.{name}": "null" for name in AUGMENTATIONS},
        "init_from": "null",
        "init_digest": "null",
        "freeze": "[]",
        "batch_size": "100",
        "epochs": "10",
        "seed": "0",
        "context": "auto",
        "threads_per_run": "1",
        "metrics": '["accuracy"]',
        "metrics_source": "null",
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
    of_users = {name for name in names if name.startswith("model._")}  # of their own networks
    names = [name for name in names if name not in of_users]
    model = [name for name in names if name.startswith("model.")]
    assert model == names[: len(model)]
    assert model[0] == "model.name"
    assert {*model} >= {f"model.{name}" for name in LENET_MODEL}
    own = {*names} - {key for key, _ in flatten(DEFAULTS)}
    own = {key for key in own if key.startswith("dataset.")}  # of images of one's own
    others = [key for key in names[len(model) :] if key not in own]
    of_defaults = [key for key, _ in flatten(DEFAULTS) if not key.startswith("model.")]
    assert sorted(key for key in others if key in of_defaults) == sorted(of_defaults)
    assert [key for key in others if key not in of_defaults] == [
        *(f"optim.{name}" for name in ("epsilon", "beta1", "beta2", "gamma1")),
        *(f"schedule.{name}" for name in ("final", "milestones", "gamma")),
        *(f"schedule.{name}" for name in ("peak", "start", "power", "every")),
        *(f"loss.{name}" for name in ("task", "_target_", "_arguments_", "_source_", "_folder_")),
        *("loss.margin", "loss.rho"),
    ]
    assert len(names) == len({*names})


def test_flatten():
    nested = {"a": 1, "b": {"c": [2], "d": {"e": None}}, "f": {}}
    assert list(flatten(nested)) == [("a", 1), ("b.c", [2]), ("b.d.e", None)]


def varying(runs):
    return [key for key, values in values_of(runs).items() if len(values) > 1]


def test_values_tell_the_keys_in_which_runs_differ():
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


HOW = {"tracking", "n_jobs", "max_retries", "run_timeout", "on_failure", "rerun"}
HOW |= {"dry_run", "checkpoint_dir", "keep_states", "figures", "keep_models", "search"}
HOW |= {"stall_timeout", "seeds", "notify", "metrics_folder"}


def test_yaml_holds_everything_but_how_it_is_launched_and_recorded():
    config = replace(
        load("model=lenet", "early_stopping.patience=3"),
        tracking=Tracking("http://user:password@localhost", "sweep"),
    )
    text = to_yaml(config)
    assert "tracking" not in text and "password" not in text
    read = yaml.safe_load(text)
    assert LeNet(**read["model"]) == config.model
    assert Mnist5k(**read["dataset"]) == config.dataset
    assert EarlyStopping(**read["early_stopping"]) == EarlyStopping(3, 0.0)
    assert list(read) == [key for key in DEFAULTS if key not in HOW]


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_yaml_reads_back_as_the_same_run_launched_and_recorded_by_default(model):
    what = (f"model={model}", "optim.lr=1e-5", "seed=7", "test_every_epoch=true", "preset=mine")
    how = ("n_jobs=3", "run_timeout=60", "checkpoint_dir=there", "tracking.experiment=other")
    assert from_yaml(to_yaml(load(*what, *how))) == load(*what)


def test_who_is_told_is_a_list_of_words_and_an_address():
    told = load("notify.command=[echo,5,'a b']", "notify.url=https://example.org/hook").notify
    assert (told.command, told.url) == (("echo", "5", "a b"), "https://example.org/hook")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("notify.command=echo", "allowed is a list of words, as in [notify-send,done]"),
        ("notify.command=[[a]]", "allowed is a list of words, as in [notify-send,done]"),
        ("notify.url=example.org", "allowed is null, or an address as in https://example.org/hook"),
        ("notify.url='file:///etc/passwd'", "allowed is null, or an address as in https://exampl"),
        ("notify.url='http://'", "allowed is null, or an address as in https://example.org/hook"),
        ("notify.url='http://a b/'", "allowed is null, or an address as in https://example.org/ho"),
    ],
)
def test_who_cannot_be_told_is_refused(override, message):
    with pytest.raises(UserError) as error:
        load(override)
    assert message in str(error.value) and str(error.value).startswith("notify.")


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("url", "tracking.uri"),
        ("tracking.url", "tracking.uri"),
        ("webhook", "notify.url"),
        ("notify.uri", "notify.url"),
    ],
)
def test_an_address_is_suggested_where_it_belongs(key, meant):
    with pytest.raises(UserError, match=rf"did you mean {meant}\?"):
        load(f"{key}=http://127.0.0.1/")
