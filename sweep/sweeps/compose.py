"""The runs of a sweep as Hydra composes them, from files as they were when the sweep began."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from threading import RLock
from typing import Any, cast

from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from sweep.config.compose import Sections, checked, own_part, parse
from sweep.config.loaders import FrozenFilesLoader
from sweep.config.overrides import describing
from sweep.config.params import flatten
from sweep.config.ranges import parse_overrides
from sweep.config.schema import Config
from sweep.config.templates import Template, Values, are_apart, is_plain
from sweep.data.splits import Dataset, load_dataset
from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.networks.cost import run_cost
from sweep.runs.membership import Membership

MOST_TEMPLATES = 100  # that are kept, each of some 200 KB


class Composer:
    """Composes and checks runs. Files that change meanwhile change none of them.

    What has the same choices of groups is composed once: see :mod:`sweep.config.templates`.

    Attributes:
        loader: Hydra's.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        """Take Hydra's loader, and its whole configuration of the sweep."""
        self.loader, self._master = FrozenFilesLoader(loader), master
        self._parser = OverridesParser.create()
        self._parsed: dict[str, tuple[Override, bool]] = {}  # and whether it is a plain value
        # The last one used is at the end; what is nothing by itself is None.
        self._templates: OrderedDict[tuple[str, ...], Template | None] = OrderedDict()
        self._sections: Sections = {}
        self._lock = RLock()  # a search composes while the scheduler starts what was composed

    def parse(self, overrides: Sequence[str]) -> list[Override]:
        """Return what these overrides say.

        Raises:
            UserError: a range has a step of 0, or too many values.
        """
        return parse_overrides(overrides, self.loader)

    def job(self, number: int, overrides: Sequence[str]) -> Job:
        """Compose and check one run.

        Raises:
            UserError: naming the field, the value and what is allowed.
        """
        given = tuple(overrides)
        try:
            config = self._checked(given)
        except UserError as error:
            combination = " ".join(describing(overrides))
            raise UserError(f"{error}\n(in the combination {combination})") from error
        return Job(number, given, partial(self.composed, number, given), config)

    def composed(self, number: int, overrides: Sequence[str]) -> DictConfig:
        """Return Hydra's whole configuration of a run."""
        with self._lock:
            found = self._split(overrides)
            template = self._template(found.choices) if found else None
            if found and template:
                composed = template.whole(found.all, found.plain)
            else:
                composed = self._by_hydra(overrides)
        with open_dict(composed):
            composed.hydra.job.num, composed.hydra.job.id = number, str(number)
        return composed

    def values(self, overrides: Sequence[str]) -> dict[str, Any]:
        """Return the fields of a run by their dotted keys, as they are before they are checked."""
        with self._lock:
            found = self._plain_values(overrides)
            if found is None:
                own = own_part(self.composed(0, overrides))
                found = cast(Values, OmegaConf.to_container(own, resolve=True))
            return dict(flatten(found))

    def one_of_each(self, jobs: Iterable[Job]) -> list[Job]:
        """Return the first of those jobs that Hydra itself works alike for, in their order."""
        found: dict[tuple[str, ...], Job] = {}
        for job in jobs:
            split = self._split(job.overrides)
            found.setdefault(split.choices if split else job.overrides, job)
        return list(found.values())

    def _checked(self, overrides: tuple[str, ...]) -> Config:
        with self._lock:
            if (values := self._plain_values(overrides)) is not None:
                return checked(values, self._sections)
            return parse(own_part(self.composed(0, overrides)))

    def _plain_values(self, overrides: Sequence[str]) -> Values | None:
        """Return the values of all fields, in sections; None if it takes Hydra to tell them."""
        found = self._split(overrides)
        template = self._template(found.choices) if found else None
        return template.values(found.plain) if found and template else None

    def _split(self, overrides: Sequence[str]) -> "_Split | None":
        """Return the plain values of a run apart from all else; None if they cannot be told apart.

        A file that is found by ``hydra.searchpath`` may make a group of what looks like a value.
        """
        if self._master.hydra.searchpath:
            return None
        parsed = [self._element(each) for each in overrides]
        plain = [each for each, is_value in parsed if is_value]
        others = [each for each, is_value in parsed if not is_value]
        values = [each for each in others if not self._is_group(each.key_or_group)]
        if not all(are_apart(one, other) for one in values for other in plain):
            return None
        return _Split(
            [each for each, _ in parsed], plain, tuple(str(each.input_line) for each in others)
        )

    def _element(self, override: str) -> tuple[Override, bool]:
        """Return what an override of one run says, parsed once, and whether it is a plain value."""
        if override not in self._parsed:
            parsed = self._parser.parse_override(override)
            self._parsed[override] = parsed, is_plain(parsed, self._is_group)
        return self._parsed[override]

    def _is_group(self, key: str) -> bool:
        return bool(self.loader.repository.group_exists(key))

    def _template(self, choices: tuple[str, ...]) -> Template | None:
        """Return what runs with these choices have in common; None if it is nothing by itself."""
        if choices not in self._templates:
            self._templates[choices] = None
            with suppress(HydraException, OmegaConfBaseException, ValueError):
                self._templates[choices] = Template(self._by_hydra(choices))
            if len(self._templates) > MOST_TEMPLATES:
                self._templates.popitem(last=False)
        self._templates.move_to_end(choices)
        return self._templates[choices]

    def _by_hydra(self, overrides: Sequence[str]) -> DictConfig:
        return self.loader.load_sweep_config(self._master, list(overrides))


@dataclass(frozen=True)
class _Split:
    """The overrides of a run.

    Attributes:
        all: in their order.
        plain: values, each of which changes nothing else.
        choices: all others, as they were given: most are choices of groups.
    """

    all: list[Override]
    plain: list[Override]
    choices: tuple[str, ...]


def cost_of(config: Config, dataset: Dataset | None = None) -> float:
    """Return how long a run takes, in any unit.

    Args:
        config: the run's.
        dataset: that it is trained on; None to load it.
    """
    dataset = dataset or load_dataset(config.dataset)
    return run_cost(config, dataset.train_size, dataset.shape, dataset.outputs)


def started(job: Job, known: Config, membership: Membership) -> Job:
    """Return a job as it is started.

    Args:
        job: as it was planned.
        known: its configuration with what was found out: the device, since there may be others
            where it is trained; its network, its loss, its metrics and what it starts from, since
            its process builds them from the same modules, and starts from the same.
        membership: what it belongs to: its process has it from variables, which all of Hydra's
            launchers set.
    """
    found_out: dict[str, Any] = {
        "context": known.context,
        "checkpoint_dir": known.checkpoint_dir,  # whose ~ is another folder elsewhere
        "init_from": known.init_from,
        "init_digest": known.init_digest,
        "metrics_source": known.metrics_source,
        "metrics_folder": known.metrics_folder,
    }
    if known.model != job.config.model:
        found_out["model"] = asdict(known.model)
    if known.loss != job.config.loss:
        found_out["loss"] = asdict(known.loss)
    compose = partial(_started, job.compose, found_out, membership)
    return replace(job, compose=compose, config=known)


def _started(
    compose: Callable[[], DictConfig], found_out: Mapping[str, Any], membership: Membership
) -> DictConfig:
    """Return Hydra's whole configuration of a job that is started."""
    composed = compose()
    with open_dict(composed):
        composed.merge_with(found_out)
        composed.hydra.job.env_set.update(membership.to_environment())
    return composed
