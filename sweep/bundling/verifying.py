"""Some runs of a bundle trained again on this machine, and compared with what it says."""

import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.utils import JobStatus
from omegaconf import DictConfig, OmegaConf

from sweep.bundling.layout import Bundle
from sweep.bundling.sample import DIGEST, Sampled, score_of, scores_of
from sweep.config.schema import Config, Tracking
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.execution.local import forked
from sweep.execution.scheduler import Scheduler
from sweep.execution.worker import RUN_LOG
from sweep.runs.events import Listener
from sweep.runs.reproduce import Comparison, compare, made_by
from sweep.sweeps.single import Shown, returned
from sweep.tracking import Tracker, close_as_failed, read_record


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
        other = sum(each.first is not None for each in self.comparisons)
        return f"{other} of {len(self.comparisons)} not identical" if other else "identical"

    @property
    def is_equal(self) -> bool:
        """Whether all curves are the same to the last bit."""
        return not self.failure and all(each.first is None for each in self.comparisons)


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
        trained = [
            _trained(each, bundle, Path(place, str(number)), uri, tell())
            for number, each in enumerate(sample)
        ]
        return [
            _compared(each, bundle.sweep.metric, uri, *found)
            for each, found in zip(sample, trained, strict=True)
        ]


def _trained(
    sampled: Sampled, bundle: Bundle, folder: Path, uri: str, tell: Listener
) -> tuple[str | None, str]:
    """Train a run; return its id in the record, None if it failed, and why it did."""
    folder.mkdir()
    run = sampled.run
    source, dataset_source = (
        bundle.sources[each] if each else {} for each in (run.source, run.dataset_source)
    )
    config = made_by(sampled.config, source, dataset_source, folder / "modules")
    config = _here(config, folder, uri)
    # MXNet reads its number of threads once, when it is loaded, in the process that trains.
    os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
    job = Job(0, (), partial(_of_hydra, str(folder)), config)
    shown = Shown(tell)
    train = partial(_checked_and_trained, config, run.tags.get(DIGEST))
    executor = forked.ForkedExecutor(partial(returned, train, folder / RUN_LOG))
    (result,) = (
        Scheduler(executor, [job], shown, close=partial(forked.call, close_as_failed))
        .run()
        .values()
    )
    if result.status == JobStatus.COMPLETED:
        return shown.run_id, ""
    if shown.is_killed:
        raise KeyboardInterrupt
    error = result._return_value
    if isinstance(error, UserError):
        raise UserError(f"run {run.name}: {error}") from error
    if isinstance(error, RunFailed):
        return None, str(error)
    raise error


def _here(config: Config, folder: Path, uri: str) -> Config:
    """Return the configuration of a run that leaves nothing but its record in a folder."""
    return replace(
        config,
        checkpoint_dir=str(folder / "checkpoints"),
        tracking=Tracking(uri=uri, experiment=folder.name),
        figures=False,
        keep_models="none",
        keep_states=0,
    )


def _of_hydra(folder: str) -> DictConfig:
    return OmegaConf.create(
        {"hydra": {"overrides": {"task": []}, "sweep": {"dir": folder, "subdir": ""}}}
    )


def _checked_and_trained(config: Config, digest: str | None, tell: Listener) -> float:
    """Train a run, if its images are those that it was trained on; in a process of its own."""
    from sweep.data.splits import load_dataset
    from sweep.runs.execute import execute

    _make_experiment(config)
    found = load_dataset(config.dataset).digest
    if digest is not None and found != digest:
        raise UserError(
            f"other images than those of the bundle: {digest[:16]} there, {found[:16]} here; "
            "allowed are the same, as with --dataset-root FOLDER"
        )
    return execute(config, (), tell)


def _make_experiment(config: Config) -> None:
    """Make the run's experiment, whose files are kept in the folder of the process then."""
    before = Path.cwd()
    os.chdir(Path(config.checkpoint_dir).parent)
    try:
        Tracker(config.tracking.uri, config.tracking.experiment)
    finally:
        os.chdir(before)


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
