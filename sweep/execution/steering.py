"""What users ask of a sweep that is at work, and what its scheduler does about it.

Requests are looked for in the sweep's folder. What takes time, such as composing more runs, is done
in threads of the logbook: runs are heard and started meanwhile.
"""

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from sweep.display.console import count, show_lines
from sweep.errors import Killed, UserError
from sweep.execution.adding import Adder, Additions, cannot_add
from sweep.execution.job import Job, Running
from sweep.execution.job_table import KILLED_BY_CONTROL, JobTable
from sweep.execution.logbook import ENDED, Logbook, Record
from sweep.execution.watch import GRACE_SECONDS
from sweep.runs.control_folder import ControlFolder, Misshapen, Request
from sweep.runs.requests import Answer, jobs_of
from sweep.tracking import SWEEP_PAUSED, close_as_killed

LOOK_SECONDS = 1.0  # between two looks
ADDING_SECONDS = 0.1  # the same, while runs are composed

log = logging.getLogger(__name__)


class NotSteered:
    """Nobody can ask anything."""

    is_paused = is_busy = False
    seconds = math.inf

    def begin(self) -> None:
        """There is nothing to look at."""

    def look(self, table: JobTable) -> Sequence[Job]:
        """Nothing is asked."""
        return ()

    def record_killed(self, run: Running) -> bool:
        """Nobody asks for it."""
        return True

    def close(self) -> None:
        """There is nothing to close."""


class Steering:
    """Does what users ask, in the order in which they do.

    Attributes:
        is_paused: whether no run may start, and those that train stop after their epochs.
    """

    def __init__(
        self,
        folder: ControlFolder,
        record: Record,
        add: Adder = cannot_add,
        add_for_others: Adder = cannot_add,
        added: Iterable[Sequence[str]] = (),
        say: Callable[[str], None] = show_lines,
    ) -> None:
        """Take what to look at.

        Args:
            folder: in which users ask.
            record: keeps what was asked, and what came of it.
            add: composes and checks more runs.
            add_for_others: the same, for other users than the sweep's own: no code.
            added: overrides that were added before, when the sweep was at work for another time.
            say: shows a line.
        """
        self._folder = folder
        self._logbook = Logbook(folder, record, say)
        self._additions = Additions(self._logbook, add, add_for_others, added)
        self._asked_to_pause: set[str] = set()  # ids of runs
        self._n_jobs: int | None = None
        self._ending: list[tuple[Running, float]] = []  # runs that were told to, with deadlines
        self._next_look = 0.0
        self.is_paused = False

    @property
    def is_busy(self) -> bool:
        """Whether more runs may come of what was asked, or it is still to be answered."""
        return self._additions.is_busy

    @property
    def seconds(self) -> float:
        """The seconds after which to look again."""
        return ADDING_SECONDS if self.is_busy else LOOK_SECONDS

    def begin(self) -> None:
        """Let users ask from now on. Where the folder cannot be made, they cannot."""
        try:
            self._folder.open()
        except OSError as error:
            self._logbook.say(f"control: this sweep cannot be steered: {error}")

    def look(self, table: JobTable) -> list[Job]:
        """Do what was asked since the last look; return more jobs, if there are any.

        Raises:
            KeyboardInterrupt: all shall stop.
        """
        if (now := time.monotonic()) >= self._next_look:
            self._next_look = now + self.seconds / 2
            self._take_all(deque(self._folder.take()), table)
        self._pause_those_beyond(table)
        self._kill_the_stubborn(table)
        return self._additions.take()

    def _take_all(self, asked: deque[Request | Misshapen], table: JobTable) -> None:
        try:
            while asked:
                each = asked.popleft()
                if isinstance(each, Request):
                    self._take(each, table)
                else:
                    self._refuse(each)
        finally:
            self._tell_ended(asked)  # after a stop

    def _refuse(self, misshapen: Misshapen) -> None:
        path = str(misshapen.path)
        shown = path if path.isprintable() else ascii(path)  # a terminal takes escapes for orders
        self._logbook.say(f"control: a request was not taken: {misshapen.reason}: {shown}")
        if misshapen.name:
            answer = Answer(False, f"the sweep did not take the request: {misshapen.reason}")
            with suppress(OSError):
                self._folder.answer(misshapen.name, answer)

    def _tell_ended(self, asked: Iterable[Request | Misshapen]) -> None:
        for each in asked:
            if isinstance(each, Request):
                self._logbook.tell(each, ENDED)

    def _take(self, request: Request, table: JobTable) -> None:
        asked = request.asked
        if asked.action == "add":
            self._additions.begin(request)
            return
        actions: dict[str, Callable[..., str]] = {
            "pause": self._pause,
            "resume": self._resume,
            "stop": self._stop,
            "jobs": self._jobs,
            "kill": self._kill,
            "first": self._first,
        }
        try:
            answer = Answer(True, actions[asked.action](table, *asked.arguments))
        except UserError as error:
            answer = Answer(False, str(error))
        self._pause_those_beyond(table)  # first: an answer says what is so
        self._logbook.tell(request, answer)
        if asked.action == "stop":
            raise KeyboardInterrupt

    def _pause(self, table: JobTable) -> str:
        if self.is_paused:
            return "is paused already"
        self.is_paused = True
        since = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self._logbook.do(lambda: self._logbook.record.set_tag(SWEEP_PAUSED, since))
        return f"{count(len(table.running), 'run')} will stop after the epoch in progress"

    def _resume(self, table: JobTable) -> str:
        if not self.is_paused:
            raise UserError("resume: the sweep is not paused")
        self.is_paused = False
        self._logbook.do(lambda: self._logbook.record.delete_tag(SWEEP_PAUSED))
        return f"goes on: {count(len(table.queue), 'run')} waiting"

    def _stop(self, table: JobTable) -> str:
        return "stops; the same command goes on with it"

    def _jobs(self, table: JobTable, number: str) -> str:
        self._n_jobs = jobs_of(number)
        table.capacity.resize(self._n_jobs)
        beyond = len(table.running) - self._n_jobs
        later = f"; {count(beyond, 'run')} will stop after the epoch in progress, and go on later"
        return f"{count(self._n_jobs, 'run')} at once{later if beyond > 0 else ''}"

    def _kill(self, table: JobTable, given: str) -> str:
        job = table.find(given)
        if job.number in table.results:
            raise UserError(f"kill {given}: {table.told(job)} has ended")
        if run := table.running_job(job.number):
            run.is_killed = True
            run.process.terminate()
            self._ending.append((run, time.monotonic() + GRACE_SECONDS))
            return f"{table.told(job)} is told to end"
        job.record_failure(Killed(KILLED_BY_CONTROL))
        table.end_killed(job)
        return f"{table.told(job)} will not be trained"

    def _first(self, table: JobTable, given: str) -> str:
        job = table.find(given)
        if job.number in table.results:
            raise UserError(f"first {given}: {table.told(job)} has ended")
        if table.running_job(job.number):
            raise UserError(f"first {given}: {table.told(job)} trains already")
        table.put_first(job.number)
        return f"{table.told(job)} starts next"

    def _pause_those_beyond(self, table: JobTable) -> None:
        """Ask runs to stop after their epochs: all, or those that were started last."""
        running = [*table.running.values()]
        beyond = running if self.is_paused else running[self._n_jobs :] if self._n_jobs else []
        wanted = {run.run_id for run in beyond if run.run_id}
        for run_id in self._asked_to_pause - wanted:
            self._folder.let_go_on(run_id)
            self._asked_to_pause.discard(run_id)
        for run_id in wanted - self._asked_to_pause:
            try:
                self._folder.ask_to_pause(run_id)
            except OSError as error:  # until the next look
                log.warning("run %s cannot be paused: %s", run_id, error)
            else:
                self._asked_to_pause.add(run_id)

    def _kill_the_stubborn(self, table: JobTable) -> None:
        now = time.monotonic()
        for run in [each for each, end in self._ending if now > end]:
            if table.running_job(run.job.number) is run:  # not one that was started since
                run.process.kill()
        self._ending = [(run, end) for run, end in self._ending if now <= end]

    def record_killed(self, run: Running) -> bool:
        """Record why a run was ended, once its process is gone; return False if it had finished."""
        if run.run_id:
            return close_as_killed(run.job.config.tracking, run.run_id, KILLED_BY_CONTROL)
        run.job.record_failure(Killed(KILLED_BY_CONTROL))
        return True

    def close(self) -> None:
        """Refuse what is still asked; remove the folder. The record gets seconds to take it in."""
        self._additions.close()
        self._tell_ended(self._folder.take())
        if self.is_paused:
            self._logbook.do(lambda: self._logbook.record.delete_tag(SWEEP_PAUSED))
        self._logbook.close()
        self._folder.close()
