"""The scores of rows and seeds, as far as they are recorded."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from sweep.config.metrics import direction_of
from sweep.config.overrides import describing
from sweep.config.params import params, score_metric
from sweep.config.schema import Config
from sweep.display.seeds import Verdict
from sweep.execution.job import Job
from sweep.results.aggregate import PRESET, repeats
from sweep.results.seeds import Flags, Standing, standing
from sweep.sweeps.auto_seed import SeedChoice
from sweep.sweeps.checks import Prepared
from sweep.tracking import kept_value

Cell: TypeAlias = tuple[int, int]  # the number of a row, and a seed
Repeated: TypeAlias = tuple[tuple[str, str], ...]


class SeedTable:
    """The scores of rows and seeds, as far as they are recorded and wanted.

    A row is made of the combinations that repeat each other, as folds do; its score with a seed is
    their mean.

    Attributes:
        config: of one of the runs.
        metric: by which rows are compared.
        standing: of the rows.
    """

    def __init__(self, combinations: Sequence[Job], seeds: SeedChoice, prepared: Prepared) -> None:
        """Take the combinations with the first seed, what makes the others, and what is known."""
        self.config = combinations[0].config
        bounds = self.config.seeds
        self._seeds, self._prepared, self._least = seeds, prepared, bounds.min
        self.metric = score_metric(self.config)
        self._sign = 1 if direction_of(self.metric, self.config.metrics) == "max" else -1
        self._rows = _rows(combinations, prepared)
        self._scores = np.full((len(self._rows), bounds.max), np.nan)
        self._failed = np.zeros(self._scores.shape, bool)
        self._row_of = {job.number: row for row, jobs in enumerate(self._rows) for job in jobs}
        self._jobs: dict[Cell, dict[str, Job]] = {}
        self._own: str | None = None
        self.standing = self._stand()

    @property
    def keys(self) -> list[str]:
        """The fingerprints of all runs that were wanted so far."""
        return [key for jobs in self._jobs.values() for key in jobs]

    def count_only(self, sweep_id: str) -> None:
        """Count the runs of this sweep alone: others are trained again."""
        self._own = sweep_id

    def fail(self, cell: Cell) -> None:
        """Take in that a row has no score with a seed."""
        self._failed[cell] = True

    def catch_up(self) -> list[tuple[Cell, Job]]:
        """Read what is recorded, look after look; return the runs that the next look lacks.

        Raises:
            UserError: the record cannot be read.
        """
        while True:
            self.standing = self._stand()
            if self.standing.is_over:
                self._read(self._not_wanted())
                return []
            if missing := self._read(self._wanted()):
                return missing

    def _stand(self) -> Standing:
        return standing(self._scores, self._failed, self._least)

    def _wanted(self) -> list[Cell]:
        """Return what is wanted, by seed."""
        return sorted(map(tuple, np.argwhere(self.standing.wanted).tolist()), key=lambda c: c[::-1])

    def _not_wanted(self) -> list[Cell]:
        """Return what rows that are out for want of a score may have had besides: it is counted."""
        of_looks = np.arange(self._scores.shape[1]) < self.standing.seeds[:, None]
        unknown = self.standing.failed[:, None] & of_looks & ~self._had()
        return [(row, seed) for row, seed in np.argwhere(unknown).tolist()]

    def _had(self) -> Flags:
        """Return the seeds that rows have had at their looks, with a score or without."""
        of_looks = np.arange(self._scores.shape[1]) < self.standing.seeds[:, None]
        had: Flags = of_looks & (self._failed | ~np.isnan(self._scores))
        return had

    def _read(self, cells: Sequence[Cell]) -> list[tuple[Cell, Job]]:
        """Take in scores from the record; return the runs that are not there."""
        wanted = {cell: self._jobs_of(cell) for cell in cells}
        tracker = self._prepared.tracker
        found = tracker.find_all([key for jobs in wanted.values() for key in jobs])
        ids = {}
        for key, past in found.items():
            counting = (each for each in past if each.finished and self._counts(each.sweep_id))
            if first := next(counting, None):
                ids[key] = first.run_id
        runs = {run.run_id: run for run in tracker.runs_with([*ids.values()])}
        for cell, jobs in wanted.items():
            if all(key in ids for key in jobs):
                values = [kept_value(runs[ids[key]], self.metric) for key in jobs]
                self._set(cell, float(np.mean(values)))
        return [
            (cell, job)
            for cell, jobs in wanted.items()
            for key, job in jobs.items()
            if key not in ids
        ]

    def _counts(self, sweep_id: str | None) -> bool:
        return self._own is None or sweep_id == self._own

    def _set(self, cell: Cell, score: float) -> None:
        if np.isfinite(score):
            self._scores[cell] = self._sign * score
        else:
            self.fail(cell)

    def _jobs_of(self, cell: Cell) -> dict[str, Job]:
        """Return the runs of a row with a seed, by their fingerprints."""
        if cell not in self._jobs:
            row, seed = cell
            jobs = [self._seeds.job(each, seed) for each in self._rows[row]]
            self._jobs[cell] = {self._prepared.fingerprint(each.config): each for each in jobs}
        return self._jobs[cell]

    def cell(self, job: Job) -> Cell:
        """Return the row and the seed of a run."""
        return self._row_of[self._seeds.combination(job)], job.config.seed

    def verdict(self) -> Verdict:
        """Return what is decided."""
        now, size = self.standing, np.array([len(each) for each in self._rows])
        had = self._had().sum(axis=1)
        means = np.array(
            [row[:n].mean() for row, n in zip(self._scores, now.seeds, strict=True)]
        )  # NaN, which is sorted last, of a row that failed
        order = np.argsort(-means, kind="stable")
        names = self._names()

        def named(which: Flags) -> list[tuple[str, int]]:
            return [(names[row], int(had[row])) for row in order if which[row]]

        return Verdict(
            tied=named(now.tied),
            out=named(~now.tied & ~now.failed),
            failed=named(now.failed),
            looks=now.looks,
            runs=int((had * size).sum()),
            of=int(self._scores.shape[1] * size.sum()),
        )

    def tied_keys(self) -> list[str]:
        """Return the fingerprint of the first run of each row that may be the best."""
        return [
            next(iter(self._jobs_of((int(row), 0)))) for row in np.flatnonzero(self.standing.tied)
        ]

    def _names(self) -> list[str]:
        """Return the overrides in which each row differs from others."""
        told = [
            [
                each
                for each in describing(row[0].overrides)
                if each.partition("=")[0].lstrip("+") not in repeats()
            ]
            for row in self._rows
        ]
        common = set(told[0]).intersection(*told) if len(told) > 1 else set()
        names = [" ".join(each for each in row if each not in common) for row in told]
        return [name or "the row" for name in names]


def what_repeats(config: Config) -> Repeated:
    """Return what runs share that repeat each other: their parameters but seed and fold."""
    left_out = (*repeats(), PRESET)
    return tuple((key, text) for key, text in params(config).items() if key not in left_out)


def _rows(combinations: Sequence[Job], prepared: Prepared) -> list[list[Job]]:
    """Return the combinations of each row; of those that are the same run, the first."""
    rows: defaultdict[tuple[Repeated, str], dict[str, Job]] = defaultdict(dict)
    for each in combinations:
        images = prepared.dataset(each.config).digest
        row = rows[what_repeats(each.config), images]
        row.setdefault(prepared.fingerprint(each.config), each)
    return [[*row.values()] for row in rows.values()]
