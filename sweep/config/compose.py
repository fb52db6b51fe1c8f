"""A run's configuration: composed by Hydra, checked, put into words, fingerprinted."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pydantic
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from sweep.config.explain import explain_composition, is_composition_error
from sweep.config.schema import IMAGE_SIDE, MODELS, TRAIN_IMAGES, Config, LeNet
from sweep.errors import UserError, nearest

PACKAGED_CONF = Path(__file__).parents[1] / "conf"
CONF = PACKAGED_CONF if PACKAGED_CONF.is_dir() else Path(__file__).parents[2] / "conf"

HOW = (
    *("n_jobs", "max_retries", "run_timeout", "on_failure", "rerun"),
    *("checkpoint_dir", "figures"),
)
ELSEWHERE = (  # no part of what a run is
    *("tracking.", "search.", "dataset.root", "dataset.mirrors"),
    *HOW,
)
GROUPS = ("model", "optim", "dataset", "experiment")


def load(*overrides: str) -> Config:
    """Compose and check one run's configuration: ``load("model=lenet", "optim.lr=0.2")``.

    Raises:
        UserError: naming the field, the value and what is allowed.
    """
    try:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            return parse(compose("config", list(overrides)))
    except Exception as error:
        if not is_composition_error(error):
            raise
        raise UserError(explain_composition(error, overrides, fields(), GROUPS)) from error


def own_part(composed: DictConfig) -> DictConfig:
    """Return what Hydra composed for a job without its own ``hydra`` node."""
    return OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])


def parse(composed: DictConfig) -> Config:
    """Check what Hydra composed (without its own ``hydra`` node) against the schema.

    Raises:
        UserError: naming each wrong field, its value and what is allowed.
    """
    values = OmegaConf.to_container(composed, resolve=True)
    try:
        config = pydantic.TypeAdapter(Config).validate_python(values)
    except pydantic.ValidationError as error:
        raise UserError("\n".join(_describe(dict(each)) for each in error.errors())) from error
    _check_sizes(config)
    return config


def _describe(error: dict[str, Any]) -> str:
    """Turn one of pydantic's errors into ``optim.lr=-1: allowed is a finite number above 0``."""
    # A tagged union puts the tag into the location: model, lenet, activation.
    steps = [str(step) for step in error["loc"]]
    if steps[0] == "model" and len(steps) > 2:
        del steps[1]
    key = ".".join(steps)
    if error["type"] == "union_tag_invalid":
        return f"model.name={error['input'].get('name')}: allowed is mlp or lenet, as in model=mlp"
    if error["type"] == "union_tag_not_found":
        return "model.name is missing"
    if error["type"] == "literal_error":
        allowed = error["ctx"]["expected"].replace("'", "")
        return f"{key}={_text(error['input'])}: allowed is {allowed}"
    if error["type"] == "unexpected_keyword_argument":
        return f"{key} is not a field of the configuration{nearest(key, fields())}"
    if error["type"] == "missing":
        return f"{key} is missing"
    return f"{key}={_text(error['input'])}: {error['msg']}"


def _check_sizes(config: Config) -> None:
    """Check what depends on more than one field."""
    images, held_out = TRAIN_IMAGES[config.dataset.name], config.dataset.val_size
    where = f"{config.dataset.name} has {images:,} training images"
    if held_out >= images:
        raise UserError(
            f"dataset.val_size={held_out}: leaves nothing to train on; {where}, "
            f"so at most {images - 1} can be held out"
        )
    if config.batch_size > images - held_out:
        raise UserError(
            f"batch_size={config.batch_size}: beyond the training set; {where}, {held_out:,} of "
            f"them held out for validation, so at most {images - held_out} is allowed"
        )
    if not held_out and not config.test_every_epoch:
        raise UserError(
            "dataset.val_size=0: leaves nothing to validate on; allowed is 1 or more, or 0 with "
            "test_every_epoch=true, which measures on the test set after every epoch"
        )
    if not held_out and config.early_stopping.patience:
        raise UserError(
            f"early_stopping.patience={config.early_stopping.patience}: there is nothing to stop "
            "by with dataset.val_size=0; allowed is null, or hold images out"
        )
    if isinstance(config.model, LeNet):
        _check_geometry(config.model)


def _check_geometry(model: LeNet) -> None:
    if not model.channels or len(model.kernels) != len(model.channels):
        raise UserError(
            f"model.kernels={list(model.kernels)}: there must be one for each of "
            f"model.channels={list(model.channels)}, and at least one"
        )
    if min(sides := model.sides()) < 1:
        raise UserError(
            f"model.kernels={list(model.kernels)}: nothing is left of the {IMAGE_SIDE}×{IMAGE_SIDE}"
            f" image; its side after each pooling would be {sides}; allowed are smaller kernels, "
            "model.pool_size or model.pool_stride"
        )


def fields(schema: type = Config, prefix: str = "") -> list[str]:
    """Return every field's name, dotted, in the schema's order: ``optim.lr``, ``epochs``."""
    names: list[str] = []
    for field in dataclasses.fields(schema):
        for kind in MODELS if field.name == "model" else (field.type,):
            if isinstance(kind, type) and dataclasses.is_dataclass(kind):
                names += fields(kind, f"{prefix}{field.name}.")
            else:
                names.append(f"{prefix}{field.name}")
    return list(dict.fromkeys(names))


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``("optim.lr", 0.1)`` and so on from nested mappings."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def params(config: Config) -> dict[str, str]:
    """Return what describes the run, one dotted key a field; not where files and records lie.

    Values are written as Hydra's overrides write them: ``0.1``, ``[128, 64]``, ``true``, ``null``.
    """
    return {
        key: _text(value)
        for key, value in flatten(dataclasses.asdict(config))
        if not key.startswith(ELSEWHERE)
    }


def varying(runs: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the keys in which runs differ.

    A field that only some choices of a group have (only LeNets have ``model.kernels``) counts if
    it differs among those that have it.

    Args:
        runs: the params of each.
    """
    values: dict[str, set[str]] = {}
    for run in runs:
        for key, value in run.items():
            values.setdefault(key, set()).add(value)
    return [key for key, different in values.items() if len(different) > 1]


def public(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that describe runs: not those of Hydra, folders and addresses.

    An address may hold a password, and a folder says nothing about a run.
    """
    keys = [each.partition("=")[0].lstrip("+~") for each in overrides]
    private = (*ELSEWHERE, "hydra.", "hydra/")
    return [
        override
        for key, override in zip(keys, overrides, strict=True)
        if key not in ("tracking", "search") and not key.startswith(private)
    ]


def fingerprint(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that identify the result: equal for runs that must end equal.

    Args:
        config: with ``context`` already resolved to ``cpu`` or ``gpu``.
        dataset_digest: identifies the content of all images and labels.
    """
    values = params(config) | {"dataset": dataset_digest}
    del values["preset"]
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def score_metric(config: Config) -> str:
    """Return the metric that is a run's score: the monitored one, if images are held out for it."""
    return config.monitor if config.dataset.val_size else "test/accuracy"


def from_yaml(text: str) -> Config:
    """Return the configuration that :func:`to_yaml` wrote, launched and recorded as by default.

    Raises:
        UserError: it is not one, or of a version with other fields.
    """
    defaults = dataclasses.asdict(load())
    recorded = yaml.safe_load(text)
    return parse(OmegaConf.create({key: recorded.get(key, defaults[key]) for key in defaults}))


def to_yaml(config: Config) -> str:
    """Return the configuration of the run: not how it is launched, nor where it is recorded."""
    values = dataclasses.asdict(config)
    for key in ("tracking", "search", *HOW):
        del values[key]
    return yaml.safe_dump(values, sort_keys=False)
