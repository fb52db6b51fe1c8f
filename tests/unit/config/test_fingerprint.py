"""What identifies a run: every field's role is decided on, and what was recorded stays valid."""

import functools
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Literal

import pytest
from omegaconf import OmegaConf
from pydantic.dataclasses import dataclass as checked_dataclass

from sweep.config.choices import OPTIMIZERS, SCHEDULES
from sweep.config.compose import field_infos, fields, load, parse
from sweep.config.fields import STRICT, Before, Count, Role, Switch, Texts, declared, walk
from sweep.config.fingerprint import fingerprint, trajectory
from sweep.config.losses import LOSSES
from sweep.config.params import params
from sweep.config.recorded import from_yaml, to_yaml
from sweep.networks.families.mlp import MLP

CPU = replace(load("model=lenet"), context="cpu")
OF_OTHERS = {  # fields that a LeNet does not have, with the network that is changed
    "model.stride": ("nin", "2"),
    "model.padding": ("nin", "1"),
    "model.blocks": ("vgg", "[1,1,2,1]"),
    "model.stem": ("resnet20", "large"),
    "model.shortcut": ("resnet20", "projection"),
    "model.width": ("googlenet", "0.5"),
    "model.global_mean": ("nin", "pooling"),
    "model.stem_channels": ("densenet", "64"),
    "model.growth": ("densenet", "12"),
    "model.net": ("zoo", "resnet18_v1"),
}
TRAJECTORY = {  # what each epoch computes
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
    "model.dropout": "model.dropout=0.1",
    "model.batch_norm": "model.batch_norm=true",
    **dict.fromkeys(OF_OTHERS),
    "optim.name": None,  # see test_optimisers_and_schedules_are_told_apart
    "optim.wd_on": "optim.wd_on=weights",
    "optim.clip_norm": "optim.clip_norm=1.0",
    "optim.lr": "optim.lr=0.1000001",
    "optim.wd": "optim.wd=1e-9",
    "optim.momentum": "optim.momentum=0.9",
    **dict.fromkeys(f"optim.{name}" for name in ("beta1", "beta2", "epsilon", "gamma1")),
    "schedule.name": None,
    "schedule.warmup_epochs": "schedule.warmup_epochs=1",
    **dict.fromkeys(  # see test_fields_of_optimisers_and_schedules_count
        f"schedule.{name}"
        for name in ("every", "gamma", "milestones", "final", "power", "peak", "start")
    ),
    "loss.name": None,  # see test_losses_are_told_apart
    "loss.label_smoothing": "loss.label_smoothing=0.1",
    **dict.fromkeys(("loss.rho", "loss.margin")),  # see test_fields_of_losses_count
    "dataset.name": "dataset.name=mnist",
    "dataset.val_size": "dataset.val_size=501",
    "dataset.normalize": "dataset.normalize=standard",
    "augment.flip": "augment.flip=true",
    "augment.crop": "augment.crop=4",
    "augment.shift": "augment.shift=2",
    "augment.rotate": "augment.rotate=15",
    "augment.cutout": "augment.cutout=8",
    "augment.brightness": "augment.brightness=0.2",
    "augment.contrast": "augment.contrast=0.2",
    "augment.mixup": "augment.mixup=0.2",
    "init_digest": None,  # see test_what_a_run_starts_from_is_known_by_its_content
    "freeze": "freeze=['0.*']",
    "batch_size": "batch_size=101",
    "seed": "seed=1",
    "context": "context=gpu",
    "threads_per_run": "threads_per_run=2",
}
AUGMENTATIONS = [key.partition(".")[2] for key in TRAJECTORY if key.startswith("augment.")]
IDENTITY = {  # which epochs there are, which one is kept, what is measured
    "epochs": "epochs=11",
    "metrics": None,  # see test_the_metrics_of_version_0_1_change_no_fingerprint
    "metrics_source": None,  # see test_own_metrics.py
    "monitor": "monitor=val/loss",
    "early_stopping.patience": "early_stopping.patience=10",
    "early_stopping.min_delta": "early_stopping.min_delta=0.001",
    "test_every_epoch": "test_every_epoch=true",
}
RECORD = {"preset": "preset=mine", "init_from": "init_from=net.params"}
RECORD |= {"dataset.task": None}  # its labels are in the digest
MACHINE = {
    "dataset.root": "dataset.root=somewhere",
    "dataset.mirrors": "dataset.mirrors=[http://localhost/]",
    "n_jobs": "n_jobs=3",
    "max_retries": "max_retries=3",
    "run_timeout": "run_timeout=60",
    "stall_timeout": "stall_timeout=60",
    "on_failure": "on_failure=stop",
    "rerun": "rerun=true",
    "dry_run": "dry_run=true",
    "keep_states": "keep_states=5",
    "checkpoint_dir": "checkpoint_dir=elsewhere",
    "figures": "figures=false",
    "keep_models": "keep_models=best",
    "metrics_folder": "metrics_folder=elsewhere",
    "seeds.min": "seeds.min=2",
    "seeds.max": "seeds.max=9",
    "search.sampler": "search.sampler=random",
    "search.pruner": "search.pruner=asha",
    "search.objectives": "search.objectives=[val/loss]",
    "search.prune_by": "search.prune_by=val/loss",
    "search.n_trials": "search.n_trials=3",
    "search.time_budget": "search.time_budget=3",
    "search.startup_trials": "search.startup_trials=3",
    "search.reduction_factor": "search.reduction_factor=2",
    "search.warm_start": "search.warm_start=before",
    "search.enqueue": "search.enqueue=[{optim.lr: 0.1}]",
    "search.min_epochs": "search.min_epochs=2",
    "search.seed": "search.seed=1",
    "search.storage": "search.storage=sqlite:///other.db",
    "search.study": "search.study=mine",
    "tracking.uri": "tracking.uri=http://localhost:5000",
    "tracking.experiment": "tracking.experiment=other",
    "notify.command": "notify.command=[echo,5]",
    "notify.url": "notify.url=http://localhost/",
}
OWN_IMAGES = {  # fields of datasets whose digest is that of what is decoded
    **dict.fromkeys(("test_size", "folds", "fold"), Role.TRAJECTORY),
    **dict.fromkeys(("limit", "size", "resize", "channels", "on_broken"), Role.RECORD),
    **dict.fromkeys(("label", "transpose", "_target_", "arguments"), Role.RECORD),
    **dict.fromkeys(("train", "val", "test", "train_images", "train_labels"), Role.MACHINE),
    **dict.fromkeys(("val_images", "val_labels"), Role.MACHINE),
    **dict.fromkeys(("test_images", "test_labels", "_folder_"), Role.MACHINE),
}
OWN_NETWORKS = {  # what a user's network is made of; and where copies of its modules are
    **dict.fromkeys(("_target_", "_arguments_", "_source_"), Role.TRAJECTORY),
    **dict.fromkeys(("_folder_", "_work_"), Role.MACHINE),
}
OWN_LOSSES = {  # the same of a user's loss, and what it is for
    **dict.fromkeys(("_target_", "_arguments_", "_source_", "task"), Role.TRAJECTORY),
    "_folder_": Role.MACHINE,
}
SYMBOLS = {  # what a network of MXNet's files is made of
    **dict.fromkeys(("mean", "std", "white", "_digest_"), Role.TRAJECTORY),
    **dict.fromkeys(("file", "output"), Role.RECORD),
    "_graph_": Role.MACHINE,
}
ROLES = {
    **dict.fromkeys(TRAJECTORY, Role.TRAJECTORY),
    **dict.fromkeys(IDENTITY, Role.IDENTITY),
    **dict.fromkeys(RECORD, Role.RECORD),
    **dict.fromkeys(MACHINE, Role.MACHINE),
    **{f"dataset.{key}": role for key, role in OWN_IMAGES.items()},
    **{f"model.{key}": role for key, role in {**OWN_NETWORKS, **SYMBOLS}.items()},
    **{f"loss.{key}": role for key, role in OWN_LOSSES.items()},
}


def test_every_field_has_the_role_that_was_decided_on():
    assert {key: field_infos()[key].role for key in fields()} == ROLES


@pytest.mark.parametrize(
    "override",
    [
        *("size=[8,8]", "resize=crop", "channels=3", "limit=5", "on_broken=skip"),
        *("root=elsewhere",),
    ],
)
def test_what_decides_how_own_images_are_decoded_is_in_their_digest(override):
    config, other = (
        replace(load("dataset=folder", "dataset.root=photos", *given), context="cpu")
        for given in ((), (f"dataset.{override}",))
    )
    assert other != config
    assert fingerprint(other, "d") == fingerprint(config, "d")
    told = params(other) != params(config)
    assert told == (not override.startswith("root"))


@pytest.mark.parametrize("override", ["val_size=5", "test_size=5", "folds=3"])
def test_how_own_images_are_split_is_in_the_fingerprint(override):
    given = ["dataset=folder", "dataset.root=photos"]
    fold = ["dataset.fold=0"] * override.startswith("folds")
    config, other = (
        replace(load(*given, *more), context="cpu") for more in ((), (f"dataset.{override}", *fold))
    )
    assert fingerprint(other, "d") != fingerprint(config, "d")
    assert trajectory(other, "d") != trajectory(config, "d")


@pytest.mark.parametrize(
    "given",
    [
        ("dataset=recordio", "dataset.train=a.rec", "dataset.test=b.rec"),
        ("dataset=arrays", "dataset.train=[a.npy,b.npy]"),
        ("dataset=csv", "dataset.train=a.csv", "dataset.label=0"),
        ("dataset=idx", "dataset.root=x", "dataset.transpose=true"),
        ("dataset=custom", "dataset._target_=a.b", "+dataset.n=3"),
        ("dataset=cifar10", "dataset.root=x"),
    ],
)
def test_the_format_of_own_images_changes_no_fingerprint(given):
    folder = replace(load("dataset=folder", "dataset.root=photos"), context="cpu")
    assert fingerprint(replace(load(*given), context="cpu"), "d") == fingerprint(folder, "d")


def test_a_configuration_is_walked_with_the_roles_of_its_groups():
    for config in (load(), load("model=lenet")):
        assert {info.key: info.role for info, _ in walk(config)}.items() <= ROLES.items()


def changed(*overrides):
    merged = OmegaConf.merge(OmegaConf.create(asdict(CPU)), OmegaConf.from_dotlist([*overrides]))
    config = parse(merged)
    assert config != CPU
    return config


@pytest.mark.parametrize(
    "override", [each for each in (TRAJECTORY | IDENTITY).values() if each is not None]
)
def test_fingerprint_changes_with_what_can_change_the_result(override):
    assert fingerprint(changed(override), "digest") != fingerprint(CPU, "digest")


@pytest.mark.parametrize("override", [each for each in (RECORD | MACHINE).values() if each])
def test_fingerprint_does_not_change_with_where_things_lie(override):
    assert fingerprint(changed(override), "digest") == fingerprint(CPU, "digest")


@pytest.mark.parametrize("override", [each for each in TRAJECTORY.values() if each is not None])
def test_trajectory_changes_with_what_an_epoch_computes(override):
    assert trajectory(changed(override), "digest") != trajectory(CPU, "digest")


@pytest.mark.parametrize(
    "override", [each for each in (IDENTITY | RECORD | MACHINE).values() if each is not None]
)
def test_trajectory_ignores_when_a_run_stops_and_what_is_measured(override):
    assert trajectory(changed(override), "digest") == trajectory(CPU, "digest")


@pytest.mark.parametrize("key", OF_OTHERS)
def test_fields_of_other_networks_are_in_both(key):
    network, value = OF_OTHERS[key]
    usual, other = load(f"model={network}"), load(f"model={network}", f"{key}={value}")
    for identify in (fingerprint, trajectory):
        assert identify(usual, "digest") != identify(other, "digest")


@pytest.mark.parametrize("identify", [fingerprint, trajectory])
def test_networks_are_told_apart(identify):
    assert identify(load(), "digest") != identify(load("model=lenet"), "digest")


OTHERS = {  # than those of the defaults
    "optim=nag": ("lr=0.2", "wd=0.1", "momentum=0.8"),
    "optim=adam": ("lr=0.2", "wd=0.1", "beta1=0.8", "beta2=0.8", "epsilon=0.1"),
    "optim=adamw": ("lr=0.2", "wd=0.1", "beta1=0.8", "beta2=0.8", "epsilon=0.1"),
    "optim=rmsprop": ("lr=0.2", "wd=0.1", "gamma1=0.8", "epsilon=0.1"),
    "optim=adagrad": ("lr=0.2", "wd=0.1", "epsilon=0.1"),
    "optim=signum": ("lr=0.2", "wd=0.1", "momentum=0.8"),
    "optim=lamb": ("lr=0.2", "wd=0.1", "beta1=0.8", "beta2=0.8", "epsilon=0.1"),
    "schedule=constant": ("warmup_epochs=1",),
    "schedule=step": ("warmup_epochs=1", "every=2", "gamma=0.5"),
    "schedule=multistep": ("warmup_epochs=1", "milestones=[2]", "gamma=0.5"),
    "schedule=cosine": ("warmup_epochs=1", "final=0.5"),
    "schedule=poly": ("warmup_epochs=1", "power=2", "final=0.5"),
    "schedule=one_cycle": ("warmup_epochs=1", "peak=0.5", "start=0.5", "final=0.5"),
}
_loaded = functools.cache(load)  # composing takes a while
NEW = [f"optim={name}" for name in OPTIMIZERS.names()]
NEW += [f"schedule={name}" for name in SCHEDULES.names()]


@pytest.mark.parametrize("identify", [fingerprint, trajectory])
def test_optimisers_and_schedules_are_told_apart(identify):
    found = {identify(_loaded(each), "digest") for each in NEW}
    assert len(found) == len(NEW) - 1  # optim=sgd and schedule=constant are both the default


@pytest.mark.parametrize("choice", OTHERS)
def test_fields_of_optimisers_and_schedules_count(choice):
    group, plain = choice.partition("=")[0], _loaded(choice)
    values = asdict(plain)
    for identify in (fingerprint, trajectory):
        found = {identify(plain, "d")}
        for override in OTHERS[choice]:
            other = OmegaConf.from_dotlist([f"{group}.{override}"])
            found.add(identify(parse(OmegaConf.merge(OmegaConf.create(values), other)), "d"))
        assert len(found) == 1 + len(OTHERS[choice])


@pytest.mark.parametrize("name", SCHEDULES.names())
def test_runs_of_other_lengths_share_epochs_unless_the_rate_depends_on_the_length(name):
    ten = _loaded(f"schedule={name}")
    eleven = replace(ten, epochs=11)
    assert fingerprint(ten, "d") != fingerprint(eleven, "d")
    depends = name in ("cosine", "poly", "one_cycle")
    assert (trajectory(ten, "d") != trajectory(eleven, "d")) == depends
    others = replace(ten, monitor="val/loss", metrics=())
    assert trajectory(ten, "d") == trajectory(others, "d")


def test_fingerprint_of_a_preset_is_that_of_its_values():
    spelt_out = load(
        "dataset=mnist", "dataset.val_size=0", "test_every_epoch=true", "model.hidden=[128,64]"
    )
    assert fingerprint(spelt_out, "d") == fingerprint(load("experiment=tutorial_mlp"), "d")


@pytest.mark.parametrize("identify", [fingerprint, trajectory])
def test_it_is_16_hex_digits_and_changes_with_the_images(identify):
    assert identify(CPU, "one") != identify(CPU, "another")
    assert identify(CPU, "one") == identify(replace(CPU), "one")
    assert len(identify(CPU, "one")) == 16
    int(identify(CPU, "one"), 16)


NUMBERS = ("dataset=csv", "dataset.train=a.csv")


@pytest.mark.parametrize("identify", [fingerprint, trajectory])
def test_losses_are_told_apart(identify):
    of = {name: NUMBERS if LOSSES[name].task == "regression" else () for name in LOSSES.names()}
    found = {identify(load(*given, f"loss={name}"), "d") for name, given in of.items()}
    assert len(found) == len(of) == 7


@pytest.mark.parametrize("choice", [("loss=huber", "rho", *NUMBERS), ("loss=hinge", "margin")])
def test_fields_of_losses_count(choice):
    loss, field, *given = choice
    usual, other = load(loss, *given), load(loss, f"loss.{field}=2", *given)
    for identify in (fingerprint, trajectory):
        assert identify(usual, "d") != identify(other, "d")


def test_the_cross_entropy_and_classes_were_nothing_new():
    spelt_out = ("loss=softmax_cross_entropy", "loss.label_smoothing=0")
    assert load(*spelt_out, "dataset.task=classification") == load()
    text = to_yaml(load())
    kept = text.replace("loss:\n  name: softmax_cross_entropy\n  label_smoothing: 0.0\n", "")
    kept = kept.replace("  task: classification\n", "")
    assert len(text.splitlines()) == len(kept.splitlines()) + 4
    assert from_yaml(kept) == load()


# --- what version 0.1.0 recorded ---


@pytest.mark.parametrize(
    ("overrides", "recorded"),
    [
        (("model=lenet",), "d918c78491479608"),
        (("model=mlp", "optim.momentum=0.5", "seed=3"), "9e6a0dc12f903063"),
        (("experiment=tutorial_lenet",), "692149fe8332d179"),
        (("experiment=fashion_lenet",), "14abe0a84a5bce7f"),
        (
            ("early_stopping.patience=3", "monitor=val/loss", "threads_per_run=2", "n_jobs=3")
            + ("search.n_trials=4", "dataset.val_size=7"),
            "4c33033364a10171",
        ),
        (
            ("model.hidden=[]", "dataset=fashion_mnist", "dataset.root=/x"),
            "add1d5c12840a543",
        ),
    ],
)
def test_fingerprints_are_those_of_version_0_1_0(overrides, recorded):
    assert fingerprint(replace(load(*overrides), context="cpu"), "d" * 64) == recorded


def test_the_fingerprint_of_version_0_1_0_on_a_gpu():
    config = replace(load("model=lenet"), context="gpu")
    assert fingerprint(config, "e" * 64) == "7f7d343194359cc9"


# --- fields that are added later ---


@checked_dataclass(frozen=True, config=STRICT)
class DeeperMLP(MLP):
    """A network as a later version has it: with a field more."""

    name: Literal["mlp"]
    repeats: Annotated[Count, Before(1)]


@dataclass(frozen=True)
class LaterConfig:
    """A configuration as a later version has it: with fields more, one of them a list."""

    seed: int
    shuffled: Annotated[Switch, Before(True)]
    layers: Annotated[Texts, Role.IDENTITY, Before(("all",))]


@dataclass(frozen=True)
class EarlierConfig:
    seed: int


def test_a_field_at_the_value_from_before_it_was_there_changes_no_fingerprint():
    earlier, later = EarlierConfig(3), LaterConfig(3, True, ("all",))
    for identify in (fingerprint, trajectory):
        assert identify(later, "d") == identify(earlier, "d")
        assert identify(replace(later, shuffled=False), "d") != identify(earlier, "d")
    other = replace(later, layers=("last",))
    assert fingerprint(other, "d") != fingerprint(earlier, "d")
    assert trajectory(other, "d") == trajectory(earlier, "d")


def test_a_networks_field_at_the_value_from_before_changes_no_fingerprint():
    config = load()
    values = vars(config.model)
    once, twice = (replace(config, model=DeeperMLP(**values, repeats=number)) for number in (1, 2))
    assert fingerprint(once, "d") == fingerprint(config, "d")
    assert fingerprint(twice, "d") != fingerprint(config, "d")


def test_the_metrics_of_version_0_1_change_no_fingerprint():
    config = load("monitor=val/loss")
    assert declared(type(config))["metrics"].before == Before(("accuracy",))
    none = load("monitor=val/loss", "metrics=[]")
    assert fingerprint(config, "d") == fingerprint(replace(config, metrics=("accuracy",)), "d")
    assert fingerprint(none, "d") != fingerprint(config, "d")
    assert trajectory(none, "d") == trajectory(config, "d")


def test_what_is_made_of_images_and_how_they_are_augmented_were_nothing_new():
    spelt_out = ("dataset.normalize=unit", *(f"augment.{name}=null" for name in AUGMENTATIONS))
    assert load(*spelt_out) == load()
    kept = to_yaml(load()).replace("  normalize: unit\n", "")
    kept = kept[: kept.index("augment:")] + kept[kept.index("init_from:") :]
    assert from_yaml(kept) == load()
    other = fingerprint(load("dataset.normalize=null"), "d")
    assert other != fingerprint(load(), "d")


def test_what_a_run_starts_from_is_known_by_its_content():
    config = load("init_from=a.params", "init_digest=0123")
    for identify in (fingerprint, trajectory):
        assert identify(replace(config, init_from="b.params"), "d") == identify(config, "d")
        assert identify(replace(config, init_digest="4567"), "d") != identify(config, "d")


def test_a_start_with_nothing_and_nothing_frozen_were_nothing_new():
    assert load("init_from=null", "init_digest=null", "freeze=[]") == load()
    text = to_yaml(load())
    kept = text.replace("init_from: null\ninit_digest: null\nfreeze: []\n", "")
    assert len(text.splitlines()) == len(kept.splitlines()) + 3
    assert from_yaml(kept) == load()


def test_all_of_a_batchs_gradient_and_one_rate_were_nothing_new():
    given = ("optim.wd_on=all", "optim.clip_norm=null", "schedule=constant")
    assert load(*given, "schedule.warmup_epochs=0") == load()
    text = to_yaml(load())
    kept = text.replace("  wd_on: all\n  clip_norm: null\n", "")
    kept = kept.replace("schedule:\n  name: constant\n  warmup_epochs: 0.0\n", "")
    assert len(text.splitlines()) == len(kept.splitlines()) + 5
    assert from_yaml(kept) == load()


def test_a_record_without_a_later_field_reads_back_with_the_value_from_before():
    text = to_yaml(load("model=lenet"))
    kept = text.replace("metrics:\n- accuracy\n", "")
    assert kept != text
    assert from_yaml(kept) == load("model=lenet")


def test_networks_with_the_means_of_before_are_found_again():
    """By fingerprints of when there was no other way to compute them."""
    known = {"resnet20": "8932853e474d67ca", "nin": "87ade2a48143458a"}
    known |= {"googlenet": "ced07235128f3b30", "densenet": "b8573a95e88687e9"}
    for name, expected in known.items():
        config = load(f"model={name}", "model.global_mean=pooling")
        assert fingerprint(config, "digest") == expected
        assert fingerprint(load(f"model={name}"), "digest") != expected
        recorded = to_yaml(config).replace("  global_mean: pooling\n", "")
        assert "global_mean" not in recorded
        assert from_yaml(recorded).model == config.model
