"""What is checked and announced before the first run of a sweep, or of a search, trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sweep.backend.devices import resolve
from sweep.config.checks import check_images
from sweep.config.choices import DatasetConfig, Network, Tried
from sweep.config.fields import Mark, declared
from sweep.config.fingerprint import fingerprint
from sweep.config.params import params
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.display.plan import listed, show_notes, show_plan
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.execution.trials import try_elsewhere
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.own_networks import Request
from sweep.runs.resume import close_abandoned
from sweep.sweeps.compose import cost_of, started
from sweep.tracking import Tracker, probe
from sweep.uris import redacted, resolve_uri

Device = Literal["cpu", "gpu"]


@dataclass(frozen=True)
class Prepared:
    """What the runs of a sweep have in common.

    Attributes:
        tracker: of its experiment.
        locks: of its folder of checkpoints.
        datasets: that runs are trained on, as far as they are known.
        devices: what is trained on, for each ``context``; ``cpu`` and ``gpu`` are themselves.
        networks: what was found out about users' own, as far as they are known.
    """

    tracker: Tracker
    locks: RunLocks
    datasets: dict[DatasetConfig, Dataset]
    devices: Mapping[str, Device]
    networks: dict[Request, Tried]

    def device(self, config: Config) -> Device:
        """Return what a run is trained on."""
        return self.devices[config.context]

    def fingerprint(self, config: Config) -> str:
        """Return what identifies a run's result."""
        known = replace(config, context=self.device(config), model=self.network(config))
        return fingerprint(known, self.dataset(config).digest)

    def network(self, config: Config) -> Network:
        """Return a run's network as it is trained.

        Raises:
            UserError: it does not build, or does not fit the images.
        """
        return self.tried([config])[0].network

    def tried(self, configs: Sequence[Config]) -> list[Tried]:
        """Return what is found out about networks, each tried once, in a process of its own."""
        requests = [Request.of(each, self.dataset(each)) for each in configs]
        new = [each for each in dict.fromkeys(requests) if each not in self.networks]
        self.networks.update(try_elsewhere(new, configs[0].threads_per_run))
        return [self.networks[each] for each in requests]

    def dataset(self, config: Config) -> Dataset:
        """Return what a run is trained on."""
        if config.dataset not in self.datasets:  # a search can suggest another number held out
            self.datasets[config.dataset] = load_dataset(config.dataset)
        return self.datasets[config.dataset]

    def started(self, job: Job, membership: Membership) -> Job:
        """Return a job as it is started: on its device, below its sweep, its cost known."""
        return replace(
            started(job, self.device(job.config), self.network(job.config), membership),
            cost=cost_of(
                replace(job.config, model=self.network(job.config)), self.dataset(job.config)
            ),
            is_claimed=partial(self.locks.is_held, self.fingerprint(job.config)),
        )


def prepare(
    jobs: Sequence[Job],
    count_gpus: Callable[[Config], int],
    runs: Sequence[str] | None = None,
) -> Prepared:
    """Check all that runs such as these need, announce them, and tidy up after dead ones.

    Args:
        jobs: at least one.
        count_gpus: returns how many GPUs there are where the runs are trained.
        runs: lines that announce them; None to list them.

    Raises:
        UserError: something is wrong; nothing is recorded.
    """
    first = jobs[0].config
    shared = [name for name, info in declared(Config).items() if Mark.ONE_PER_SWEEP in info.marks]
    for field in shared:
        if any(getattr(each.config, field) != getattr(first, field) for each in jobs):
            raise UserError(f"{field}: cannot be swept over; it is one for all runs of a sweep")
    probe(resolve_uri(first.tracking.uri))
    tracker = Tracker(first.tracking.uri, first.tracking.experiment)
    locks = RunLocks(Path(first.checkpoint_dir))
    datasets = {config: load_dataset(config) for config in {each.config.dataset for each in jobs}}
    for each in jobs:
        dataset = datasets[each.config.dataset]
        check_images(each.config, dataset.train_size, dataset.shape, len(dataset.val))
    gpus = count_gpus(first)
    contexts = dict.fromkeys(str(each.config.context) for each in jobs)
    devices: dict[str, Device] = {"cpu": "cpu", "gpu": "gpu"}
    devices |= {context: resolve(context, gpus) for context in contexts}
    prepared = Prepared(tracker, locks, datasets, devices, {})
    notes = [each.note for each in prepared.tried([each.config for each in jobs])]
    described = [params(each.config) for each in jobs]
    show_plan(
        listed(described) if runs is None else runs,
        described,
        list(dict.fromkeys(dataset.describe() for dataset in datasets.values())),
        f"{redacted(tracker.uri)}, experiment {tracker.experiment}",
        " and ".join(dict.fromkeys(devices[context] for context in contexts)),
    )
    show_notes(notes)
    close_abandoned(tracker, locks)
    return prepared
