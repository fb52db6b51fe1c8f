"""What a run is recorded with besides its numbers: its name, its tags, its configuration."""

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from sweep import tracking
from sweep.config.overrides import describing
from sweep.config.own_metrics import own_metrics
from sweep.config.recorded import to_yaml
from sweep.config.schema import Config
from sweep.data.splits import Dataset
from sweep.environment import environment, version_tags
from sweep.own_modules import keep
from sweep.runs.membership import Membership
from sweep.runs.starting import folder_of, read_folder

if TYPE_CHECKING:
    from sweep.tracking import Record

IN_NAME_ANYWAY = ("model", "model.activation", "dataset", "experiment", "context")


def run_name(config: Config, overrides: Sequence[str]) -> str:
    """Return ``optim.lr=0.1 lenet tanh mnist_5k``: what was overridden, the network, the images.

    In this order names differ at their beginnings, which is what MLflow shows of long ones.
    """
    network = [config.model.label, config.dataset.name]
    preset = [config.preset] if config.preset else []
    given = describing(overrides)
    others = [each for each in given if each.partition("=")[0] not in IN_NAME_ANYWAY]
    return " ".join([*preset, *others, *network])


def run_tags(
    fingerprint: str, folder_id: str, dataset: Dataset, membership: Membership | None
) -> dict[str, str]:
    """Return what a run is found by.

    Args:
        fingerprint: identifies its result.
        folder_id: of the folder with its checkpoints.
        dataset: that it is trained on.
        membership: of a sweep or a search; None for a single run.
    """
    tags = version_tags() | {
        tracking.KIND: tracking.RUN,
        tracking.FINGERPRINT: fingerprint,
        tracking.FOLDER: folder_id,
        tracking.DATASET_DIGEST: dataset.digest,
    }
    if membership and membership.study is not None:
        tags |= {tracking.STUDY: membership.study, tracking.TRIAL: str(membership.trial)}
    return tags


@functools.cache
def environment_text() -> str:
    """Return what runs here run on, as YAML."""
    return yaml.safe_dump(environment(), sort_keys=False)


def describe(config: Config, dataset: Dataset, record: "Record") -> None:
    """Record what is needed to train a run again."""
    record.log_text(to_yaml(config), tracking.CONFIG_FILE)
    record.log_text(environment_text(), tracking.ENVIRONMENT_FILE)
    own = own_metrics(config.metrics, config.metrics_source, config.metrics_folder)
    of_metrics = own.source if own else None
    # Where there are several, they are the same.
    if source := config.model.source or config.loss.source or of_metrics:
        record.log_files(source, tracking.SOURCE_FOLDER)
    if dataset.modules:
        with tempfile.TemporaryDirectory() as folder:
            modules = keep(dataset.modules, Path(folder))
            record.log_files(modules, tracking.DATASET_SOURCE_FOLDER)
    if config.init_from:
        for name in read_folder(folder_of(config)):
            record.log_file(folder_of(config) / name, tracking.START_FOLDER)
    record.log_dataset(dataset)
