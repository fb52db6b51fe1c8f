from dataclasses import asdict, replace

import pytest
from omegaconf import OmegaConf

from sweep.config.compose import load, parse
from sweep.config.fingerprint import fingerprint, trajectory
from sweep.config.params import params
from sweep.config.recorded import from_yaml, to_yaml
from sweep.errors import UserError

CUSTOM = ("model=custom", "model._target_=my_nets.Net")


def loaded(*given):
    return replace(load(*CUSTOM, *given), context="cpu")


def test_arguments_are_fields_beside_the_target():
    config = loaded("+model.width=16", "+model.sizes=[1,2]", "+model.kind=deep", "+model.bias=null")
    told = {key: value for key, value in params(config).items() if key.startswith("model.")}
    assert told == {
        "model.name": "custom",
        "model._target_": "my_nets.Net",
        "model.bias": "null",
        "model.kind": "deep",
        "model.sizes": "[1, 2]",
        "model.width": "16",
        "model._source_": "null",
    }


def test_what_has_a_target_needs_no_name():
    composed = OmegaConf.create(asdict(load()))
    composed.model = {"_target_": "my_nets.Net", "width": 16}
    assert parse(composed) == load(*CUSTOM, "+model.width=16")


@pytest.mark.parametrize("identify", [fingerprint, trajectory])
def test_targets_arguments_and_source_are_in_the_fingerprint(identify):
    config = loaded("+model.width=16")
    model = config.model
    others = [
        loaded("+model.width=32"),
        loaded("+model.width='\"16\"'"),
        loaded("+model.height=16"),
        loaded("+model.width=16", "model._target_=my_nets.Other"),
        replace(config, model=replace(model, _source_="0123456789abcdef")),
    ]
    assert len({identify(each, "d") for each in (config, *others)}) == 6
    moved = replace(config, model=replace(model, _folder_="elsewhere", _work_=7))
    assert identify(moved, "d") == identify(config, "d")


def test_a_record_has_the_arguments():
    config = loaded("+model.width=16", "+model.sizes=[1,2]")
    config = replace(config, model=replace(config.model, _source_="0123456789abcdef"))
    assert from_yaml(to_yaml(config)).model == config.model


@pytest.mark.parametrize(
    ("group", "given", "keys"),
    [
        ("model", {"_target_": "my_nets.Net", "width": "???"}, ["model.width"]),
        ("model", {"_target_": "???", "sizes": {"a": "???"}}, ["model._target_", "model.sizes.a"]),
        ("dataset", {"_target_": "mine.load", "path": "???"}, ["dataset.path"]),
        ("optim", {"name": "sgd", "lr": "???", "wd": 0.0, "momentum": 0.0}, ["optim.lr"]),
        ("seed", "???", ["seed"]),
    ],
)
def test_a_mandatory_value_that_is_missing_gets_a_line(group, given, keys):
    composed = OmegaConf.create(asdict(load()))
    composed[group] = given
    lines = [f"{key} is missing: allowed is a value, as in {key}=VALUE" for key in keys]
    with pytest.raises(UserError) as caught:
        parse(composed)
    assert str(caught.value) == "\n".join(lines)
