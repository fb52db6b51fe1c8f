"""One run alone, without ``--multirun``: announced, trained, recorded. It is a sweep of one."""

import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import DictConfig, OmegaConf

from sweep.config.checks import check_unread
from sweep.config.params import params, values_of
from sweep.config.schema import Config
from sweep.data.splits import check_fits, load_dataset
from sweep.display.console import show_lines
from sweep.display.plan import listed, show_notes, show_plan
from sweep.errors import RunFailed, UserError
from sweep.execution.job import Job
from sweep.execution.local import forked
from sweep.execution.scheduler import Scheduler
from sweep.execution.stuck import StuckRuns
from sweep.execution.worker import RUN_LOG
from sweep.heartbeat import beat
from sweep.notifying import check_command
from sweep.runs.events import Ended, Event, Listener, Recorded, Resolved
from sweep.runs.locks import RunLocks
from sweep.runs.own_networks import Request, completed, tried
from sweep.runs.resume import close_abandoned
from sweep.runs.starting import identified
from sweep.runs.states import unshared_note
from sweep.signals import let_crashes_end_the_process
from sweep.sweeps.settings import unused_settings
from sweep.sweeps.telling import Telling
from sweep.tracking import Tracker, close_as_failed, probe, short_timeouts
from sweep.uris import browse_command, place_of, resolve_uri, unused_variables


def train_single(config: Config, overrides: Sequence[str], tell: Listener) -> float:
    """Check, announce and train one run; return its score.

    Args:
        config: checked.
        overrides: what the user overrode, as in ``optim.lr=0.1``; names the run.
        tell: is told how the run gets on.

    Raises:
        UserError: something is wrong; nothing was trained or recorded.
        RunFailed: the run is recorded as FAILED, with its reason.
        KeyboardInterrupt: it was interrupted, and is recorded as KILLED.
    """
    folder = HydraConfig.get().runtime.output_dir
    job = Job(0, tuple(overrides), partial(of_hydra, overrides, folder), config)
    shown = Shown(tell)
    check_command(config.notify.command)
    show_notes(unused_settings(overrides))
    train = partial(_announced_and_trained, shown, config, overrides)
    executor = forked.ForkedExecutor(partial(returned, train, job.folder / RUN_LOG))
    with Telling(config, job.name or "run") as telling:
        return _trained(job, shown, executor, telling)


def _trained(job: Job, shown: "Shown", executor: forked.ForkedExecutor, telling: Telling) -> float:
    """Train a run, and say where it is recorded; return its score."""
    config = job.config
    try:
        # A database that this process opened would not survive the fork of a run that goes on.
        close = partial(forked.call, close_as_failed)
        listener = StuckRuns(shown, config)
        (result,) = Scheduler(executor, [job], listener, close=close).run().values()
    except BaseException:  # interrupted: what was killed could not close its record
        if shown.config:  # or it was not begun, and has no record
            with short_timeouts(), suppress(UserError, OSError):  # or the next command will do it
                tracker = Tracker(config.tracking.uri, config.tracking.experiment)
                close_abandoned(tracker, RunLocks(Path(config.checkpoint_dir)))
        raise
    finally:
        telling.run_id = shown.run_id
    if result.status != JobStatus.COMPLETED:
        if shown.is_killed:
            raise KeyboardInterrupt
        raise result._return_value
    if shown.run_id:
        browse = browse_command(resolve_uri(config.tracking.uri))
        show_lines(f"Recorded as run {shown.run_id}", f"Browse: {browse}")
    score: float = result._return_value
    return score


class Shown:
    """Shows what the only run tells, and none of what the scheduler says of it besides.

    Attributes:
        config: what it trains, once that is known.
        run_id: of its record, once it has one.
        is_open: whether that is not closed yet.
        is_killed: whether it was closed as KILLED.
    """

    def __init__(self, tell: Listener) -> None:
        """Take who is told."""
        self._tell = tell
        self.config: Config | None = None
        self.run_id: str | None = None
        self.is_open = self.is_killed = False

    def add(self, number: int, name: str, cost: float) -> None:
        """There is only one."""

    def __call__(self, number: int, event: Event) -> None:
        """Show what the run tells; that it failed once, and only if it was recorded."""
        match event:
            case Resolved():
                self.config = event.config
                return
            case Recorded():
                self.run_id, self.is_open = event.run_id, True
            case Ended():
                if event.status == "FAILED" and not self.is_open:
                    return
                self.is_open, self.is_killed = False, event.status == "KILLED"
        self._tell(event)


def of_hydra(overrides: Sequence[str], folder: str) -> DictConfig:
    """Return what a job needs of Hydra's own configuration: its overrides, and its folder."""
    sweep = {"dir": folder, "subdir": ""}
    return OmegaConf.create({"hydra": {"overrides": {"task": [*overrides]}, "sweep": sweep}})


def returned(train: Callable[[Listener], float], log: Path, tell: Listener) -> JobReturn:
    """Return what became of a run, whatever that is, in the process that it is trained in.

    Args:
        train: trains it.
        log: gets the traceback of what nobody has foreseen: the process that waits for the error
            knows no more of it than its text.
        tell: is told how the run gets on.
    """
    try:
        import sweep.runs.execute  # noqa: F401 - with MXNet, which says here if it cannot be loaded

        let_crashes_end_the_process()
        beat()
        return JobReturn(status=JobStatus.COMPLETED, _return_value=train(tell))
    except Exception as error:  # the process that waits for it raises it again
        if not isinstance(error, UserError | RunFailed):
            with suppress(OSError), open(log, "a") as stream:
                traceback.print_exception(error, file=stream)
        if sys.version_info >= (3, 11):  # where it came from is lost on the way, but for a text
            error.add_note("".join(traceback.format_exception(error)))
        return JobReturn(status=JobStatus.FAILED, _return_value=error)


def _announced_and_trained(
    shown: Shown, config: Config, overrides: Sequence[str], tell: Listener
) -> float:
    """Check, announce and train the run; where another process did, go on with what it trained."""
    from sweep.runs.execute import execute

    return execute(shown.config or _announced(config, tell), overrides, tell)


def _announced(config: Config, tell: Listener) -> Config:
    """Check and announce the run; return what it trains."""
    from sweep.runs.prepare import resolve_device

    check_unread([config.dataset])
    config = replace(config, context=resolve_device(config).device_type)
    probe(resolve_uri(config.tracking.uri))
    dataset = load_dataset(config.dataset)
    check_fits(config, dataset)
    config = identified(config)
    found = tried(Request.of(config, dataset))
    config = completed(config, found)
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    locks = RunLocks(Path(config.checkpoint_dir))
    close_abandoned(tracker, locks)  # before: nothing is mended while a run is RUNNING
    tracker.check_artifacts()
    values = values_of([params(config)])
    place = place_of(tracker.uri, tracker.experiment)
    show_plan(listed(1, values), values, [dataset.describe()], place, config.context)
    show_notes([*unused_variables(tracker.experiment), unshared_note(config), found.note])
    tell(Resolved(config))
    return config
