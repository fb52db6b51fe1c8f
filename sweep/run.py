"""One run: the one place where configuration, data, network, loop and record come together."""

import logging
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from sweep import backend, tracking
from sweep.addresses import browse_command, shown
from sweep.backend import gluon, mx, nd
from sweep.config import fingerprint, params, public, to_yaml
from sweep.data import Dataset, load_dataset
from sweep.environment import environment, version_tags
from sweep.epochs import EpochRecord, Selection, at_best
from sweep.errors import RunFailed, UserError
from sweep.models import build_model, parameter_count
from sweep.progress import Ended, Kept, Listener, Started
from sweep.schema import Config
from sweep.terminal import show_lines, show_plan
from sweep.tracking import Record, Tracker
from sweep.train import Evaluation, build_trainer, train_epochs

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
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    dataset = load_dataset(config.dataset)
    place = f"{shown(tracker.uri)}, experiment {tracker.experiment}"
    if not config.tracking.sweep_id:
        show_plan([params(config)], [dataset.describe()], place, config.context)
    name = run_name(config, overrides)
    tags = version_tags() | {
        tracking.KIND: tracking.RUN,
        "fingerprint": fingerprint(config, dataset.digest),
        "dataset.digest": dataset.digest,
        "device": str(context),
    }
    parent = config.tracking.sweep_id
    try:
        with tracker.open_run(name, params(config), tags, parent) as record:
            tell(Started(name, record.run_id, config.epochs))
            log.info("%s is run %s in %s", name, record.run_id, place)
            record.log_text(to_yaml(config), "config.yaml")
            record.log_text(yaml.safe_dump(environment(), sort_keys=False), "environment.yaml")
            record.log_dataset(dataset)
            score = _train(config, dataset, context, record, tell)
    except KeyboardInterrupt:
        tell(Ended("KILLED"))
        raise
    except RunFailed as error:
        log.error("%s failed: %s", name, error)
        tell(Ended("FAILED", str(error)))
        raise
    except Exception as error:
        log.exception("%s failed", name)
        tell(Ended("FAILED", tracking.reason(error)))
        raise RunFailed(tracking.reason(error)) from error
    tell(Ended("FINISHED"))
    if not parent:
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
    config: Config, dataset: Dataset, context: mx.Context, record: Record, tell: Listener
) -> float:
    """Train, keep the selected epoch's parameters, test them, and return the run's score."""
    net = build_model(config.model, config.seed, context)
    log.info("%d parameters; %d images to train on", parameter_count(net), len(dataset.train))
    monitor = config.monitor if len(dataset.val) else None
    selection = Selection(monitor, config.early_stopping)
    measured = {"val": dataset.val} if monitor else {}
    if config.test_every_epoch:
        measured["test"] = dataset.test
    for epoch in train_epochs(
        net,
        build_trainer(net, config.optim),
        dataset.train,
        measured,
        batch_size=config.batch_size,
        seed=config.seed,
        epochs=range(1, config.epochs + 1),
        context=context,
    ):
        _check_finite(epoch)
        record.log_epoch(epoch)
        tell(epoch)
        log.info("epoch %d: %s", epoch.epoch, epoch.metrics)
        selection = selection.advance(epoch)
        if selection.epoch == epoch.epoch:
            kept, parameters = epoch, _copy_parameters(net)
        if selection.should_stop:
            log.info("no improvement since epoch %d: stopped early", selection.epoch)
            break

    for key, parameter in net.collect_params().items():
        parameter.set_data(parameters[key])
    summary: dict[str, float] = {}
    if monitor:
        found = {key: value for key, value in kept.metrics.items() if "/" in key}
        summary = {at_best(key): value for key, value in found.items()}
        summary["best_epoch"] = kept.epoch
    if not config.test_every_epoch:
        test = Evaluation(net, dataset.test, context).measure()
        summary |= {f"test/{key}": value for key, value in test.items()}
    record.log_metrics(summary, kept.epoch)
    tell(Kept(kept, summary))
    _log_parameters(net, record)
    return kept.metrics[monitor or "test/accuracy"]


def _check_finite(record: EpochRecord) -> None:
    for key, value in record.metrics.items():
        if not math.isfinite(value):
            raise RunFailed(f"diverged at epoch {record.epoch}: {key} is {value}")


def _copy_parameters(net: gluon.HybridBlock) -> dict[str, nd.NDArray]:
    return {key: parameter.data().copy() for key, parameter in net.collect_params().items()}


def _log_parameters(net: gluon.HybridBlock, record: Record) -> None:
    """Keep the network's parameters, in Gluon's own format, as ``parameters/net.params``."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "net.params"
        net.save_parameters(str(file))
        record.log_file(file, "parameters")
