"""How a search comes by the runs that it begins with, and how that is told and recorded."""

import functools
from collections.abc import Callable, Sequence

from sweep.config.params import score_metric
from sweep.config.schema import Config
from sweep.display.console import show_lines
from sweep.errors import UserError
from sweep.progress import tell
from sweep.search.plan import Plan
from sweep.search.warm_start import WarmStart, fitting
from sweep.sweeps.checks import Checked
from sweep.sweeps.compose import Composer
from sweep.tracking import read_points, runs_of_meant

BEGAN_WITH = "search.began_with"  # a tag of the parent run


def finder(plan: Plan, checked: Checked, composer: Composer) -> Callable[[], WarmStart]:
    """Return what finds the recorded runs that a search begins with, once."""
    search, uri = plan.config.search, plan.config.tracking.uri

    def known(overrides: Sequence[str]) -> tuple[Config, str]:
        config = checked.known(composer.job(0, overrides).config)
        return config, checked.dataset(config).digest

    def curves(run_ids: Sequence[str]) -> dict[str, dict[int, float]]:
        found: dict[str, dict[int, float]] = {}
        metric = score_metric(plan.config)
        if search.pruner and len(plan.objectives) == 1:
            for run_id, epoch, _, value in read_points(uri, run_ids, [metric]):
                found.setdefault(run_id, {})[epoch] = value
        return found

    @functools.cache
    def find() -> WarmStart:
        if search.warm_start is None:
            return WarmStart([], {})
        tell("Looking for runs that are known ...")
        try:
            runs = runs_of_meant(uri, search.warm_start)
        except UserError as error:
            raise UserError(f"search.warm_start={search.warm_start}: {error}") from error
        return fitting(search.warm_start, runs, plan.space, plan.objectives, known, curves)

    return find


def show_warm_start(plan: Plan, warm: WarmStart) -> None:
    """Print what a search begins with, if it was to begin with something."""
    if given := plan.config.search.warm_start:
        show_lines(f"  search.warm_start={given}: {warm.describe()}")


def tags(plan: Plan, warm: WarmStart) -> dict[str, str]:
    """Return tags that say what a search began with."""
    return {BEGAN_WITH: warm.describe()} if plan.config.search.warm_start else {}
