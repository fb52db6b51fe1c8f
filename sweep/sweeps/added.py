"""Runs that are added to a sweep while it is at work: composed, checked and looked up as others."""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sweep.config.compose import GROUP_KEYS, fields
from sweep.config.explain import explain_composition, is_composition_error
from sweep.config.overrides import HYDRA
from sweep.config.schema import Config
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.execution.adding import Added
from sweep.execution.foreign import AnyLauncher
from sweep.execution.job import Job
from sweep.runs.membership import Membership
from sweep.runs.resume import all_prior_runs
from sweep.sweeps.by_others import check_code, check_words
from sweep.sweeps.checks import Prepared, check_common, check_runs
from sweep.sweeps.combinations import Source, combinations_of, in_the_place_of
from sweep.sweeps.compose import Composer
from sweep.sweeps.sharing import in_chains, states_of
from sweep.tracking import ADDED_FILE, PlannedRun, Plans, reason

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Grid:
    """What a sweep's runs are the combinations of.

    Attributes:
        composer: of runs.
        given: overrides of the command.
        source: of combinations besides those.
    """

    composer: Composer
    given: Sequence[str]
    source: Source

    def changed(self, overrides: Sequence[str]) -> list[Job]:
        """Return the runs that there are with other overrides in the place of the command's own.

        Their numbers are not yet those of the sweep.

        Raises:
            UserError: something is wrong with them.
        """
        given = in_the_place_of(self.given, overrides)
        try:
            rows = combinations_of(self.composer, given, self.source.rows())
            rows = self.source.kept(rows, self.composer)
            return [self.composer.job(number, each) for number, each in enumerate(rows)]
        except Exception as error:
            if not is_composition_error(error):
                raise
            why = explain_composition(error, overrides, fields(), GROUP_KEYS)
            raise UserError(f"add {' '.join(overrides)}: {why}") from error


class MoreRuns:
    """Makes jobs of overrides that a user adds.

    Attributes:
        keys: the fingerprints of all runs that the sweep has by now.
    """

    def __init__(
        self,
        prepared: Prepared,
        jobs: Sequence[Job],
        keys: Sequence[str],
        membership: Membership,
        grid: Grid,
        launcher: AnyLauncher,
        plans: Plans,
    ) -> None:
        """Take the sweep as it is.

        Args:
            prepared: what its runs have in common.
            jobs: all of them, trained or not.
            keys: their fingerprints.
            membership: of its runs.
            grid: what they are the combinations of.
            launcher: trains them.
            plans: keep that there are more.
        """
        self._prepared, self._membership, self._plans = prepared, membership, plans
        self._first, self._next_number = jobs[0], len(jobs)
        self._grid, self._launcher = grid, launcher
        self.keys = list(keys)

    def __call__(self, overrides: Sequence[str]) -> Added:
        """Compose and check runs; find out which are trained already.

        Raises:
            UserError: something is wrong with them; the sweep has none of them.
        """
        return self._added(self._composed(overrides))

    def for_others(self, overrides: Sequence[str]) -> Added:
        """Do the same for other users than the sweep's own, who may add no code.

        Raises:
            UserError: something is wrong, or not for them to add; the sweep has none of the runs.
        """
        check_words(overrides)
        jobs = self._composed(overrides)
        check_code([job.config for job in jobs], self._first.config)
        return self._added(jobs)

    def _composed(self, overrides: Sequence[str]) -> list[Job]:
        for each in overrides:
            if each.lstrip("+~").startswith((*HYDRA, "sweep.")):
                raise UserError(
                    f"add {each}: is one for all runs of a sweep; allowed are overrides of runs"
                )
        return self._grid.changed(overrides)

    def _added(self, jobs: Sequence[Job]) -> Added:
        self._check([job.config for job in jobs])
        new: dict[str, Job] = {}
        for job in jobs:
            key = self._prepared.fingerprint(job.config)
            if key not in self.keys:
                new.setdefault(key, job)
        missing = self._missing(new)
        self.keys += new
        return Added(missing, _told(len(jobs), len(new), missing))

    def again(self, added: Iterable[Sequence[str]]) -> list[Job]:
        """Return jobs that are missing of what was added before, and say which."""
        jobs: list[Job] = []
        for overrides in added:
            asked = f"  add {' '.join(overrides)}, as before"
            try:
                found = self(overrides)
            except UserError as error:  # since something has changed meanwhile
                show_lines(f"{asked}: {' '.join(str(error).split())}")
            else:
                jobs += found.jobs
                show_lines(f"{asked}: {found.text}")
        return jobs

    def _missing(self, new: Mapping[str, Job]) -> list[Job]:
        """Return those that are not trained yet, as they are started."""
        prepared, folder = self._prepared, self._prepared.locks.folder
        rerun = self._first.config.rerun
        found = {} if rerun else all_prior_runs(new, prepared.tracker, prepared.locks)
        missing = [key for key in new if key not in found or not found[key].trained]
        chained = {}
        for number, key in enumerate(missing, self._next_number):
            job = self._grid.composer.job(number, new[key].overrides)
            chained[key] = replace(job, chain=prepared.chain(job.config))
        self._next_number += len(missing)
        begun = [prepared.started(job, self._membership) for job in chained.values()]
        self._plans.take(len(new), planned([*chained], begun))
        self._keep_plans()
        return in_chains(begun, states_of(chained, found, folder))

    def _keep_plans(self) -> None:
        """Record that there are more runs; who watches sees them when they begin, if that fails."""
        try:
            self._plans.keep()
        except Exception as error:  # the record is away; the runs are trained all the same
            log.warning("what was added could not be recorded as planned: %s", reason(error))

    def _check(self, configs: Sequence[Config]) -> None:
        """Check new runs as those that were there from the beginning.

        Raises:
            UserError: something is wrong.
        """
        check_common([self._first.config, *configs])
        self._launcher.check([self._first.config, *configs])
        checked = check_runs(configs, self._launcher.count_gpus, self._prepared.datasets)
        self._prepared.datasets.update(checked.datasets)
        prepared = replace(self._prepared, devices={**self._prepared.devices, **checked.devices})
        prepared.tried(configs)
        self._prepared = prepared


def planned(keys: Iterable[str], jobs: Iterable[Job]) -> list[PlannedRun]:
    """Return what is kept of runs that are about to be trained.

    Args:
        keys: their fingerprints.
        jobs: the same runs, as they are started.
    """
    pairs = zip(keys, jobs, strict=True)
    return [PlannedRun(key, job.name, job.cost) for key, job in pairs]


def _told(composed: int, new: int, begun: Sequence[Job]) -> str:
    numbers = ", ".join(str(job.number) for job in begun)
    told = [f"{count(len(begun), 'run')} added{f' ({numbers})' if begun else ''}"]
    if there := composed - new:
        told.append(f"{there:,} in the sweep already")
    if trained := new - len(begun):
        told.append(f"{trained:,} trained already")
    return "; ".join(told)


def added_before(text: str | None) -> list[list[str]]:
    """Return the overrides that a sweep's record says were added to it; say if some are no such.

    Args:
        text: a list of lists of texts, as JSON; None without one.
    """
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    lists = found if isinstance(found, list) else []
    kept = [each for each in lists if _are_overrides(each)]
    if len(kept) < len(lists) or lists is not found:
        show_lines(
            f"{ADDED_FILE} of the sweep's record cannot be read: what was added before is not "
            "trained, unless it is added again"
        )
    return kept


def _are_overrides(given: object) -> bool:
    return isinstance(given, list) and bool(given) and all(isinstance(each, str) for each in given)
