"""What is checked and announced before the first run of a sweep, or of a search, trains."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sweep.backend.devices import resolve
from sweep.config.checks import check_unread
from sweep.config.datasets import DatasetConfig
from sweep.config.fields import Mark, declared
from sweep.config.fingerprint import fingerprint
from sweep.config.networks import Tried
from sweep.config.params import params, values_of
from sweep.config.schema import Config
from sweep.data.splits import Dataset, check_fits
from sweep.display.plan import listed, show_notes, show_plan
from sweep.errors import UserError
from sweep.execution.datasets import read_apart
from sweep.execution.job import Job
from sweep.execution.trials import try_elsewhere
from sweep.notifying import check_command
from sweep.optional import need_mxnet
from sweep.progress import tell
from sweep.runs.locks import RunLocks
from sweep.runs.membership import Membership
from sweep.runs.own_networks import Request, completed
from sweep.runs.resume import close_abandoned
from sweep.runs.starting import identified
from sweep.runs.states import shares_epochs, states_key, unshared_note
from sweep.runs.turns import Turns
from sweep.runs.unstarted import UnstartedRun
from sweep.sweeps.compose import cost_of, started
from sweep.tracking import Tracker, probe
from sweep.uris import place_of, resolve_uri, unused_variables

Device = Literal["cpu", "gpu"]
Start = tuple[str | None, str | None]  # init_from, init_digest


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is known of the runs of a sweep when they were checked.

    Attributes:
        datasets: that runs are trained on, as far as they are known.
        devices: what is trained on, for each ``context``; ``cpu`` and ``gpu`` are themselves.
        networks: what was found out about users' own, as far as they are known.
        modules: the folder with copies that further networks are tried from; None for the
            command's.
        starts: ``init_from`` and ``init_digest`` of what runs start from, as they were found out,
            by these two as they are configured, or were found out.
    """

    datasets: dict[DatasetConfig, Dataset]
    devices: Mapping[str, Device]
    networks: dict[Request, Tried]
    starts: dict[Start, Start]
    modules: Path | None = None

    def device(self, config: Config) -> Device:
        """Return what a run is trained on."""
        return self.devices[config.context]

    def fingerprint(self, config: Config) -> str:
        """Return what identifies a run's result."""
        return fingerprint(self.known(config), self.dataset(config).digest)

    def chain(self, config: Config, membership: Membership | None = None) -> str:
        """Return what a run shares with those that it can go on from; empty if it does not."""
        known = self.known(config)
        return states_key(known, self.dataset(config)) if shares_epochs(known, membership) else ""

    def known(self, config: Config) -> Config:
        """Return a run's configuration with all that is found out before it is trained.

        Raises:
            UserError: its network does not build, or does not fit the images or what it starts
                from, which may not be there.
        """
        known = completed(self._identified(config), self.tried([config])[0])
        return replace(known, context=self.device(config))

    def tried(self, configs: Sequence[Config]) -> list[Tried]:
        """Return what is found out about networks, each tried once, in a process of its own."""
        requests = [
            Request.of(self._identified(each), self.dataset(each), self.modules) for each in configs
        ]
        new = [each for each in dict.fromkeys(requests) if each not in self.networks]
        self.networks.update(try_elsewhere(new, configs[0].threads_per_run))
        return [self.networks[each] for each in requests]

    def _identified(self, config: Config) -> Config:
        key = config.init_from, config.init_digest
        if key not in self.starts:
            known = identified(config)
            start = known.init_from, known.init_digest
            self.starts.update({each: start for each in (key, (key[0], start[1]), start)})
        init_from, init_digest = self.starts[key]
        return replace(config, init_from=init_from, init_digest=init_digest)

    def dataset(self, config: Config) -> Dataset:
        """Return what a run is trained on."""
        if config.dataset not in self.datasets:  # a search can suggest another number held out
            self.datasets[config.dataset] = read_apart(config)
        return self.datasets[config.dataset]


@dataclass(frozen=True, kw_only=True)
class Prepared(Checked):
    """What the runs of a sweep have in common when they can be trained.

    Attributes:
        tracker: of its experiment.
        locks: of its folder of checkpoints.
    """

    tracker: Tracker
    locks: RunLocks

    def started(self, job: Job, membership: Membership) -> Job:
        """Return a job as it is started: on its device, below its sweep, its cost known."""
        known, dataset = self.known(job.config), self.dataset(job.config)
        identity, chain = fingerprint(known, dataset.digest), self.chain(job.config, membership)
        begun = started(job, known, membership)
        unstarted = UnstartedRun(
            begun.config, job.overrides, identity, dataset, self.tracker, self.locks, membership
        )
        return replace(
            begun,
            cost=cost_of(known, dataset),
            is_claimed=partial(self._is_claimed, identity, chain, known),
            chain=chain,
            record_failure=unstarted.record_failure,
        )

    def _is_claimed(self, identity: str, chain: str, config: Config) -> bool:
        """Return whether another process trains a run, or its first epochs, at this moment."""
        turns = Turns(self.locks)
        with suppress(OSError):  # of a full disk, say: the run says so, and the others go on
            if self.locks.is_held(identity):
                return True
            return bool(chain) and turns.is_worth_waiting(chain, config)
        return False


def prepare(
    jobs: Sequence[Job],
    count_gpus: Callable[[Config], int],
) -> Prepared:
    """Check all that runs such as these need, and tidy up after dead ones.

    Args:
        jobs: at least one.
        count_gpus: returns how many GPUs there are where the runs are trained.

    Raises:
        UserError: something is wrong, as a network that does not build; nothing is recorded.
    """
    tell("Checking what runs need ...")
    configs = [each.config for each in jobs]
    check_common(configs)
    first = configs[0]
    probe(resolve_uri(first.tracking.uri))
    tracker = Tracker(first.tracking.uri, first.tracking.experiment)
    locks = RunLocks(Path(first.checkpoint_dir))
    close_abandoned(tracker, locks)  # before: nothing is mended while a run is RUNNING
    tracker.check_artifacts()
    checked = check_runs(configs, count_gpus)
    checked.tried(configs)
    return Prepared(tracker=tracker, locks=locks, **vars(checked))


def check_common(configs: Sequence[Config]) -> None:
    """Check what all runs of a sweep have in common: that MXNet is there, and fields that must be.

    Raises:
        UserError: naming what is wrong.
    """
    need_mxnet()
    check_command(configs[0].notify.command)
    shared = [name for name, info in declared(Config).items() if Mark.ONE_PER_SWEEP in info.marks]
    for field in shared:
        if any(getattr(each, field) != getattr(configs[0], field) for each in configs):
            raise UserError(f"{field}: cannot be swept over; it is one for all runs of a sweep")


def check_runs(
    configs: Sequence[Config],
    count_gpus: Callable[[Config], int],
    others: Collection[DatasetConfig] = (),
) -> Checked:
    """Check that runs fit their images, and that there is what they are trained on.

    Args:
        configs: at least one.
        count_gpus: returns how many GPUs there are where the runs are trained.
        others: datasets of the same sweep, whose runs were checked before.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    of_each = {each.dataset: each for each in configs}
    check_unread([*of_each, *others])
    datasets = {dataset: read_apart(each) for dataset, each in of_each.items()}
    for each in configs:
        check_fits(each, datasets[each.dataset])
    gpus = count_gpus(configs[0])
    contexts = dict.fromkeys(str(each.context) for each in configs)
    devices: dict[str, Device] = {"cpu": "cpu", "gpu": "gpu"}
    devices |= {context: resolve(context, gpus) for context in contexts}
    return Checked(datasets=datasets, devices=devices, networks={}, starts={})


def announce(checked: Checked, configs: Sequence[Config], runs: Sequence[str] | None) -> None:
    """Try the networks that have to be tried, and print what is about to be trained.

    Args:
        checked: what is known of the runs.
        configs: of the runs.
        runs: lines that announce them; None to list them.

    Raises:
        UserError: a network does not build, or does not fit the images.
    """
    notes = [each.note for each in checked.tried(configs)]
    values = values_of(params(each) for each in configs)
    tracking = configs[0].tracking
    show_plan(
        listed(len(configs), values) if runs is None else runs,
        values,
        list(dict.fromkeys(dataset.describe() for dataset in checked.datasets.values())),
        place_of(resolve_uri(tracking.uri), tracking.experiment),
        " and ".join(dict.fromkeys(checked.device(each) for each in configs)),
    )
    show_notes([*unused_variables(tracking.experiment), unshared_note(configs[0]), *notes])
