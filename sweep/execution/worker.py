"""What happens in the process of one run: whatever trains it there, it is heard and ended alike."""

import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn, cast

from hydra import version
from hydra._internal.callbacks import Callbacks
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobRuntime, JobStatus, run_job, setup_globals
from hydra.types import HydraContext
from omegaconf import DictConfig

from sweep import heartbeat
from sweep import signals as interrupts
from sweep.errors import RunFailed
from sweep.execution import forks
from sweep.runs.events import Alive, Event, Listener, Waiting

Task = Callable[..., float]  # of the configuration (DictConfig) and a Listener
RUN_LOG = "run.log"
ORPHAN_SECONDS = 10.0  # for a run to close its record when its sweep is gone
REASON_LETTERS = 500
STOPPED = 128 + signal.SIGTERM  # the exit code of a run that was told to stop, and did


@dataclass(frozen=True)
class Application:
    """The Hydra application whose runs these are.

    Attributes:
        task: trains a run; it tells its second argument how it gets on.
        callbacks: Hydra's. What loads configurations stays where it is: it would bring those of
            all plugins to every run, and have their modules imported there.
        name: as Hydra knows it.
        version_base: the version of Hydra that it is written for.
    """

    task: Task
    callbacks: Callbacks
    name: str
    version_base: str


def running_application(task: Task, hydra_context: HydraContext) -> Application:
    """Return the application that runs in this process."""
    name = JobRuntime.instance().get("name")
    callbacks = hydra_context.callbacks
    return Application(task, callbacks, name, version_base=str(version.getbase()))


def work(run: Callable[[Listener], JobReturn], connection: Connection) -> None:
    """Train a run, and send what it tells meanwhile, and at last its JobReturn.

    Args:
        run: trains it; tells its argument how it gets on.
        connection: to whomever launched this.
    """
    interrupts.leave_the_terminal()
    try:
        interrupts.let_none_be_lost()
        signal.signal(signal.SIGTERM, _interrupt_once)
        forks.begin()  # to whomever launched this, it is a daemon still: it ends with them
        interrupts.let_come()
        threading.Thread(target=_stop_with_parent, daemon=True).start()
        alive, waiting = (partial(_tell, connection, each) for each in (Alive(), Waiting()))
        heartbeat.tell_by(alive, waiting)
        connection.send(_portable(run(partial(_tell, connection))))
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    finally:
        forks.end_others()


def not_begun(composed: DictConfig, error: Exception) -> JobReturn:
    """Return the result of a job that could not be begun; it has no folder, and so no log.

    Args:
        composed: Hydra's whole configuration of the job.
        error: what kept it.
    """
    return JobReturn(
        overrides=list(composed.hydra.overrides.task),
        status=JobStatus.FAILED,
        _return_value=without_beginning(error),
    )


def without_beginning(error: Exception) -> RunFailed:
    """Return the failure of a run that this error kept from being begun."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return RunFailed(f"could not be begun: {reason}"[:REASON_LETTERS])


def job_of_hydra(
    application: Application,
    composed: DictConfig,
    environment: Mapping[str, str],
    tell: Listener,
) -> JobReturn:
    """Do one job of Hydra's, in a process that knows nothing of Hydra yet.

    Args:
        application: whose job it is.
        composed: Hydra's whole configuration of the job.
        environment: variables to set first.
        tell: is told how the run gets on.
    """
    os.environ.update(environment)
    setup_globals()
    JobRuntime.instance().set("name", application.name)
    version.setbase(application.version_base)
    try:
        return run_job(
            task_function=partial(_logged, application.task, tell),
            config=composed,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
            hydra_context=HydraContext(cast(Any, None), application.callbacks),
        )
    except Exception as error:  # Hydra's, of a folder say; those of the task are in what it did
        return not_begun(composed, error)


def _logged(task: Task, tell: Listener, composed: DictConfig) -> float:
    """Do the task with all that it and its libraries print going to its log."""
    with open(Path(HydraConfig.get().runtime.output_dir) / RUN_LOG, "ab", buffering=0) as log:
        for standard in (1, 2):
            os.dup2(log.fileno(), standard)
    interrupts.write_stacks_to(sys.stderr)
    return task(composed, tell)


def _tell(connection: Connection, event: Event | Alive) -> None:
    try:
        connection.send(event)
    except BrokenPipeError:  # the sweep is gone, as the thread that waits for that finds too
        _interrupt_once(signal.SIGTERM, None)


def _portable(done: JobReturn) -> JobReturn:
    """Return the job's result, with an error that cannot be sent replaced by its text.

    It is without Hydra's configuration, a sixth of a megabyte, which the sweep has anyway, and
    would keep of each of its runs; what remains of it is the folder of the run's log.
    """
    folder = done.hydra_cfg.hydra.runtime.output_dir if done.hydra_cfg else done.working_dir
    result = replace(done, cfg=None, hydra_cfg=None, working_dir=folder)
    try:  # these bytes are our own, made and read here: from no file and no other hand
        pickle.loads(pickle.dumps(result._return_value))
    except Exception:  # whatever an error of somebody else's raises when it is copied
        result.return_value = RunFailed(repr(result._return_value))
    return result


def _interrupt_once(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # the record is being closed: that shall not be cut short
    raise KeyboardInterrupt


def _stop_with_parent() -> None:
    """End this process when the one that launched it is gone."""
    parent = parent_process()
    if parent is None:
        return
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_SECONDS)
    os._exit(STOPPED)
