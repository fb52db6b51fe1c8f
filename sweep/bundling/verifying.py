"""Some runs of a bundle trained again on this machine, and compared with what it says."""

import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.bundling.layout import Bundle
from sweep.bundling.sample import Sampled, score_of, scores_of
from sweep.bundling.training import train
from sweep.runs.events import Listener
from sweep.runs.reproduce import Comparison, compare
from sweep.tracking import read_record


@dataclass(frozen=True)
class Verified:
    """A run that was trained again.

    Attributes:
        sampled: as it is in the bundle.
        comparisons: of each metric with curves.
        score: by which it would be ranked now; None if it failed.
        failure: why it failed; empty if it did not.
    """

    sampled: Sampled
    comparisons: Sequence[Comparison]
    score: float | None
    failure: str = ""

    @property
    def name(self) -> str:
        """Where it was trained first."""
        return self.sampled.run.name

    @property
    def recorded(self) -> float:
        """By which it is ranked in the bundle."""
        return self.sampled.score

    @property
    def result(self) -> str:
        """How it came out, in words."""
        if self.failure:
            return f"failed: {self.failure}"
        if not self.comparisons:
            return "nothing to compare"
        other = sum(each.first is not None for each in self.comparisons)
        return f"{other:,} of {len(self.comparisons):,} not identical" if other else "identical"

    @property
    def is_equal(self) -> bool:
        """Whether there are curves, and all of them are the same to the last bit."""
        same = [each.first is None for each in self.comparisons]
        return not self.failure and bool(same) and all(same)


def verify(
    bundle: Bundle, sample: Sequence[Sampled], tell: Callable[[], Listener]
) -> list[Verified]:
    """Train runs again, one after another, each in a process of its own, and compare the curves.

    Nothing is left of it. Whatever is a user's own code is run here: they have agreed to that.

    Args:
        bundle: that they are of.
        sample: the runs.
        tell: returns what is told how a run gets on.

    Raises:
        UserError: the images are others than those of the bundle, or not there; or the device is.
    """
    with tempfile.TemporaryDirectory(prefix="sweep-verify-") as place:
        uri = f"sqlite:///{place}/mlflow.db"
        # Nothing is read before all are trained: an open database does not survive a fork.
        trained = train(bundle, sample, Path(place), uri, tell)
        return [
            _compared(each, bundle.sweep.metric, uri, *found)
            for each, found in zip(sample, trained, strict=True)
        ]


def _compared(
    sampled: Sampled, metric: str, uri: str, run_id: str | None, failure: str
) -> Verified:
    if run_id is None:
        return Verified(sampled, (), None, failure or "it was not recorded")
    record = read_record(uri, run_id)
    recorded = {name: curve.points() for name, curve in sampled.run.curves.items()}
    score = score_of(record.curves, metric)
    return Verified(sampled, compare(recorded, record.curves), score)


def largest_differences(verified: Sequence[Verified]) -> dict[str, float]:
    """Return the largest difference of each metric that has one; infinity where a value lacks."""
    found: dict[str, float] = {}
    for each in verified:
        for one in each.comparisons:
            if one.first is None:
                continue
            gap = math.inf if one.first[2] is None else one.largest
            found[one.metric] = max(found.get(one.metric, 0.0), gap)
    return found


def ranking_stands(bundle: Bundle, verified: Sequence[Verified]) -> bool:
    """Return whether the best run is still the best, and the others of the sample in their order.

    Runs that were not trained again count with what the bundle says of them.
    """
    if any(each.score is None for each in verified):
        return False
    recorded = scores_of(bundle)
    again: dict[str, Any] = {each.sampled.run.run_id: each.score for each in verified}
    sign = -1 if bundle.sweep.direction == "min" else 1
    now = {run_id: sign * again.get(run_id, score) for run_id, score in recorded.items()}
    best = next(iter(recorded))
    return now[best] >= max(now.values()) and _in_order(
        [(sign * recorded[run_id], now[run_id]) for run_id in again]
    )


def _in_order(pairs: Sequence[tuple[float, float]]) -> bool:
    """Return whether of two runs with different scores, none is now on the other side."""
    return all(one[1] >= other[1] for one in pairs for other in pairs if one[0] > other[0])


def environment_of(bundle: Bundle, verified: Sequence[Verified]) -> Mapping[str, Any]:
    """Return what the first of these runs was trained on; nothing if that is not known."""
    first = verified[0].sampled.run.environment
    return bundle.environments[first] if first else {}


def commit_of(verified: Sequence[Verified]) -> str:
    """Return the commit of the code that has trained the first of these runs."""
    return verified[0].sampled.run.commit
