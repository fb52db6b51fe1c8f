"""The runs of a sweep as Hydra composes them, from files as they were when the sweep began."""

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Literal

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, open_dict

from sweep.config.choices import Network
from sweep.config.compose import own_part, parse
from sweep.config.loaders import FrozenFilesLoader
from sweep.config.overrides import describing
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.networks.cost import run_cost
from sweep.runs.membership import Membership


class Composer:
    """Composes and checks runs. Files that change meanwhile change none of them."""

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        """Take Hydra's loader, and its whole configuration of the sweep."""
        self._loader, self._master = FrozenFilesLoader(loader), master

    def parse(self, overrides: Sequence[str]) -> list[Override]:
        """Return what these overrides say."""
        parser = OverridesParser.create(config_loader=self._loader)
        parsed: list[Override] = parser.parse_overrides(list(overrides))
        return parsed

    def job(self, number: int, overrides: Sequence[str]) -> Job:
        """Compose and check one run.

        Raises:
            UserError: naming the field, the value and what is allowed.
        """
        composed = self._loader.load_sweep_config(self._master, list(overrides))
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        try:
            config = parse(own_part(composed))
        except UserError as error:
            combination = " ".join(describing(overrides))
            raise UserError(f"{error}\n(in the combination {combination})") from error
        return Job(
            number=number,
            overrides=tuple(overrides),
            composed=composed,
            config=config,
        )


def cost_of(config: Config, dataset: Dataset | None = None) -> float:
    """Return how long a run takes, in any unit.

    Args:
        config: the run's.
        dataset: that it is trained on; None to load it.
    """
    dataset = dataset or load_dataset(config.dataset)
    return run_cost(config, dataset.train_size, dataset.shape, dataset.classes)


def started(
    job: Job, device: Literal["cpu", "gpu"], network: Network, membership: Membership
) -> Job:
    """Return a job as it is started.

    Args:
        job: as it was planned.
        device: where it is trained there may be others than here.
        network: as it was tried: its process builds it from the same modules.
        membership: what it belongs to: its process has it from variables, which all of Hydra's
            launchers set.
    """
    composed = copy.deepcopy(job.composed)
    with open_dict(composed):
        composed.context = device
        if network != job.config.model:
            composed.model.update(asdict(network))
        composed.hydra.job.env_set.update(membership.to_environment())
    config = replace(job.config, context=device, model=network)
    return replace(job, composed=composed, config=config)
