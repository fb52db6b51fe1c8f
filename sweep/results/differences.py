"""How two runs differ: in what was trained, and in what came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sweep.config.metrics import OF_A_RUN, is_at_best
from sweep.runs.reproduce import Comparison, compare
from sweep.tracking import DATASET_DIGEST, Curves, Details, RunInfo, kept_value

DIGITS = 16  # of a digest
MISSING = "not there"
Pairs = Mapping[str, tuple[str, str]]  # what differs, with the first's value and the second's


class Measured(NamedTuple):
    """A metric of the epochs that two runs kept; None where it was not measured."""

    metric: str
    first: float | None
    second: float | None


@dataclass(frozen=True)
class RunDifference:
    """How two runs differ.

    Attributes:
        configuration: fields with other values.
        images: their digests, if they are others.
        code: the commit, and the digests of users' modules, where they are others.
        environment: versions, processor, platform, where they are others.
        metrics: of both, side by side.
        curves: of each metric that both have measured in the same epochs: the first epoch in which
            they part.
        same_parameters: whether what was trained is the same to the last bit; None where one of
            the runs has kept none.
    """

    configuration: Pairs
    images: Pairs
    code: Pairs
    environment: Pairs
    metrics: Sequence[Measured]
    curves: Sequence[Comparison]
    same_parameters: bool | None


def difference(first: Details, second: Details) -> RunDifference:
    """Return how two runs differ.

    Raises:
        UserError: the record cannot be read.
    """
    one, other = first.info, second.info
    names = dict.fromkeys([*one.metrics, *other.metrics])
    measured = [name for name in names if not is_at_best(name)]
    kept = (first.parameters, second.parameters)
    return RunDifference(
        configuration=_different(one.params, other.params),
        images=_different(_images(one), _images(other)),
        code=_different(_code(first), _code(second)),
        environment=_different(_flat(first.environment), _flat(second.environment)),
        metrics=[Measured(name, _kept(one, name), _kept(other, name)) for name in measured],
        curves=partings(first.curves, second.curves),
        same_parameters=None if None in kept else kept[0] == kept[1],
    )


def partings(first: Curves, second: Curves) -> list[Comparison]:
    """Return for each metric of both the first epoch in which it is not the same to the last bit.

    Only epochs that both have are compared: a longer run does not part from a shorter one.
    """
    common: dict[str, dict[int, float]] = {}
    for metric, points in first.items():
        shared = set(points) & set(second.get(metric, {}))
        if shared and metric not in OF_A_RUN and not is_at_best(metric):
            common[metric] = {epoch: points[epoch] for epoch in sorted(shared)}
    return compare(common, second)


def _different(first: Mapping[str, Any], second: Mapping[str, Any]) -> Pairs:
    return {
        key: (str(first.get(key, MISSING)), str(second.get(key, MISSING)))
        for key in {**first, **second}
        if first.get(key, MISSING) != second.get(key, MISSING)
    }


def _images(run: RunInfo) -> dict[str, str]:
    digest = run.tags.get(DATASET_DIGEST)
    return {"digest": digest[:DIGITS]} if digest else {}


def _code(run: Details) -> dict[str, str]:
    modules = {path: digest[:DIGITS] for path, digest in run.code.items()}
    return {"commit": run.commit, **modules}


def _flat(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return versions of packages beside all else."""
    others = {key: value for key, value in environment.items() if key != "packages"}
    return {**others, **environment.get("packages", {})}


def _kept(run: RunInfo, metric: str) -> float | None:
    return kept_value(run, metric) if metric in run.metrics else None
