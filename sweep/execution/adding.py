"""Runs that are added to a sweep while it is at work: who makes them, and what is told of them."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial

from sweep.errors import UserError
from sweep.execution.job import Job
from sweep.execution.logbook import CLOSING_SECONDS, ENDED, Logbook, Outcome
from sweep.runs.control_folder import Request
from sweep.runs.requests import Answer
from sweep.tracking import ADDED_FILE, reason

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Added:
    """More runs of a sweep.

    Attributes:
        jobs: that are to be trained.
        text: says what was found out about them, in one line.
    """

    jobs: Sequence[Job]
    text: str


Adder = Callable[[Sequence[str]], Added]  # of overrides; raises UserError


def cannot_add(overrides: Sequence[str]) -> Added:
    """Say that nothing can be added.

    Raises:
        UserError: always.
    """
    raise UserError(
        f"add {' '.join(overrides)}: this is a search, which has no grid to add to; it suggests "
        "its runs itself"
    )


class Additions:
    """What users add to a sweep: composed in a thread, trained, recorded, and then answered.

    What the sweep ends before it has taken it in is refused, and not recorded: the same command
    goes on with what is recorded.
    """

    def __init__(
        self, logbook: Logbook, add: Adder, add_for_others: Adder, before: Iterable[Sequence[str]]
    ) -> None:
        """Take where it is told, and what is needed for it.

        Args:
            logbook: tells of it, and records it.
            add: composes and checks more runs.
            add_for_others: the same, for other users than the sweep's own.
            before: overrides that were added when the sweep was at work for another time.
        """
        self._logbook, self._add, self._add_for_others = logbook, add, add_for_others
        self._known = [[*each] for each in before]
        self._composing: dict[Future[Added], Request] = {}
        self._recording: dict[Future[None], tuple[Request, Added]] = {}

    @property
    def is_busy(self) -> bool:
        """Whether something was asked for that is not answered yet."""
        return bool(self._composing or self._recording)

    def begin(self, request: Request) -> None:
        """Compose what is asked for."""
        add = self._add if request.is_own else self._add_for_others
        composed = self._logbook.submit(partial(add, request.asked.arguments))
        self._composing[composed] = request

    def take(self) -> list[Job]:
        """Return the jobs of what was composed since the last time; answer what was recorded."""
        for recorded in _done(self._recording):
            self._tell_recorded(recorded)
        return [job for each in _done(self._composing) for job in self._jobs_of(each)]

    def _jobs_of(self, composed: Future[Added]) -> Sequence[Job]:
        """Return the jobs that were asked for; none if that is refused."""
        request = self._composing.pop(composed)
        try:
            added = composed.result()
        except UserError as error:
            self._logbook.tell(request, Answer(False, " ".join(str(error).split())))
        except Exception as error:  # whatever it is, the sweep goes on
            log.exception("what was asked for could not be composed")
            self._logbook.tell(request, Answer(False, reason(error)))
        else:
            self._known.append([*request.asked.arguments])
            known = json.dumps(self._known, indent=1, ensure_ascii=False)
            self._recording[self._logbook.keep(known, ADDED_FILE)] = request, added
            return added.jobs
        return ()

    def _tell_recorded(self, recorded: Future[None]) -> None:
        request, added = self._recording.pop(recorded)
        text = added.text
        try:
            recorded.result(timeout=0)
        except Exception as error:  # the record is away; the runs are trained all the same
            why = "not recorded, and to be added again if the sweep is interrupted"
            text = f"{text}; {why}: {reason(error)}"
        self._logbook.tell(request, Answer(True, text))

    def close(self) -> None:
        """Refuse what is still composed. What is trained already gets seconds to be recorded."""
        for request in self._composing.values():
            self._logbook.tell(request, ENDED)
        self._composing.clear()
        wait(self._recording, CLOSING_SECONDS)
        for recorded in [*self._recording]:
            self._tell_recorded(recorded)


def _done(futures: Iterable[Future[Outcome]]) -> list[Future[Outcome]]:
    return [each for each in futures if each.done()]
