"""Where Hydra's sweeper comes in: what the command gave becomes a space, and a search."""

from collections.abc import Sequence
from functools import partial

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.utils import JobReturn
from hydra.types import TaskFunction

from sweep.config.compose import GROUPS
from sweep.display.plan import show_notes
from sweep.optional import need
from sweep.sweeps.entry import check_folder, composer_of, used_launcher
from sweep.sweeps.presets import chosen_sweeper
from sweep.sweeps.settings import OF_A_SEARCH, unused_settings


def search_from(
    sweeper: BasicSweeper, task: TaskFunction, given: Sequence[str]
) -> Sequence[JobReturn]:
    """Compose and check the ends of what was given, and search.

    Args:
        sweeper: Hydra's.
        task: trains a run.
        given: the command's overrides, and those of ``hydra.sweeper.params``.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: some runs failed; they and the others are recorded.
    """
    need("optuna", "optuna", "hydra/sweeper=optuna needs Optuna")
    launcher, composer = used_launcher(sweeper), composer_of(sweeper)
    launcher.check_source()
    # They import Optuna, which need not be installed.
    from sweep.search.conditional import with_conditions
    from sweep.search.space import space_of

    space = with_conditions(space_of(composer.parse(given)), GROUPS, partial(composer.composed, 0))
    examples = [composer.job(n, each) for n, each in enumerate(space.examples(GROUPS))]
    if begin_as_chosen := chosen_sweeper(sweeper, task, examples):
        return begin_as_chosen()
    check_folder(sweeper)
    show_notes(unused_settings(given, OF_A_SEARCH))
    launcher.prepare(examples[0].config)
    # It imports MLflow, which takes long: not before the fork server imports it too.
    from sweep.search.plan import Plan
    from sweep.search.search import search
    from sweep.tracking import prepare_mlflow

    prepare_mlflow()

    return search(Plan(space, examples[0].config, given), examples, composer, launcher)
