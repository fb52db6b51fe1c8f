"""Where Hydra finds the sweepers of ``hydra/sweeper=grid`` and ``optuna``.

What they do is in sweep/sweeps/grid.py and sweep/search/search.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.utils import JobReturn
from omegaconf import DictConfig

from hydra_plugins.gluon_launcher import ScheduledLauncher
from sweep.config.compose import GROUPS, own_part, parse
from sweep.config.loaders import FrozenConfigLoader, FrozenFilesLoader
from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.execution.local import place as this_machine
from sweep.optional import need

if TYPE_CHECKING:
    from sweep.sweeps.checks import Combination
    from sweep.sweeps.grid import ToTrain


class GridSweeper(BasicSweeper):
    """Hydra's own sweeper over all combinations, with everything checked before the first run."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """Take what ``hydra.sweeper.params`` sweeps over, besides the command's overrides."""
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Expand the arguments into combinations, compose and check each, and train them all."""
        assert self.hydra_context and self.config is not None and self.launcher
        loader, launcher = self.hydra_context.config_loader, self.launcher
        given = [*self._parse_config(), *arguments]
        overrides = OverridesParser.create(config_loader=loader).parse_overrides(given)
        for each in overrides:
            if each.is_interval_sweep():
                raise UserError(
                    f"{each.input_line}: has no end of values; allowed: a range, choices, or "
                    "hydra/sweeper=optuna, which searches it"
                )
        (combinations,) = self.split_arguments(overrides, max_batch_size=None)
        if not combinations:
            raise UserError(f"{' '.join(describing(given))}: sweeps over no value at all")
        where = launcher if isinstance(launcher, ScheduledLauncher) else this_machine
        checked = []
        for combination in combinations:
            composed, config = _compose(loader, self.config, combination)
            # What runs need is loaded while the rest is composed.
            where.prepare(config)
            checked.append((tuple(combination), composed, config))
        if where is not launcher:
            _check_for_other_launchers([config for _, _, config in checked])
        # They import MLflow: not before it is needed, and while the server imports too.
        from sweep.sweeps.checks import Combination
        from sweep.sweeps.grid import sweep
        from sweep.tracking import prepare_mlflow

        prepare_mlflow()
        count_gpus = partial(where.count_gpus, checked[0][2])
        checked_combinations = [Combination(*each) for each in checked]
        return sweep(checked_combinations, given, partial(_launch, launcher), count_gpus)


class OptunaSweeper(BasicSweeper):
    """Trains what Optuna suggests, each run from what became of those before."""

    def __init__(self, params: dict[str, str] | None = None) -> None:
        """Take what ``hydra.sweeper.params`` searches, besides the command's overrides."""
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Compose and check the ends of what is searched, and search."""
        assert self.hydra_context and self.config is not None and self.launcher
        need("optuna", "optuna", "hydra/sweeper=optuna needs Optuna")
        launcher, master = self.launcher, self.config
        if not isinstance(launcher, ScheduledLauncher):
            name = master.hydra.runtime.choices["hydra/launcher"]
            raise UserError(
                f"hydra/launcher={name}: cannot be given runs one by one; allowed with "
                "hydra/sweeper=optuna: local, ray, submitit_local, submitit_slurm"
            )
        from sweep.search.space import space_of

        loader = FrozenFilesLoader(self.hydra_context.config_loader)
        given = [*self._parse_config(), *arguments]
        space = space_of(OverridesParser.create(config_loader=loader).parse_overrides(given))
        examples = [(each, *_compose(loader, master, each)) for each in space.examples(GROUPS)]
        first = examples[0][2]
        launcher.prepare(first)
        from sweep.search.search import search
        from sweep.sweeps.checks import Combination
        from sweep.tracking import prepare_mlflow

        prepare_mlflow()

        def compose(overrides: Sequence[str]) -> "Combination":
            return Combination(tuple(overrides), *_compose(loader, master, overrides))

        return search(
            *(space, [Combination(*each) for each in examples], given, compose, launcher.job),
            partial(launcher.launch_suggested, first),
            partial(launcher.count_gpus, first),
        )


def _launch(launcher: Any, to_train: "Sequence[ToTrain]", sweep_id: str) -> Sequence[JobReturn]:
    """Train what is composed; each run learns by its configuration which sweep it belongs to.

    Args:
        launcher: one of Hydra's, which all have a ``hydra_context`` that their base class lacks.
        to_train: what to train.
        sweep_id: the parent run.
    """
    for each in to_train:
        each.combination.composed.tracking.sweep_id = sweep_id
        each.combination.composed.context = each.device  # where it is trained there may be others
    if isinstance(launcher, ScheduledLauncher):
        composed = {each.number: each.combination.composed for each in to_train}
        return launcher.launch_composed(composed, {e.number: e.is_claimed for e in to_train})
    combinations = [each.combination for each in to_train]
    composed_by_overrides = {each.overrides: each.composed for each in combinations}
    loader = FrozenConfigLoader(launcher.hydra_context.config_loader, composed_by_overrides)
    launcher.hydra_context = replace(launcher.hydra_context, config_loader=loader)
    overrides = [each.overrides for each in combinations]
    results: Sequence[JobReturn] = launcher.launch(overrides, initial_job_idx=0)
    return results


def _compose(
    loader: ConfigLoader, master: DictConfig, overrides: Sequence[str]
) -> tuple[DictConfig, Config]:
    """Compose and check one combination.

    Raises:
        UserError: naming the field, the value and what is allowed.
    """
    composed = loader.load_sweep_config(master, list(overrides))
    try:
        return composed, parse(own_part(composed))
    except UserError as error:
        raise UserError(
            f"{error}\n(in the combination {' '.join(describing(overrides))})"
        ) from error


def _check_for_other_launchers(configs: Sequence[Config]) -> None:
    """Check what needs a fresh process for each run, which other launchers do not give it."""
    given = dict.fromkeys(str(config.threads_per_run) for config in configs)
    if len(given) > 1:
        raise UserError(
            f"threads_per_run={','.join(given)}: can be swept over with hydra/launcher=local, ray "
            "and submitit alone; others train several runs in one process, in which MXNet's "
            "threads cannot change"
        )
    for config in configs:
        if config.run_timeout is not None:
            raise UserError(
                f"run_timeout={config.run_timeout:g}: hydra/launcher=local, ray and submitit alone "
                "can stop a run that takes too long; allowed with others is null"
            )
        if config.on_failure == "stop":
            raise UserError(
                "on_failure=stop: hydra/launcher=local, ray and submitit alone can stop; allowed "
                "with others is continue"
            )
