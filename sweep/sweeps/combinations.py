"""Which combinations a sweep has: of a grid, of zips, of a file's rows, by a condition."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from sweep.config import conditions
from sweep.config.compose import GROUP_KEYS, fields
from sweep.config.overrides import describing
from sweep.config.row_files import read_rows
from sweep.config.zips import ZIP, Row, names_of, rows_of
from sweep.errors import UserError
from sweep.sweeps.auto_seed import is_auto
from sweep.sweeps.compose import Composer

FROM, WHERE = "sweep.from=", "sweep.where="


@dataclass(frozen=True)
class Source:
    """What makes combinations besides overrides: ``hydra.sweeper.from`` and ``where``.

    Attributes:
        file: with a row a run; None without one.
        where: a condition on fields, which leaves out the combinations that it is not true of.
    """

    file: str | None = None
    where: str | None = None

    def overrides(self) -> list[str]:
        """Return what a command would have for it."""
        given = ((FROM, self.file), (WHERE, self.where))
        return [f"{key}{value}" for key, value in given if value is not None]

    def refuse(self, given: Sequence[str]) -> None:
        """Say that there are no combinations to choose from.

        Args:
            given: the command's overrides, and those of ``hydra.sweeper.params``.

        Raises:
            UserError: there would be some.
        """
        for each in filter(is_auto, given):
            raise UserError(
                f"{each}: is for a grid, and hydra/sweeper=optuna compares no seeds; allowed is a "
                "number"
            )
        for each in [*self.overrides(), *filter(ZIP.match, given)]:
            raise UserError(
                f"{each}: is for a grid, and hydra/sweeper=optuna suggests values itself; allowed "
                "is to leave it out"
            )

    def rows(self) -> list[Row]:
        """Return the overrides of each row of the file; none without one."""
        return read_rows(self.file, [*fields(), *GROUP_KEYS]) if self.file is not None else []

    def kept(self, combinations: list[Row], composer: Composer) -> list[Row]:
        """Return the combinations that the condition is true of.

        Nothing else is checked of those that are left out.

        Args:
            combinations: at least one.
            composer: of their values.

        Raises:
            UserError: the condition has a typo, or is true of none.
        """
        if self.where is None:
            return combinations
        condition = conditions.parse(self.where, WHERE)
        known = {*fields(), *composer.values(combinations[0])}
        condition.check_names(known)
        found = [each for each in combinations if condition(composer.values(each))]
        if not found:
            raise UserError(
                f"{WHERE}{self.where}: is true of none of {len(combinations):,} combinations; "
                "allowed is one that leaves some"
            )
        return found


def combinations_of(
    composer: Composer, given: Sequence[str], rows: Sequence[Row] = ()
) -> list[Row]:
    """Return the overrides of each combination: rows with all of a grid.

    Args:
        composer: of the runs.
        given: overrides of the command; those of zips are a dimension each.
        rows: of a file; none without one.

    Raises:
        UserError: there are infinitely many, or none, or two of these set one field.
    """
    zips = [each for each in given if ZIP.match(each)]
    own = [each for each in given if each not in zips and not each.startswith((FROM, WHERE))]
    overrides = composer.parse(own)
    for each in overrides:
        if each.is_interval_sweep():
            raise UserError(
                f"{each.input_line}: has no end of values; allowed: a range, choices, or "
                "hydra/sweeper=optuna, which searches it"
            )
    dimensions = [rows] if rows else []
    dimensions += [rows_of(each, composer.loader) for each in zips]
    alone = {each.key_or_group for each in overrides}
    together = Counter(name for each in dimensions for name in names_of(each))
    for name, times in together.items():
        if times > 1 or name in alone:
            raise UserError(
                f"{name}: is set in two places of {' '.join(describing(given))}; allowed is one"
            )
    batches: Any = BasicSweeper.split_arguments(overrides, max_batch_size=None)
    (grid,) = batches
    if not grid:
        raise UserError(f"{' '.join(describing(given))}: sweeps over no value at all")
    return [
        (*itertools.chain.from_iterable(each), *last)
        for *each, last in itertools.product(*dimensions, grid)
    ]


def in_the_place_of(given: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """Return overrides of a command with others in the place of those that set the same fields.

    Where one of a group is among them, the order matters to Hydra; so each takes the very place.
    """
    new = {_key(each): each for each in overrides}
    there = {_key(each) for each in given}
    replaced = [new.get(_key(each), each) for each in given]
    return [*replaced, *(each for each in overrides if _key(each) not in there)]


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~")
