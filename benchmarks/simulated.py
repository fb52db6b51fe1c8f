"""Searches whose runs are simulated: what an epoch reaches is known, and nothing is trained."""

import copy
import itertools
import zlib
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Protocol

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.storages import _in_memory
from optuna.trial import FrozenTrial, Trial, TrialState, _trial
from replayed import Curve

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS
from sweep.search.multifidelity import comparable
from sweep.search.pausing import GOAL, Pauses, stopping
from sweep.search.space import Space


class Simulated(Protocol):
    """A search in memory."""

    def worker(self) -> Iterator[float]:
        """Yield what each epoch reaches, when it begins; it ends when the next one is asked for."""


def accuracies(search: Simulated, workers: int) -> Iterator[float]:
    """Yield what each epoch reaches, in the order in which they begin.

    All epochs take the same time. The workers begin one after the other, so that none ends at the
    same time as another.
    """
    at_work = [search.worker() for _ in range(workers)]
    yield from (next(each) for each in itertools.cycle(at_work))


def copy_shallowly() -> None:
    """Let Optuna copy trials in memory shallowly, for this process: most of a replay's time.

    It replaces what it changes of a trial, and so suggests the same values.
    """
    for module in (_in_memory, _trial):
        module.copy = SimpleNamespace(copy=copy.copy, deepcopy=copy.copy)  # type: ignore[attr-defined]


class Ours:
    """This program's search, as :class:`sweep.search.study.Study` does it."""

    def __init__(self, search: Search, space: Space, curve: Curve, epochs: int, seed: int) -> None:
        """Take its settings.

        Args:
            search: of the search; its seed does not count.
            space: what is searched.
            curve: that runs have.
            epochs: of a run that is trained to its end.
            seed: of the suggestions.
        """
        self._search, self._space, self._curve = search, space, curve
        self._epochs, self._seed = epochs, seed
        self._pauses, self._sampler = Pauses(search, epochs), SAMPLERS[search.sampler]
        # Optuna's Hyperband tells a trial's bracket by the study's name and the trial's number.
        self._new_study = partial(
            optuna.create_study,
            study_name=f"search {seed}",
            direction="maximize",
            pruner=stopping(search, epochs),
        )
        self._study = self._new_study()
        self._busy: set[int] = set()

    def worker(self) -> Iterator[float]:
        """Yield what each epoch reaches."""
        while True:
            trials = self._study.get_trials(deepcopy=False)
            found = self._pauses.promotion(trials, maximize=True, busy=self._busy)
            if found:
                self._study._storage.set_trial_user_attr(found.trial._trial_id, GOAL, found.goal)
            number = found.trial.number if found else self._ask(trials)
            self._busy.add(number)
            yield from self._train(number)
            self._busy.remove(number)

    def _ask(self, trials: list[FrozenTrial]) -> int:
        seed = zlib.crc32(f"{self._seed} {len(trials)}".encode())
        told = [self._pauses.as_sampled(each) for each in trials]
        distributions = self._space.distributions
        if self._search.pruner:
            told = comparable(told, self._search, self._epochs, len(distributions))
        sampler = self._sampler.create(self._search, self._space, seed)
        memory = self._new_study(sampler=sampler)
        memory.add_trials(told)
        if not trials and self._sampler.begins_in_the_middle:
            memory.enqueue_trial(self._space.middle())
        memory.ask(distributions)
        self._study.add_trial(memory.get_trials(deepcopy=False)[-1])
        return len(trials)

    def _train(self, number: int) -> Iterator[float]:
        known = self._study.get_trials(deepcopy=False)[number]
        trial, goal = Trial(self._study, known._trial_id), self._pauses.goal(known)
        values = self._curve(known.params)
        for epoch in range((known.last_step or 0) + 1, self._epochs + 1):
            yield values[epoch - 1]
            trial.report(values[epoch - 1], epoch)
            if epoch == goal < self._epochs:
                return
            if epoch < self._epochs and trial.should_prune():
                self._study.tell(number, state=TrialState.PRUNED)
                return
        self._study.tell(number, max(values))


class Optunas:
    """A study of Optuna's, by its ask-and-tell interface."""

    def __init__(
        self, sampler: BaseSampler, pruner: BasePruner, space: Space, curve: Curve, name: str
    ) -> None:
        """Take its sampler, its pruner, what is searched, the curves that runs have, and a name."""
        self._study = optuna.create_study(
            study_name=name, direction="maximize", sampler=sampler, pruner=pruner
        )
        self._space, self._curve = space, curve

    def worker(self) -> Iterator[float]:
        """Yield what each epoch reaches."""
        while True:
            trial = self._study.ask(self._space.distributions)
            yield from self._train(trial)

    def _train(self, trial: Trial) -> Iterator[float]:
        reached = self._curve(trial.params)
        for epoch, accuracy in enumerate(reached, 1):
            yield accuracy
            trial.report(accuracy, epoch)
            if epoch < len(reached) and trial.should_prune():
                self._study.tell(trial, state=TrialState.PRUNED)
                return
        self._study.tell(trial, reached[-1])
