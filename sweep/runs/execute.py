"""One run: the one place where configuration, data, network, loop and record come together."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

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
    Listener,
    Notice,
    Recorded,
    Started,
)
from sweep.runs.figure_files import log_figures
from sweep.runs.membership import Membership
from sweep.runs.models import log_model
from sweep.runs.prepare import Run, prepare_run
from sweep.runs.resume import (
    PriorRuns,
    counting,
    prior_runs,
    recorded_score,
    remove_leftovers,
)
from sweep.runs.starting import starting_files
from sweep.runs.turns import Turns
from sweep.runs.used import Used
from sweep.tracking import Record, RunInfo
from sweep.training.checkpoint import Snapshot
from sweep.training.checkpoints import Checkpoints
from sweep.training.selection import EpochRecord
from sweep.training.session import Training
from sweep.uris import redacted

log = logging.getLogger(__name__)

# Is given a run's epochs so far, and whether no more are missing; raises Pruned to end it,
# or Paused to let it wait.
Judge = Callable[[Sequence[EpochRecord], bool], None]


def never_prunes(records: Sequence[EpochRecord], is_over: bool) -> None:
    """Let a run go on, whatever its epochs measured."""


def execute(
    config: Config,
    overrides: Sequence[str],
    tell: Listener,
    membership: Membership | None = None,
    judge: Judge = never_prunes,
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
        found = _recorded_before(run)
        if found.trained:
            tell(AlreadyTrained(found.trained.name, found.trained.run_id))
            return recorded_score(found.trained, run.config)
        if found.begun and _was_pruned(found.begun, membership):
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


def _recorded_before(run: Run) -> PriorRuns[RunInfo]:
    """Return what is recorded of the same run, as far as it counts."""
    past = run.tracker.find_runs(run.fingerprint)
    remove_leftovers(past, run.locks.folder)
    sweep_id = run.membership.sweep_id if run.membership else None
    return prior_runs(counting(past, run.config, sweep_id), run.locks.folder_id)


def _was_pruned(begun: RunInfo, membership: Membership | None) -> bool:
    """Return whether the study that this run belongs to has pruned the same before."""
    study = membership.study if membership else None
    return study is not None and begun.pruned and begun.tags.get(tracking.STUDY) == study


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
            place = f"{redacted(run.tracker.uri)}, experiment {run.tracker.experiment}"
            log.info("%s is run %s in %s", run.name, record.run_id, place)
            folder = run.locks.folder / record.run_id
            checkpoints = Checkpoints(folder, run.fingerprint, run.states_key)
            describe(run.config, run.dataset, record)
            start = starting_files(run.config)
            training = Training(run.config, run.dataset, run.device, start)
            found = _already_trained(training, run, record, checkpoints, tell)
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


def _already_trained(
    training: Training, run: Run, record: Record, checkpoints: Checkpoints, tell: Listener
) -> tuple[Snapshot, Snapshot] | None:
    """Return the state after the last epoch that was trained, and after the best; None if none was.

    They are the run's own, or those of another run that has trained more of the same epochs. What
    is taken over from another is a checkpoint of this run from then on.
    """
    own = checkpoints.load(lambda text: _notice(tell, text))
    if not run.states_key:
        return own
    other = run.states.beginning(run.states_key, run.config, training.monitor)
    if not other or (own and own[0].epoch >= other.last.epoch):
        return own
    checkpoints.origin = run.states_key
    epochs = other.last.epoch
    shared = f"epochs 1 to {epochs}" if epochs > 1 else "epoch 1"
    _notice(tell, f"takes over {shared} of run {other.run_id}")
    record.log_beginning(other.run_id, epochs)
    if not other.is_over:
        for each in {other.best.epoch: other.best, other.last.epoch: other.last}.values():
            checkpoints.save(each)
    return other.last, other.best


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
        return never_prunes
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
