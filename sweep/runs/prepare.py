"""A run that is about to be trained: its name, its fingerprint, its images, its device."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweep.backend import mxnet as backend
from sweep.backend.mxnet import mx
from sweep.config.fingerprint import fingerprint
from sweep.config.schema import Config
from sweep.data.splits import Dataset, check_fits, load_dataset
from sweep.errors import UserError
from sweep.runs.described import run_name, run_tags
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.own_networks import Request, completed, tried
from sweep.runs.starting import identified_again
from sweep.runs.states import KeptStates, shares_epochs, states_key
from sweep.tracking import Tracker


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
        states: of runs that are finished, in the same folder.
        states_key: what it shares with those that it can go on from; empty if it does not.
    """

    config: Config
    name: str
    fingerprint: str
    dataset: Dataset
    device: mx.Context
    tracker: Tracker
    locks: RunLocks
    membership: Membership | None
    states: KeptStates
    states_key: str

    def tags(self) -> dict[str, str]:
        """Return what the run is recorded with, besides its params."""
        found = run_tags(self.fingerprint, self.locks.folder_id, self.dataset, self.membership)
        return found | {"device": str(self.device)}


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
    check_fits(config, dataset)
    config = identified_again(config)
    config = completed(config, tried(Request.of(config, dataset)))
    return Run(
        config=config,
        name=run_name(config, overrides),
        fingerprint=fingerprint(config, dataset.digest),
        dataset=dataset,
        device=device,
        tracker=tracker,
        locks=locks,
        membership=membership,
        states=KeptStates(locks.folder, config.keep_states),
        states_key=states_key(config, dataset) if shares_epochs(config, membership) else "",
    )


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
