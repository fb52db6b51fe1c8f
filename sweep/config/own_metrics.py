"""Metrics of the user's own: ``metrics=[my_metrics.f2@max]``."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sweep.config.metrics import AT, DIRECTIONS, METRICS, Direction, short_name
from sweep.errors import UserError, nearest
from sweep.own_modules import identified

ALLOWED = (
    "allowed is module.function@max, or @min where less is better, which is found in the folder of "
    "the command or is installed, as in my_metrics.f2@max"
)


@dataclass(frozen=True)
class OwnMetric:
    """A function of the user's that measures a whole split.

    Attributes:
        target: the module and the name in it.
        direction: which end is better.
    """

    target: str
    direction: Direction

    @property
    def text(self) -> str:
        """How it is named in ``metrics``."""
        return f"{self.target}{AT}{self.direction}"

    @property
    def name(self) -> str:
        """The name under which it is recorded, without the split."""
        return short_name(self.text)

    @property
    def field(self) -> str:
        """What a message about it begins with."""
        return f"metrics=[{self.text}]"


@dataclass(frozen=True)
class OwnMetrics:
    """All that a run measures by the user's own functions.

    Attributes:
        chosen: one or more.
        digest: 16 hex digits that identify the user's modules that take part; None before they are
            known.
        folder: where copies of these modules are; None for the folder of the command.
    """

    chosen: tuple[OwnMetric, ...]
    digest: str | None = None
    folder: str | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether they have yet to be tried, once, before anything trains."""
        return self.digest is None

    @property
    def source(self) -> Path | None:
        """The folder with copies of the modules that take part."""
        return Path(self.folder) if self.folder else None

    @property
    def field(self) -> str:
        """What a message about all of them begins with."""
        return f"metrics=[{','.join(each.text for each in self.chosen)}]"

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of a run's configuration that say where they come from."""
        return {"metrics_source": self.digest, "metrics_folder": self.folder}

    def built_from(self, folder: Path) -> "OwnMetrics":
        """Return the same, imported from copies of their modules in another folder."""
        return replace(self, folder=str(folder))

    def known_by(self, folder: Path) -> "OwnMetrics":
        """Return the same, known by all modules in a folder, those of others too."""
        return replace(self, folder=str(folder), digest=identified(folder))


def own_metrics(
    metrics: Sequence[str], digest: str | None, folder: str | None
) -> OwnMetrics | None:
    """Return the user's own among what a run measures; None if there are none.

    Args:
        metrics: of a run's configuration.
        digest: its ``metrics_source``.
        folder: its ``metrics_folder``.

    Raises:
        UserError: one of them is not named as it has to be.
    """
    chosen = tuple(own_metric(each) for each in metrics if is_own(each))
    return OwnMetrics(chosen, digest, folder) if chosen else None


def is_own(text: str) -> bool:
    """Return whether a metric is the user's own, and none that is registered."""
    return ("." in text or AT in text) and METRICS.get(text) is None


def own_metric(text: str) -> OwnMetric:
    """Return a metric of the user's by how it is named: ``my_metrics.f2@max``.

    Raises:
        UserError: it is not named so, or would be recorded under the name of another metric.
    """
    target, at, end = text.partition(AT)
    field = f"metrics=[{text}]"
    parts = target.split(".")
    if not at:
        raise UserError(f"{field}: does not say which end is better; {ALLOWED}")
    direction = next((each for each in DIRECTIONS if each == end), None)
    if direction is None:
        raise UserError(f"{field}: ends in @{end}{nearest(end, DIRECTIONS)}; {ALLOWED}")
    if len(parts) == 1 and METRICS.get(target):
        raise UserError(f"{field}: {target} is none of your own; allowed is metrics=[{target}]")
    if len(parts) == 1:
        raise UserError(f"{field}: names no module; {ALLOWED}")
    if not all(each.isidentifier() for each in parts):
        raise UserError(f"{field}: is no name of a function in a module; {ALLOWED}")
    if METRICS.get(parts[-1]):
        raise UserError(
            f"{field}: would be recorded as val/{parts[-1]}, which is another metric; allowed is a "
            "function with another name"
        )
    return OwnMetric(target, direction)
