"""A run that is about to be trained: its name, its fingerprint, its images, its device."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweep import tracking
from sweep.backend import mxnet as backend
from sweep.backend.mxnet import mx
from sweep.config.checks import check_images
from sweep.config.fingerprint import fingerprint
from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.environment import version_tags
from sweep.errors import UserError
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.own_networks import Request, tried
from sweep.tracking import Tracker

IN_NAME_ANYWAY = ("model", "model.activation", "dataset", "experiment", "context")


@dataclass(frozen=True)
class Run:
    """A run that is about to be trained.

    Attributes:
        config: with the device's kind as ``context``.
        name: in the record.
        fingerprint: identifies its result.
        dataset: that it is trained on.
        device: that it is trained on.
        tracker: of the experiment that it is recorded in.
        locks: in the folder of its checkpoints.
        membership: of a sweep or a search; None for a single run.
    """

    config: Config
    name: str
    fingerprint: str
    dataset: Dataset
    device: mx.Context
    tracker: Tracker
    locks: RunLocks
    membership: Membership | None

    def tags(self) -> dict[str, str]:
        """Return what the run is recorded with, besides its params."""
        tags = version_tags() | {
            tracking.KIND: tracking.RUN,
            tracking.FINGERPRINT: self.fingerprint,
            tracking.FOLDER: self.locks.folder_id,
            "dataset.digest": self.dataset.digest,
            "device": str(self.device),
        }
        if self.membership and self.membership.study is not None:
            tags |= {
                tracking.STUDY: self.membership.study,
                tracking.TRIAL: str(self.membership.trial),
            }
        return tags


def prepare_run(config: Config, overrides: Sequence[str], membership: Membership | None) -> Run:
    """Find the device, the record and the images of a run, and check that they fit.

    The arguments are those of :func:`sweep.runs.execute.execute`.

    Raises:
        UserError: something is wrong; nothing is recorded.
    """
    device = resolve_device(config)
    config = replace(config, context=device.device_type)
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    locks = RunLocks(Path(config.checkpoint_dir))
    dataset = load_dataset(config.dataset)
    check_images(config, dataset.train_size, dataset.shape, len(dataset.val))
    config = replace(config, model=tried(Request.of(config, dataset)).network)
    return Run(
        config=config,
        name=run_name(config, overrides),
        fingerprint=fingerprint(config, dataset.digest),
        dataset=dataset,
        device=device,
        tracker=tracker,
        locks=locks,
        membership=membership,
    )


def run_name(config: Config, overrides: Sequence[str]) -> str:
    """Return ``optim.lr=0.1 lenet tanh mnist_5k``: what was overridden, the network, the images.

    In this order names differ at their beginnings, which is what MLflow shows of long ones.
    """
    network = [config.model.label, config.dataset.name]
    preset = [config.preset] if config.preset else []
    given = describing(overrides)
    others = [each for each in given if each.partition("=")[0] not in IN_NAME_ANYWAY]
    return " ".join([*preset, *others, *network])


def resolve_device(config: Config) -> mx.Context:
    """Return the device to train on.

    Raises:
        UserError: there is no such device, or MXNet was loaded with another number of threads.
    """
    if config.threads_per_run != backend.THREADS:
        raise UserError(
            f"threads_per_run={config.threads_per_run}: MXNet was loaded with OMP_NUM_THREADS="
            f"{backend.THREADS} and cannot change it; allowed here: {backend.THREADS}"
        )
    return backend.device(config.context)
