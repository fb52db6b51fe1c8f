"""A sweep with ``seed=auto``: rows get seeds until it is decided which of them is best.

What is decided depends on nothing but runs that are recorded, and on whole looks: so the same
command comes to the same, wherever it was interrupted.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hydra.core.utils import JobReturn, JobStatus

from sweep.config.schema import Config
from sweep.display.console import show_lines
from sweep.display.seeds import in_words, show_seeds, show_verdict
from sweep.errors import UserError
from sweep.execution.adding import Added
from sweep.execution.foreign import AnyLauncher
from sweep.execution.job import Job
from sweep.execution.steering import Steering
from sweep.runs.control_folder import ControlFolder
from sweep.runs.membership import Membership
from sweep.sweeps import grid
from sweep.sweeps.auto_seed import SeedChoice
from sweep.sweeps.checks import Prepared
from sweep.sweeps.parent_run import record_sweep
from sweep.sweeps.seed_table import SeedTable, what_repeats
from sweep.sweeps.settings import OF_SEEDS, settings_of
from sweep.tracking import DECIDED_BY, SEEDS, TIED_RUNS, Plans, explained_errors

if TYPE_CHECKING:
    from sweep.tracking import Record

TAG_LETTERS = 5_000  # that every store takes


def first_runs(combinations: Sequence[Job], seeds: SeedChoice) -> list[Job]:
    """Return the runs of the first look.

    Args:
        combinations: with the first seed.
        seeds: makes the others.
    """
    least = combinations[0].config.seeds.min
    return [seeds.job(each, seed) for seed in range(least) for each in combinations]


def announce(combinations: Sequence[Job]) -> None:
    """Say how many runs there will be."""
    bounds = combinations[0].config.seeds
    rows = {what_repeats(each.config) for each in combinations}
    show_seeds(len(rows), len(combinations), bounds.min, bounds.max)


def sweep_until_decided(
    combinations: Sequence[Job], seeds: SeedChoice, command: Sequence[str], launcher: AnyLauncher
) -> Sequence[JobReturn]:
    """Check, announce, train and compare rows, with more seeds for those that may be the best.

    Args:
        combinations: at least one, with the first seed, composed and checked.
        seeds: makes the others.
        command: the sweep's own overrides, as in ``optim.lr=0.1,0.2``; they name it.
        launcher: trains them.

    Raises:
        UserError: a combination, or what it needs, is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    plan = grid.plan_of(first_runs(combinations, seeds), launcher)
    config = combinations[0].config
    table = SeedTable(combinations, seeds, plan.prepared)
    if not plan.rerun:
        table.catch_up()

    def train(record: "Record") -> Sequence[JobReturn]:
        if plan.rerun:
            table.count_only(record.run_id)
        more = MoreSeeds(table, plan.missing, plan.prepared, record.run_id)
        folder = ControlFolder(plan.prepared.locks.folder, record.run_id)
        further = grid.Further(
            keys=lambda: [*plan.keys, *more.keys],
            source=more,
            steering=Steering(folder, record, _cannot_add, _cannot_add),
            plans=Plans(record),
        )
        results = grid.train(plan, launcher, record, further)
        if more.error:
            raise more.error
        if table.standing.is_over:
            with explained_errors(plan.prepared.tracker.uri):
                record.set_tags(_tags(table))
        return results

    bounds = config.seeds
    try:
        return record_sweep(
            plan.prepared,
            keys=[*plan.keys, f"{bounds.min} to {bounds.max} seeds"],
            config=config,
            command=command,
            is_complete=table.standing.is_over,
            train=train,
            how=settings_of(command, OF_SEEDS),
        )
    finally:
        if table.standing.is_over:
            show_verdict(table.verdict())


class MoreSeeds:
    """The runs of further looks; those of each are known when all before it have ended.

    Attributes:
        config: of one of the runs.
        error: why the record could not be read, if it could not.
    """

    def __init__(
        self, table: SeedTable, first: Sequence[Job], prepared: Prepared, sweep_id: str
    ) -> None:
        """Take the table that is filled, and what is trained before.

        Args:
            table: of rows and seeds.
            first: the runs of the first look that are not trained yet.
            prepared: what the runs have in common.
            sweep_id: the parent run.
        """
        self._table, self._prepared = table, prepared
        self._membership = Membership(sweep_id)
        self._open = {job.number for job in first}
        self._begun = {*self._open}
        self._queue: list[Job] = []
        self.config: Config = table.config
        self.error: UserError | None = None

    @property
    def keys(self) -> Sequence[str]:
        """The fingerprints of all runs that were wanted so far."""
        return self._table.keys

    @property
    def is_over(self) -> bool:
        """Whether nothing more is wanted."""
        return self._table.standing.is_over

    def next(self) -> Job | None:
        """Return the next run; None if there is no more, or none before others have ended."""
        if not (self._queue or self._open or self.is_over):
            try:
                self._look()
            except UserError as error:
                self.error = error
        if not self._queue:
            return None
        job = self._queue.pop(0)
        self._open.add(job.number)
        return self._prepared.started(job, self._membership)

    def _look(self) -> None:
        """Look at all that has ended, and queue what the next look lacks.

        A run that was trained, and is not in the record, has no score.
        """
        while missing := self._table.catch_up():
            new = [job for _, job in missing if job.number not in self._begun]
            if new:
                self._queue = new
                self._begun |= {job.number for job in new}
                return
            for cell, _ in missing:
                self._table.fail(cell)

    def finished(self, job: Job, result: JobReturn) -> None:
        """Take in what became of a run; its score is read from the record.

        A row of which one was killed gets no more seeds: its mean would be of fewer.
        """
        self._open.discard(job.number)
        if result.status == JobStatus.COMPLETED:
            return
        self._table.fail(self._table.cell(job))
        if result.status != JobStatus.FAILED:
            show_lines(f"run {job.number} was killed, and so its row is out: {job.name}")


def _cannot_add(overrides: Sequence[str]) -> Added:
    """Say that nothing can be added.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"add {' '.join(overrides)}: with seed=auto, which runs there are is decided by what comes "
        "out; a sweep of its own can have them"
    )


def _tags(table: SeedTable) -> dict[str, str]:
    """Return what the parent run keeps of the verdict."""
    verdict = table.verdict()
    named = {"tied": verdict.tied, "out": verdict.out, "failed": verdict.failed}
    texts = {kind: in_words(rows)[:TAG_LETTERS] or "none" for kind, rows in named.items()}
    numbers = {"looks": verdict.looks, "runs": verdict.runs, "saved": verdict.saved}
    keys = " ".join(table.tied_keys())
    return {
        **{f"{SEEDS}{name}": text for name, text in texts.items()},
        **{f"{SEEDS}{name}": str(number) for name, number in numbers.items()},
        # Without them the leaderboard marks ties by a test of its own.
        **({TIED_RUNS: keys, DECIDED_BY: table.metric} if len(keys) <= TAG_LETTERS else {}),
    }
