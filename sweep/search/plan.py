"""What a search is about to do: checked, announced, and recognised when it goes on."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sweep.config.fields import Before, Mark, declared
from sweep.config.overrides import describing
from sweep.config.params import params, score_metric
from sweep.config.schema import Config, Search
from sweep.digests import identity_of
from sweep.display.console import count
from sweep.errors import UserError, in_full
from sweep.optional import need
from sweep.search.choices import PRUNERS, SAMPLERS
from sweep.search.dimensions import Dimension
from sweep.search.enqueued import check_room, enqueued
from sweep.search.pausing import Pauses
from sweep.search.rules import RULE, in_study
from sweep.search.space import Space
from sweep.search.stored import SOURCE

MOST_COMBINATIONS = 100_000  # of a grid, which are listed for each suggestion


@dataclass(frozen=True)
class Plan:
    """A search.

    Attributes:
        space: what is searched.
        config: of one of its runs.
        command: the search's own overrides; they name it.
    """

    space: Space
    config: Config
    command: Sequence[str]

    @cached_property
    def objectives(self) -> tuple[str, ...]:
        """The metrics that are made better."""
        return self.config.search.objectives or (score_metric(self.config),)

    @cached_property
    def n_trials(self) -> int:
        """How many trials the study shall have in all."""
        wanted = self.config.search.n_trials
        tries_all = SAMPLERS[self.config.search.sampler].tries_all
        return int(min(wanted, self.space.size())) if tries_all else wanted

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that make it the same study."""
        settings, infos = asdict(self.config.search), declared(Search)
        return {
            key: each
            for key, each in settings.items()
            if Mark.STUDY_MAY_CHANGE not in infos[key].marks
            and infos[key].before != Before(each)  # or studies of older versions were others
        }

    def about(self, digests: Iterable[str], modules: Path | None = None) -> dict[str, Any]:
        """Return what makes it the same study; can be written as JSON.

        Args:
            digests: of the datasets.
            modules: the folder with users' modules that take part, named for their identity.
        """
        searched = {each.name for each in self.space.dimensions}
        fixed = params(self.config).items()
        return {
            "searched": self.space.describe(),
            **{key: text for key, text in fixed if key not in searched},
            **{f"search.{key}": each for key, each in self.settings.items()},
            RULE: in_study(self.config.search, self.config.epochs),
            "search.objectives": list(self.objectives),
            "dataset.digests": sorted(set(digests)),
            **({SOURCE: modules.name} if modules else {}),
        }

    def announced(self) -> list[str]:
        """Return lines that say what is searched, and how."""
        search, space = self.config.search, self.space
        by = f" by {search.prune_by}" if search.prune_by else ""
        pruned = f", pruned by {search.pruner}{by}" if search.pruner else ""
        budget = f", within {in_full(search.time_budget)} s" if search.time_budget else ""
        head = f"search of {count(self.n_trials, 'run')} by {search.sampler}{pruned}{budget}:"
        fixed = [f"  {each}" for each in describing(space.fixed)]
        first = [space.varied(each) for each in enqueued(search, space)]
        tried = [f"  first: {' '.join(each)}" for each in first]
        return [head, *map(_announced, space.dimensions), *tried, *fixed]


def _announced(dimension: Dimension) -> str:
    only = f", with {dimension.condition} alone" if dimension.condition else ""
    return f"  {dimension.name}: {dimension.text}{only}"


def key_of(about: Any) -> str:
    """Return 16 hex digits that identify what a study searches."""
    return identity_of(about)


def check(plan: Plan, configs: Iterable[Config]) -> None:
    """Check what a search needs of its runs, and its settings of each other.

    Args:
        plan: the search.
        configs: of runs at the ends of its space.

    Raises:
        UserError: naming the field, its value and what is allowed.
    """
    of_each = list(configs)
    for config in of_each:
        _check_run(config)
        _check_pruner(config, plan.objectives)
    _check_epochs(plan.config.search, {each.epochs for each in of_each})
    if len({*plan.objectives}) < len(plan.objectives):
        raise UserError(f"search.objectives=[{','.join(plan.objectives)}]: has one of them twice")
    _check_sampler(plan)
    check_room(enqueued(plan.config.search, plan.space), 0, plan.n_trials)


def _check_run(config: Config) -> None:
    if not config.dataset.validates:
        raise UserError(
            "dataset.val_size=0: leaves nothing to choose by, and the test set is not for choosing;"
            " allowed with hydra/sweeper=optuna is 1 or more"
        )
    if config.rerun:
        raise UserError(
            "rerun=true: a search trains nothing again; allowed with hydra/sweeper=optuna is false"
        )


def _check_pruner(config: Config, objectives: Sequence[str]) -> None:
    search = config.search
    if search.prune_by:
        _check_prune_by(search, objectives)
    if search.pruner is None:
        return
    PRUNERS[search.pruner]  # noqa: B018 - raises what is allowed
    if len(objectives) > 1 and not search.prune_by:
        raise UserError(
            f"search.pruner={search.pruner}: stops runs by one metric, and there are "
            f"{len(objectives)} objectives; allowed is to say which, as in "
            f"search.prune_by={score_metric(config)}"
        )
    if len(objectives) == 1 and list(objectives) != [score_metric(config)]:
        raise UserError(
            f"search.pruner={search.pruner}: stops runs by {score_metric(config)} alone (monitor)"
            f"; allowed with search.objectives=[{','.join(objectives)}] is null"
        )
    if search.min_epochs >= config.epochs:
        raise UserError(
            f"search.min_epochs={search.min_epochs}: no run would be pruned; allowed with "
            f"epochs={config.epochs} is less"
        )


def _check_epochs(search: Search, epochs: Collection[int]) -> None:
    if len(epochs) > 1 and Pauses(search, max(epochs)).any:
        raise UserError(
            f"epochs={','.join(map(str, sorted(epochs)))}: is searched, and "
            f"search.pruner={search.pruner} pauses runs that have as many epochs; allowed is one "
            "number of epochs, or search.pruner=null"
        )


def _check_prune_by(search: Search, objectives: Sequence[str]) -> None:
    if search.pruner is None:
        raise UserError(
            f"search.prune_by={search.prune_by}: no run is stopped with search.pruner=null; "
            f"allowed is null, or a pruner: {', '.join(PRUNERS.names())}"
        )
    if len(objectives) == 1:
        raise UserError(
            f"search.prune_by={search.prune_by}: there is one objective, {objectives[0]}, by which "
            "runs are stopped; allowed is null, or several search.objectives"
        )


def _check_sampler(plan: Plan) -> None:
    name = plan.config.search.sampler
    sampler = SAMPLERS[name]
    if sampler.package:
        what = f"search.sampler={name} needs {sampler.package}"
        need(sampler.extra, sampler.package, what)
    if len(plan.objectives) > 1 and not sampler.several_objectives:
        others = [each for each in SAMPLERS.names() if SAMPLERS[each].several_objectives]
        raise UserError(
            f"search.sampler={name}: has one objective; allowed with more: {', '.join(others)}"
        )
    if plan.config.search.warm_start and not sampler.learns_from_all:
        raise UserError(
            f"search.warm_start={plan.config.search.warm_start}: search.sampler={name} learns "
            "nothing from runs that it has not suggested itself; allowed: null, or another "
            "sampler"
        )
    if sampler.tries_all:
        if plan.config.search.warm_start:
            raise UserError(
                f"search.warm_start={plan.config.search.warm_start}: search.sampler={name} tries "
                "all combinations, whatever is known; allowed: null, or another sampler"
            )
        if plan.config.search.enqueue:
            raise UserError(
                f"search.enqueue: search.sampler={name} tries all combinations, whatever is first; "
                "allowed: null, or another sampler"
            )
        for each in plan.space.dimensions:
            if each.condition:
                raise UserError(
                    f"{each.key}={each.text}: is searched with {each.condition} alone, and "
                    f"search.sampler={name} tries all combinations; allowed: another sampler, or a "
                    f"search for each {each.condition.group}"
                )
            if each.values is None:
                raise UserError(
                    f"{each.key}={each.text}: has no end of values, and search.sampler={name} "
                    "tries all; allowed: a range, or choices"
                )
        if (size := plan.space.size()) > MOST_COMBINATIONS:
            raise UserError(
                f"search.sampler={name}: keeps a list of all {size:,.0f} combinations; allowed are "
                f"at most {MOST_COMBINATIONS:,}, or another sampler"
            )
