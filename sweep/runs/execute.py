"""One run: the one place where configuration, data, network, loop and record come together."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

from sweep import tracking
from sweep.config.params import params, score_metric
from sweep.config.schema import Config
from sweep.errors import Paused, Pruned, RunFailed, Undecided, UserError
from sweep.runs.control_files import pause_file
from sweep.runs.described import describe
from sweep.runs.events import (
    CLAIMED,
    PAUSED,
    SHARED,
    UNDECIDED,
    AlreadyTrained,
    Ended,
    EpochKept,
    Judge,
    Listener,
    Notice,
    Recorded,
    Started,
    always_goes_on,
)
from sweep.runs.figure_files import log_figures
from sweep.runs.membership import Membership
from sweep.runs.models import log_model
from sweep.runs.prepare import Run, prepare_run
from sweep.runs.resume import recorded_score
from sweep.runs.starting import starting_files
from sweep.runs.trained_before import recorded_before, states_before, was_pruned
from sweep.runs.turns import Turns
from sweep.runs.used import Used
from sweep.tracking import Record, RunInfo
from sweep.training.checkpoint import Snapshot
from sweep.training.checkpoints import Checkpoints
from sweep.training.selection import EpochRecord
from sweep.training.session import Training
from sweep.uris import place_of

log = logging.getLogger(__name__)


def execute(
    config: Config,
    overrides: Sequence[str],
    tell: Listener,
    membership: Membership | None = None,
    judge: Judge = always_goes_on,
) -> float:
    """Train one configuration, record it, and return its score: the monitored metric.

    What is trained already is not trained again, and what was begun goes on.

    Args:
        config: checked.
        overrides: what the user overrode, as in ``optim.lr=0.1``; names the run.
        tell: is told how the run gets on.
        membership: of a sweep or a search; None for a single run.
        judge: ends the run after an epoch if it is pruned, or pauses; it then returns what it had
            reached.

    Raises:
        UserError: nothing was trained and no run was created.
        RunFailed: the run is recorded as FAILED, with its reason.
    """
    run = prepare_run(config, overrides, membership)
    with run.locks.hold(run.fingerprint, waiting=lambda: tell(Notice(CLAIMED))):
        found = recorded_before(run)
        if found.trained:
            tell(AlreadyTrained(found.trained.name, found.trained.run_id))
            return recorded_score(found.trained, run.config)
        if found.begun and was_pruned(found.begun, membership):
            tell(Ended("PRUNED", found.begun.tags[tracking.FAILURE]))
            return recorded_score(found.begun, run.config)
        with _alone_with_its_epochs(run, tell):
            return _train_and_record(run, found.begun, tell, judge)


@contextmanager
def _alone_with_its_epochs(run: Run, tell: Listener) -> Iterator[None]:
    """Let none of the runs that share epochs train them at the same time."""
    if not run.states_key:
        yield
        return
    turns = Turns(run.locks)
    if turns.is_worth_waiting(run.states_key, run.config):
        tell(Notice(SHARED))
    with turns.take(run.states_key, run.config):
        yield


def _train_and_record(run: Run, begun: RunInfo | None, tell: Listener, judge: Judge) -> float:
    """Train the run, or what is missing of it, and return its score."""
    tags, used = run.tags(), Used()
    if begun:
        _compare_versions(begun, tags, tell)
    parent = run.membership.sweep_id if run.membership else None
    described = params(run.config)
    with suppress(Pruned, Paused), _telling_the_end(run.name, tell):
        with run.tracker.open_run(run.name, described, tags, parent, begun) as record:
            tell(Recorded(record.run_id))
            place = place_of(run.tracker.uri, run.tracker.experiment)
            log.info("%s is run %s in %s", run.name, record.run_id, place)
            folder = run.locks.folder / record.run_id
            checkpoints = Checkpoints(folder, run.fingerprint, run.states_key)
            describe(run.config, run.dataset, record)
            start = starting_files(run.config)
            training = Training(run.config, run.dataset, run.device, start)
            found = states_before(training, run, record, checkpoints, partial(_notice, tell))
            judges = (judge, _pausing(run, record.run_id))
            _train_epochs(training, run.name, record, checkpoints, found, used, tell, judges)
            _conclude(training, run, record, tell)
            record.log_metrics(used.so_far(), training.chosen.epoch)
        run.states.keep(record.run_id, len(training.records), checkpoints)
    return training.chosen.metrics[score_metric(run.config)]


def _compare_versions(begun: RunInfo, tags: Mapping[str, str], tell: Listener) -> None:
    """Tell if other versions go on with a run than began it: its numbers may then differ."""
    for key, version in tags.items():
        before = begun.tags.get(key, version)
        if key.startswith("version.") and before != version:
            name = key.removeprefix("version.")
            _notice(tell, f"was begun with {name} {before}, and goes on with {version}")


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
    except Paused as paused:
        log.info("%s: %s", name, paused)
        tell(Ended(UNDECIDED if isinstance(paused, Undecided) else PAUSED, str(paused)))
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


def _train_epochs(
    training: Training,
    name: str,
    record: Record,
    checkpoints: Checkpoints,
    found: tuple[Snapshot, Snapshot] | None,
    used: Used,
    tell: Listener,
    judges: Sequence[Judge],
) -> None:
    """Train what is missing after what was found.

    A checkpoint comes before the record: it holds all that was measured. So nothing is lost,
    whenever the process is killed; and what is in the record already is not recorded twice.
    """
    if found:
        training.resume(*found)
        used.add(found[0].used)
        record.log_epochs(training.records)
    tell(Started(name, record.run_id, training.config.epochs, len(training.records)))
    for judge in judges if found else ():
        judge(training.records, training.is_over)  # its process may have died before it was
    for snapshot in training.epochs():
        checkpoints.save(replace(snapshot, used=used.so_far()))
        record.log_epoch(snapshot.records[-1])
        tell(snapshot.records[-1])
        for judge in judges:
            judge(snapshot.records, training.is_over)


def _pausing(run: Run, run_id: str) -> Judge:
    """Return what ends the run after an epoch if its sweep has asked for that."""
    if run.membership is None:
        return always_goes_on
    asked = pause_file(run.locks.folder, run.membership.sweep_id, run_id)

    def pause_if_asked(records: Sequence[EpochRecord], is_over: bool) -> None:
        if not is_over and asked.exists():
            raise Paused(records[-1].epoch)

    return pause_if_asked


def _conclude(training: Training, run: Run, record: Record, tell: Listener) -> None:
    """Test the epoch that is kept, and keep of it what is to be kept: parameters, model, figures.

    Which run is the best of a sweep is known at its end; until then all have what it may need.
    """
    summary = training.conclude()
    record.log_metrics(summary, training.chosen.epoch)
    tell(EpochKept(training.chosen, summary))
    if run.config.keep_models != "none":
        if reason := log_model(training, run.dataset, record):
            _notice(tell, reason)
    if run.config.figures:
        log_figures(training, run.dataset, summary, run.name, record)


def _notice(tell: Listener, text: str) -> None:
    log.warning(text)
    tell(Notice(text))
