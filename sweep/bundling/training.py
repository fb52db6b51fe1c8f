"""Runs of a bundle trained again, each in a process of its own, in a folder that is lost."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus

from sweep.bundling.layout import Bundle
from sweep.bundling.sample import Sampled
from sweep.config.schema import Config, Tracking
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.execution.local import forked
from sweep.execution.scheduler import Scheduler
from sweep.execution.worker import RUN_LOG
from sweep.heartbeat import beat
from sweep.runs.events import Listener
from sweep.runs.reproduce import made_by
from sweep.sweeps.single import Shown, of_hydra, returned
from sweep.tracking import DATASET_DIGEST, Tracker, close_as_failed

Train = Callable[[Listener], float]


def train(
    bundle: Bundle,
    sample: Sequence[Sampled],
    folder: Path,
    uri: str,
    tell: Callable[[], Listener],
) -> list[tuple[str | None, str]]:
    """Train runs, one after another, if what all of them are given is what they were trained on.

    Args:
        bundle: that they are of.
        sample: the runs.
        folder: for all that is written.
        uri: of the record, which is in it.
        tell: returns what is told how a run gets on.

    Returns:
        Of each its id in the record, None if it failed, and why it did.

    Raises:
        UserError: images or parameters are others than those of the bundle, or not there; or the
            device is.
    """
    made = [_made(each, bundle, folder / str(number), uri) for number, each in enumerate(sample)]
    _check_what_is_given(sample, made, folder, tell())
    return [_trained(each, config, tell()) for each, config in zip(sample, made, strict=True)]


def _made(sampled: Sampled, bundle: Bundle, folder: Path, uri: str) -> Config:
    """Return the configuration of a run that is trained in a folder, with its modules in it."""
    folder.mkdir()
    run = sampled.run
    source, dataset_source = (
        bundle.sources[each] if each else {} for each in (run.source, run.dataset_source)
    )
    config = made_by(sampled.config, source, dataset_source, folder / "modules")
    return _here(config, folder, uri)


def _check_what_is_given(
    sample: Sequence[Sampled], made: Sequence[Config], folder: Path, tell: Listener
) -> None:
    """Check the images and the parameters of all runs, in a process that trains none."""
    checks: list[tuple[Any, Check]] = []
    for each, config in zip(sample, made, strict=True):
        known = [key for key, _ in checks]
        given = each.config
        images = (given.dataset, each.run.dataset_source, each.run.tags.get(DATASET_DIGEST))
        start = (given.init_from, given.init_digest)
        if images not in known:
            checks.append((images, Check(each.run.name, config, _check_images, images[-1])))
        if start not in known and given.init_from is not None:
            checks.append((start, Check(each.run.name, config, _check_start, None)))
    shown = Shown(tell)
    result = _in_a_fork(partial(_check_all, [each for _, each in checks]), made[0], folder, shown)
    if result.status != JobStatus.COMPLETED:
        if shown.is_killed:
            raise KeyboardInterrupt
        raise result._return_value


@dataclass(frozen=True)
class Check:
    """Something that has to be so before anything is trained.

    Attributes:
        name: of the run that needs it.
        config: of it.
        check: raises a UserError otherwise; is given the configuration and the digest.
        digest: that is recorded; None if there is none.
    """

    name: str
    config: Config
    check: Callable[[Config, str | None], None]
    digest: str | None


def _check_all(checks: Sequence[Check], tell: Listener) -> float:
    for each in checks:
        beat()
        try:
            each.check(each.config, each.digest)
        except UserError as error:
            raise UserError(f"run {each.name}: {error}") from error
    return 0.0


def _check_images(config: Config, digest: str | None) -> None:
    from sweep.data.splits import load_dataset

    found = load_dataset(config.dataset).digest
    if digest is not None and found != digest:
        raise UserError(
            f"other images than those of the bundle: {digest[:16]} there, {found[:16]} here; "
            "allowed are the same, as with --dataset-root FOLDER"
        )


def _check_start(config: Config, digest: str | None) -> None:
    from sweep.runs.starting import starting_files

    starting_files(config)


def _trained(sampled: Sampled, config: Config, tell: Listener) -> tuple[str | None, str]:
    """Train a run; return its id in the record, None if it failed, and why it did."""
    run, shown = sampled.run, Shown(tell)
    train = partial(_checked_and_trained, config, run.tags.get(DATASET_DIGEST))
    result = _in_a_fork(train, config, Path(config.checkpoint_dir).parent, shown)
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


def _in_a_fork(train: Train, config: Config, folder: Path, shown: Shown) -> JobReturn:
    # MXNet reads its number of threads once, when it is loaded, in the process that trains.
    os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
    job = Job(0, (), partial(of_hydra, (), str(folder)), config)
    executor = forked.ForkedExecutor(partial(returned, train, folder / RUN_LOG))
    (result,) = (
        Scheduler(executor, [job], shown, close=partial(forked.call, close_as_failed))
        .run()
        .values()
    )
    return result


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


def _checked_and_trained(config: Config, digest: str | None, tell: Listener) -> float:
    """Train a run, if its images are those that it was trained on; in a process of its own."""
    from sweep.runs.execute import execute

    _make_experiment(config)
    _check_images(config, digest)  # once more: they may be others by now
    return execute(config, (), tell)


def _make_experiment(config: Config) -> None:
    """Make the run's experiment, whose files are kept in the folder of the process then."""
    before = Path.cwd()
    os.chdir(Path(config.checkpoint_dir).parent)
    try:
        Tracker(config.tracking.uri, config.tracking.experiment)
    finally:
        os.chdir(before)
