"""One run: the one place where configuration, data, network, loop and record come together."""

import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from sweep import backend, tracking
from sweep.addresses import browse_command, resolve_uri, shown
from sweep.backend import gluon, mx
from sweep.checkpoint import Arrays, Checkpoints, Snapshot
from sweep.claims import Claims
from sweep.config import fingerprint, params, public, score_metric, to_yaml
from sweep.data import Dataset, load_dataset
from sweep.environment import environment, version_tags
from sweep.epochs import EpochRecord, Selection, at_best
from sweep.errors import RunFailed, UserError
from sweep.models import build_model, parameter_count
from sweep.progress import CLAIMED, Ended, Found, Kept, Listener, Notice, Started
from sweep.schema import Config
from sweep.standing import close_abandoned, recorded_score, standing
from sweep.terminal import show_lines, show_plan
from sweep.tracking import Record, Tracker, probe
from sweep.train import (
    Evaluation,
    build_trainer,
    restore,
    restore_parameters,
    state,
    train_epochs,
)

log = logging.getLogger(__name__)

IN_NAME_ANYWAY = ("model", "model.activation", "dataset", "experiment", "context")


def run_name(config: Config, overrides: Sequence[str]) -> str:
    """Return ``lenet tanh mnist_5k optim.lr=0.1``: the network, the images, what was overridden."""
    network = [config.model.name, config.model.activation, config.dataset.name]
    preset = [config.preset] if config.preset else []
    others = [each for each in public(overrides) if each.partition("=")[0] not in IN_NAME_ANYWAY]
    return " ".join([*preset, *network, *others])


def execute(config: Config, overrides: Sequence[str], tell: Listener) -> float:
    """Train one configuration, record it, and return its score: the monitored metric.

    What is trained already is not trained again, and what was begun goes on.

    Args:
        config: checked.
        overrides: what the user overrode, as in ``optim.lr=0.1``; names the run.
        tell: is told how the run gets on.

    Raises:
        UserError: nothing was trained and no run was created.
        RunFailed: the run is recorded as FAILED, with its reason.
    """
    context = resolve_device(config)
    config = replace(config, context=context.device_type)
    alone = not config.tracking.sweep_id
    if alone:
        probe(resolve_uri(config.tracking.uri))
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    claims = Claims(Path(config.checkpoint_dir), tracker.uri, tracker.experiment)
    dataset = load_dataset(config.dataset)
    place = f"{shown(tracker.uri)}, experiment {tracker.experiment}"
    if alone:
        show_plan([params(config)], [dataset.describe()], place, config.context)
        close_abandoned(tracker, claims)
    name, key = run_name(config, overrides), fingerprint(config, dataset.digest)
    with claims.claim(key, waiting=lambda: tell(Notice(CLAIMED))):
        past = tracker.past_runs(key)
        if config.rerun:  # a run of the same sweep may be there already, begun or trained
            past = [run for run in past if run.sweep_id == config.tracking.sweep_id and not alone]
        found = standing(past, claims.folder_id)
        if found.trained:
            tell(Found(found.trained.name, found.trained.run_id))
            return recorded_score(found.trained, config)
        tags = version_tags() | {
            tracking.KIND: tracking.RUN,
            tracking.FINGERPRINT: key,
            tracking.FOLDER: claims.folder_id,
            "dataset.digest": dataset.digest,
            "device": str(context),
        }
        parent = config.tracking.sweep_id
        try:
            with tracker.open_run(name, params(config), tags, parent, found.begun) as record:
                log.info("%s is run %s in %s", name, record.run_id, place)
                checkpoints = Checkpoints(claims.folder / record.run_id, key)
                record.log_text(to_yaml(config), "config.yaml")
                record.log_text(yaml.safe_dump(environment(), sort_keys=False), "environment.yaml")
                record.log_dataset(dataset)
                score = _train(config, name, dataset, context, record, checkpoints, tell)
        except KeyboardInterrupt:
            tell(Ended("KILLED"))
            raise
        except (RunFailed, UserError) as error:
            log.error("%s failed: %s", name, error)
            tell(Ended("FAILED", str(error)))
            raise
        except Exception as error:
            log.exception("%s failed", name)
            tell(Ended("FAILED", tracking.reason(error)))
            raise RunFailed(tracking.reason(error)) from error
        checkpoints.remove()
    tell(Ended("FINISHED"))
    if alone:
        show_lines(
            f"Recorded as run {record.run_id}",
            f"Browse: {browse_command(tracker.uri)}",
        )
    return score


def resolve_device(config: Config) -> mx.Context:
    """Return the device to train on.

    Raises:
        UserError: there is no such device, or MXNet was loaded with another number of threads.
    """
    if config.threads_per_run != backend.THREADS:
        raise UserError(
            f"threads_per_run={config.threads_per_run}: MXNet was loaded with OMP_NUM_THREADS="
            f"{backend.THREADS} and cannot change it; allowed here: {backend.THREADS}"
        )
    return backend.device(config.context)


def _train(
    config: Config,
    name: str,
    dataset: Dataset,
    context: mx.Context,
    record: Record,
    checkpoints: Checkpoints,
    tell: Listener,
) -> float:
    """Train, keep the selected epoch's parameters, test them, and return the run's score."""
    net = build_model(config.model, config.seed, context)
    trainer = build_trainer(net, config.optim)
    log.info("%d parameters; %d images to train on", parameter_count(net), len(dataset.train))
    monitor = config.monitor if len(dataset.val) else None
    measured = {"val": dataset.val} if monitor else {}
    if config.test_every_epoch:
        measured["test"] = dataset.test

    records: tuple[EpochRecord, ...] = ()
    kept: Arrays = {}
    if found := checkpoints.load(lambda text: _notice(tell, text)):
        last, best = found
        restore(net, trainer, last.arrays)
        records, kept = last.records, best.arrays
        log.info("goes on after epoch %d", last.epoch)
        record.log_epochs(records)  # those that the record does not have
    tell(Started(name, record.run_id, config.epochs, len(records)))
    selection = Selection(monitor, config.early_stopping).advance_over(records)
    to_train = range(len(records) + 1, 1 if selection.should_stop else config.epochs + 1)
    for epoch in train_epochs(
        net,
        trainer,
        dataset.train,
        measured,
        batch_size=config.batch_size,
        seed=config.seed,
        epochs=to_train,
        context=context,
    ):
        _check_finite(epoch)
        records, arrays = (*records, epoch), state(net, trainer)
        selection = selection.advance(epoch)
        if selection.epoch == epoch.epoch:
            kept = arrays
        checkpoints.save(Snapshot(records, selection.epoch, arrays))
        record.log_epoch(epoch)
        tell(epoch)
        log.info("epoch %d: %s", epoch.epoch, epoch.metrics)
        if selection.should_stop:
            log.info("no improvement since epoch %d: stopped early", selection.epoch)
            break

    restore_parameters(net, kept)
    chosen = records[selection.epoch - 1]
    summary: dict[str, float] = {}
    if monitor:
        found_metrics = {key: value for key, value in chosen.metrics.items() if "/" in key}
        summary = {at_best(key): value for key, value in found_metrics.items()}
        summary["best_epoch"] = chosen.epoch
    if not config.test_every_epoch:
        test = Evaluation(net, dataset.test, context).measure()
        summary |= {f"test/{key}": value for key, value in test.items()}
    record.log_metrics(summary, chosen.epoch)
    tell(Kept(chosen, summary))
    _log_parameters(net, record)
    return chosen.metrics[score_metric(config)]


def _notice(tell: Listener, text: str) -> None:
    log.warning(text)
    tell(Notice(text))


def _check_finite(record: EpochRecord) -> None:
    for key, value in record.metrics.items():
        if not math.isfinite(value):
            raise RunFailed(f"diverged at epoch {record.epoch}: {key} is {value}")


def _log_parameters(net: gluon.HybridBlock, record: Record) -> None:
    """Keep the network's parameters, in Gluon's own format, as ``parameters/net.params``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.params"
        net.save_parameters(str(file))
        record.log_file(file, "parameters")
