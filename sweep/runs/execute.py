"""One run: the one place where configuration, data, network, loop and record come together."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import yaml

from sweep import tracking
from sweep.backend import mxnet as backend
from sweep.backend.mxnet import mx
from sweep.config.compose import fingerprint, params, public, score_metric, to_yaml
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.display.console import listed, show_lines, show_plan
from sweep.environment import environment, version_tags
from sweep.errors import Pruned, RunFailed, UserError
from sweep.runs.artifacts import log_figures, log_model, log_parameters
from sweep.runs.events import CLAIMED, Ended, Found, Kept, Listener, Notice, Recorded, Started
from sweep.runs.locks import Claims
from sweep.runs.resume import close_abandoned, recorded_score, remove_leftovers, standing
from sweep.search.pruning import judge_of
from sweep.tracking import PastRun, Record, Tracker, probe
from sweep.training.checkpoint import Checkpoints
from sweep.training.session import Training
from sweep.uris import browse_command, resolve_uri, shown

log = logging.getLogger(__name__)

IN_NAME_ANYWAY = ("model", "model.activation", "dataset", "experiment", "context")


def run_name(config: Config, overrides: Sequence[str]) -> str:
    """Return ``optim.lr=0.1 lenet tanh mnist_5k``: what was overridden, the network, the images.

    In this order names differ at their beginnings, which is what MLflow shows of long ones.
    """
    network = [config.model.name, config.model.activation, config.dataset.name]
    preset = [config.preset] if config.preset else []
    others = [each for each in public(overrides) if each.partition("=")[0] not in IN_NAME_ANYWAY]
    return " ".join([*preset, *others, *network])


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

    A run that is pruned returns what it had reached.
    """
    context = resolve_device(config)
    config = replace(config, context=context.device_type)
    alone = not config.tracking.sweep_id
    if alone and config.run_timeout is not None:
        raise UserError(
            f"run_timeout={config.run_timeout:g}: stops the runs of a sweep; allowed without "
            "--multirun is null"
        )
    if alone:
        probe(resolve_uri(config.tracking.uri))
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    claims = Claims(Path(config.checkpoint_dir))
    dataset = load_dataset(config.dataset)
    place = f"{shown(tracker.uri)}, experiment {tracker.experiment}"
    if alone:
        runs = [params(config)]
        show_plan(listed(runs), runs, [dataset.describe()], place, config.context)
        close_abandoned(tracker, claims)
    name, key = run_name(config, overrides), fingerprint(config, dataset.digest)
    with claims.claim(key, waiting=lambda: tell(Notice(CLAIMED))):
        past = tracker.past_runs(key)
        remove_leftovers(past, claims.folder)
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
        if config.search.trial is not None:
            tags |= {tracking.STUDY: str(config.search.study)}
            tags |= {tracking.TRIAL: str(config.search.trial)}
        if found.begun and _was_pruned(found.begun, config):
            tell(Ended("PRUNED", found.begun.tags[tracking.FAILURE]))
            return recorded_score(found.begun, config)
        if found.begun:
            _compare_versions(found.begun, tags, tell)
        parent = config.tracking.sweep_id
        with suppress(Pruned), _telling_the_end(name, tell):
            with tracker.open_run(name, params(config), tags, parent, found.begun) as record:
                tell(Recorded(record.run_id))
                log.info("%s is run %s in %s", name, record.run_id, place)
                checkpoints = Checkpoints(claims.folder / record.run_id, key)
                _describe(record, config, dataset)
                training = Training(config, dataset, context)
                _train(training, dataset, name, record, checkpoints, tell)
            checkpoints.remove()
    if alone:
        show_lines(
            f"Recorded as run {record.run_id}",
            f"Browse: {browse_command(tracker.uri)}",
        )
    return training.chosen.metrics[score_metric(config)]


def _describe(record: Record, config: Config, dataset: Dataset) -> None:
    """Record what is needed to train the run again."""
    record.log_text(to_yaml(config), tracking.CONFIG_FILE)
    versions = yaml.safe_dump(environment(), sort_keys=False)
    record.log_text(versions, tracking.ENVIRONMENT_FILE)
    record.log_dataset(dataset)


@contextmanager
def _telling_the_end(name: str, tell: Listener) -> Iterator[None]:
    """Tell how a run ended; turn what is not a user's mistake into a RunFailed."""
    try:
        yield
    except KeyboardInterrupt:
        tell(Ended("KILLED"))
        raise
    except Pruned as pruned:
        log.info("%s: %s", name, pruned)
        tell(Ended("PRUNED", str(pruned)))
        raise
    except (RunFailed, UserError) as error:
        log.error("%s failed: %s", name, error)
        tell(Ended("FAILED", str(error)))
        raise
    except Exception as error:  # whatever it is, it is this run's failure
        log.exception("%s failed", name)
        tell(Ended("FAILED", tracking.reason(error)))
        raise RunFailed(tracking.reason(error)) from error
    tell(Ended("FINISHED"))


def _was_pruned(begun: PastRun, config: Config) -> bool:
    """Return whether the study that this run belongs to has pruned the same before."""
    of_search = config.search.trial is not None
    return of_search and begun.pruned and begun.tags.get(tracking.STUDY) == config.search.study


def _compare_versions(begun: PastRun, tags: Mapping[str, str], tell: Listener) -> None:
    """Tell if other versions go on with a run than began it: its numbers may then differ."""
    for key, version in tags.items():
        before = begun.tags.get(key, version)
        if key.startswith("version.") and before != version:
            name = key.removeprefix("version.")
            _notice(tell, f"was begun with {name} {before}, and goes on with {version}")


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
    training: Training,
    dataset: Dataset,
    name: str,
    record: Record,
    checkpoints: Checkpoints,
    tell: Listener,
) -> None:
    """Train what is missing. A checkpoint comes before the record: it holds all that was measured.

    So nothing is lost, whenever the process is killed; and what is in the record already is not
    recorded twice.
    """
    judge = judge_of(training.config)
    if found := checkpoints.load(lambda text: _notice(tell, text)):
        training.resume(*found)
        record.log_epochs(training.records)
    tell(Started(name, record.run_id, training.config.epochs, len(training.records)))
    if found:
        judge(training.records, training.is_over)  # its process may have died before it was
    for snapshot in training.epochs():
        checkpoints.save(snapshot)
        record.log_epoch(snapshot.records[-1])
        tell(snapshot.records[-1])
        judge(snapshot.records, training.is_over)
    summary = training.conclude()
    record.log_metrics(summary, training.chosen.epoch)
    tell(Kept(training.chosen, summary))
    log_parameters(training.net, record)
    log_model(training, dataset, record)
    if training.config.figures:
        log_figures(training, dataset, summary, name, record)


def _notice(tell: Listener, text: str) -> None:
    log.warning(text)
    tell(Notice(text))
