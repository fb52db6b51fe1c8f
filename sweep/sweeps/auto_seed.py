"""``seed=auto`` in the command of a sweep: found, and given numbers in its place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.sweeps.compose import Composer

AUTO = re.compile(r"(?P<key>\+{0,2}seed)\s*=\s*(['\"]?)auto\2\s*")
OF_SEED = re.compile(r"\+{0,2}seed\s*=")
WORD = re.compile(r"\bauto\b")


def is_auto(override: str) -> bool:
    """Return whether an override is ``seed=auto``."""
    return AUTO.fullmatch(override) is not None


def check_auto(given: Sequence[str]) -> None:
    """Check that ``seed=auto``, if it is given, is all that is said of seeds.

    Args:
        given: the command's overrides, and those of ``hydra.sweeper.params``.

    Raises:
        UserError: there are other seeds beside it.
    """
    seeds = [each for each in given if OF_SEED.match(each)]
    for each in seeds:
        if WORD.search(each) and (len(seeds) > 1 or not is_auto(each)):
            raise UserError(
                f"{' '.join(seeds)}: auto chooses the seeds itself; allowed is seed=auto alone, or "
                "numbers"
            )


@dataclass(frozen=True)
class SeedChoice:
    """What stands for the seed in the overrides of a sweep.

    Attributes:
        composer: of the runs.
        first: the override of the first seed, as in ``seed=0``.
        rows: how many combinations of everything else there are.
    """

    composer: Composer
    first: str
    rows: int

    def job(self, row: Job, seed: int) -> Job:
        """Return the run of a row with this seed.

        Its number follows from both, so it has the same folder whenever it is trained.
        """
        key = self.first.partition("=")[0]
        overrides = [f"{key}={seed}" if each == self.first else each for each in row.overrides]
        return self.composer.job(seed * self.rows + row.number, overrides)

    def combination(self, job: Job) -> int:
        """Return the number of the combination that a run is one of."""
        return job.number % self.rows


def with_first_seed(given: Sequence[str]) -> tuple[list[str], str | None]:
    """Return overrides with seed 0 in place of ``auto``, and the one that has it; None without.

    The seed is a number wherever runs are composed.
    """
    found = [AUTO.fullmatch(each) for each in given]
    first = next((f"{each['key']}=0" for each in found if each), None)
    return [
        f"{match['key']}=0" if match else each for each, match in zip(given, found, strict=True)
    ], first
