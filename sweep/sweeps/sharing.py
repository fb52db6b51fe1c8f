"""Which runs of a sweep have epochs in common: these are trained once."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from sweep.config.schema import Config
from sweep.execution.job import Job
from sweep.runs.resume import PriorRuns
from sweep.runs.states import KeptStates
from sweep.runs.turns import end_of
from sweep.tracking import FoundRun
from sweep.training.checkpoints import last_epoch

States = Mapping[int, Collection[int]]  # a run's number: after which epochs it can go on


class Planned(Protocol):
    """A run that is planned."""

    @property
    def number(self) -> int:
        """In the sweep."""

    @property
    def config(self) -> Config:
        """Its configuration."""

    @property
    def chain(self) -> str:
        """What it shares with runs that go on from one another; empty for none."""


AnyPlanned = TypeVar("AnyPlanned", bound=Planned)


@dataclass(frozen=True)
class Epochs:
    """How many epochs runs have, and how many of them are not trained yet; both at most."""

    in_all: int
    to_train: int


def in_chains(jobs: Sequence[Job], states: States) -> list[Job]:
    """Return jobs in the order in which each goes on from the one before it in its chain.

    The cost of each is then that of the epochs which are left to it.
    """
    return [
        replace(job, cost=job.cost * (1 - before / job.config.epochs))
        for job, before in going_on(jobs, states)
    ]


def epochs_of(runs: Sequence[Planned], states: States) -> Epochs:
    """Return how many epochs runs have."""
    to_train = sum(run.config.epochs - before for run, before in going_on(runs, states))
    return Epochs(sum(run.config.epochs for run in runs), to_train)


def going_on(runs: Sequence[AnyPlanned], states: States) -> Iterator[tuple[AnyPlanned, int]]:
    """Yield runs, chain by chain, each with the epochs that it goes on after."""
    for chain in _chains(runs):
        before = 0
        for run in chain:
            own = [each for each in states.get(run.number, ()) if each <= run.config.epochs]
            yield run, max([before, *own])
            before = run.config.epochs


def states_of(
    runs: Mapping[str, Planned], found: Mapping[str, PriorRuns[FoundRun]], folder: Path
) -> dict[int, set[int]]:
    """Return after which epochs there are states that runs can go on from, by their numbers.

    Args:
        runs: by their fingerprints.
        found: how they stand in the record, but the new ones.
        folder: of the checkpoints.
    """
    states = {}
    kept = KeptStates(folder, 0).epochs()
    for key, run in runs.items():
        begun = found[key].begun if key in found else None
        own = {last_epoch(folder / begun.run_id)} if begun else set()
        states[run.number] = own | kept.get(run.chain, set())
    return states


def _chains(runs: Sequence[AnyPlanned]) -> list[list[AnyPlanned]]:
    """Return the runs of each chain, those that end first before the others."""
    chains: defaultdict[str, list[AnyPlanned]] = defaultdict(list)
    for run in runs:
        chains[run.chain or f"alone {run.number}"].append(run)
    return [sorted(chain, key=lambda run: end_of(run.config)) for chain in chains.values()]
