"""A study: what Optuna keeps of a search, what it suggests next, and which run goes on."""

import uuid
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal

import optuna
from optuna.pruners import NopPruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from sweep.config.schema import Search
from sweep.search.choices import SAMPLERS
from sweep.search.conditional import suggest
from sweep.search.enqueued import ENQUEUED, Params, enqueued, key_of, untried
from sweep.search.multifidelity import comparable
from sweep.search.one_metric import prefers_more, without_curves
from sweep.search.pausing import GOAL, Pauses, Promotion, stopping
from sweep.search.reported import ReportedTrial
from sweep.search.rules import RULE
from sweep.search.space import Space
from sweep.search.storage import OPENING, create_storage, explained, locked
from sweep.search.stored import ABOUT, check_new, check_same
from sweep.search.warm_start import WarmStart

Direction = Literal["maximize", "minimize"]
Chooser = Callable[[Sequence[FrozenTrial], bool, Collection[int]], Promotion | None]
RUN_ID = "run_id"  # an attribute of a trial
ASKED = "asked"  # another: the id of a suggestion, since two searches may store at once
WARM_START = "warm_start"  # the attribute of a study that says what it began with

optuna.logging.set_verbosity(optuna.logging.ERROR)


class Study:
    """A study in its storage.

    A suggestion depends on nothing but the search's seed, the number of trials before it, what
    became of these, and what is to be tried first; so it is the same whether or not the search was
    interrupted.

    Attributes:
        name: the study's.
    """

    def __init__(
        self,
        search: Search,
        name: str,
        epochs: int,
        space: Space,
        directions: Sequence[Direction],
        about: Any,
        measured: Sequence[str] = (),
    ) -> None:
        """Open the study, or create it.

        Args:
            search: its settings.
            name: under which it is stored.
            epochs: of its runs.
            space: what is searched.
            directions: ``maximize`` or ``minimize``, for each objective.
            about: what must be the same whenever the study goes on; can be written as JSON.
            measured: what ``metrics`` is of its runs, where a user's own say which end is better.

        Raises:
            UserError: the storage cannot be used; or the study is one of another search.
        """
        self.name, self._search, self._epochs, self._space = name, search, epochs, space
        self._directions, self._enqueued = directions, enqueued(search, space)
        self._sampler, self._measured = SAMPLERS[search.sampler], measured
        self._warm: list[FrozenTrial] = []
        self._pauses = Pauses(search, epochs)
        with explained(search.storage, *OPENING):
            self._study = optuna.create_study(
                storage=create_storage(search.storage),
                study_name=name,
                directions=directions,
                load_if_exists=True,
                sampler=RandomSampler(),
            )
            # Before what it is about, which another process sets before it has any trial.
            trials = len(self._study.get_trials(deepcopy=False))
            before = self._study.user_attrs.get(ABOUT)
            if before is None:
                check_new(name, trials, self._study.directions, directions)
                self._study.set_user_attr(ABOUT, about)
                self._study.set_user_attr(RULE, search.pruner)
        check_same(name, before, about)

    def count(self) -> int:
        """Return how many trials there are, however they ended."""
        return len(self._trials())

    def begun(self) -> list[FrozenTrial]:
        """Return the trials that have not ended, and are not paused."""
        return [each for each in self._unfinished() if not self._pauses.is_paused(each)]

    def paused(self) -> list[FrozenTrial]:
        """Return the trials that wait at their rung."""
        return [each for each in self._unfinished() if self._pauses.is_paused(each)]

    def promote(self, busy: Collection[int]) -> FrozenTrial | None:
        """Let the best trial go on that may; return it, or None if none may.

        Args:
            busy: the numbers of the trials that are being trained still.
        """
        return self._go_on(self._pauses.promotion, busy)

    def promote_last(self) -> FrozenTrial | None:
        """Let the best trial be trained to its end if none has been, and nothing else is left."""
        return self._go_on(self._pauses.last_promotion, busy=())

    def _go_on(self, next_of: Chooser, busy: Collection[int]) -> FrozenTrial | None:
        if not self._pauses.any:
            return None
        with explained(self._search.storage), locked(self._search.storage):
            maximize = prefers_more(self._search, self._directions, self._measured)
            found = next_of(self._trials(), maximize, busy)
            if found:
                Trial(self._study, found.trial._trial_id).set_user_attr(GOAL, found.goal)
            return found.trial if found else None

    def _unfinished(self) -> list[FrozenTrial]:
        return [each for each in self._trials() if not each.state.is_finished()]

    def begin_with(self, find: Callable[[], WarmStart]) -> WarmStart:
        """Take in what is known from runs that are none of its trials; the first time counts.

        Args:
            find: returns it; called unless it is stored already.
        """
        with explained(self._search.storage):
            stored = self._study.user_attrs.get(WARM_START)
        known = WarmStart.from_json(stored) if stored else find()
        self._warm = [each.trial(self._space) for each in known.runs]
        if known.runs and not stored:
            with explained(self._search.storage):
                self._study.set_user_attr(WARM_START, known.as_json())
        return known

    def untried(self) -> list[Params]:
        """Return what is to be tried first and has no trial yet."""
        return untried(self._enqueued, self._trials())

    def ask(self, n_trials: int) -> FrozenTrial | None:
        """Return a new trial; None if there are so many already.

        It is suggested in memory and then stored at once: a trial that was stored value by value
        could be left without some of them.
        """
        with explained(self._search.storage), locked(self._search.storage):
            before = self._trials()
            if len(before) >= n_trials:
                return None
            memory = optuna.create_study(
                study_name=self.name,
                directions=self._directions,
                sampler=self._sampler_of(len(before)),
                # Some samplers ask for its brackets. Hyperband tells a trial's by its number, which
                # is another one with others before it: then all brackets suggest together.
                pruner=NopPruner() if self._warm else stopping(self._search, self._epochs),
            )
            memory.add_trials(self._known([*self._warm, *before]))
            own = uuid.uuid4().hex
            for first in untried(self._enqueued, before)[:1]:
                memory.enqueue_trial(dict(first), {ENQUEUED: key_of(first)})
            if not (self._warm or before or self._enqueued) and self._sampler.begins_in_the_middle:
                memory.enqueue_trial(self._space.middle())
            suggest(memory, self._space).set_user_attr(ASKED, own)
            asked = memory.get_trials(deepcopy=False)[-1]
            with explained(self._search.storage):
                self._study.add_trial(asked)
            new = self._trials()[len(before) :]
            return next(each for each in new if each.user_attrs.get(ASKED) == own)

    def tell(
        self, number: int, state: TrialState, values: Sequence[float] | None, run_id: str
    ) -> None:
        """Take in how a trial ended, and its run's id, unless that is known."""
        with explained(self._search.storage):
            known = self._trials()[number]
            if not known.state.is_finished():
                Trial(self._study, known._trial_id).set_user_attr(RUN_ID, run_id)
                self._study.tell(number, values, state, skip_if_finished=True)

    def fill_in(self, number: int, curve: Callable[[], Mapping[int, float]]) -> None:
        """Report what a trial has not, of a run that is over, where runs are compared by curves.

        What was trained before, or for another search, reports nothing itself.

        Args:
            number: of the trial.
            curve: returns what the run reached, by the epoch; called if there is need.
        """
        if self._search.pruner is None:
            return
        with explained(self._search.storage):
            known = self._trials()[number]
            if not known.state.is_finished() and (known.last_step or 0) < self._epochs:
                trial = ReportedTrial(self._search, self.name, number, self._epochs, self._measured)
                trial.end(sorted(curve().items()))

    def run_ids(self) -> list[str]:
        """Return the ids of the runs that were trained to their end."""
        complete = [each for each in self._trials() if each.state == TrialState.COMPLETE]
        return [each.user_attrs[RUN_ID] for each in complete]

    def best(self) -> list[FrozenTrial]:
        """Return the best trial; of several objectives, all that no other is better than."""
        if not any(each.state == TrialState.COMPLETE for each in self._trials()):
            return []
        return list(self._study.best_trials)

    def _known(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Return what a sampler is told of these trials."""
        trials = [self._pauses.as_sampled(each) for each in trials]
        if len(self._directions) > 1:
            return without_curves(trials)
        if self._search.pruner is None or not self._sampler.compares_pruned:
            return trials
        return comparable(trials, self._search, self._epochs, len(self._space.distributions))

    def _sampler_of(self, number: int) -> BaseSampler:
        """Return what suggests the trial of this number.

        It is made anew for each: a generator of random numbers that had gone on from trial to trial
        would begin again after an interruption, and suggest the same once more.
        """
        seed = zlib.crc32(f"{self._search.seed} {number}".encode())
        return self._sampler.create(self._search, self._space, seed)

    def _trials(self) -> list[FrozenTrial]:
        with explained(self._search.storage):
            return self._study.get_trials(deepcopy=False)
