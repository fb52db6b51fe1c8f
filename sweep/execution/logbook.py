"""What users asked of a sweep, and what came of it: answered, shown, and kept in its record."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol, TypeVar

from sweep.runs.control_folder import ControlFolder, Request
from sweep.runs.requests import Answer
from sweep.tracking import reason

CLOSING_SECONDS = 10.0  # for the record to take in what was done
RECORD_FOLDER = "control"
ENDED = Answer(False, "the sweep has ended")

Outcome = TypeVar("Outcome")

log = logging.getLogger(__name__)


class Record(Protocol):
    """The record of the sweep."""

    def log_text(self, text: str, path: str) -> None:
        """Keep a text as an artifact."""

    def set_tag(self, key: str, value: str) -> None:
        """Set a tag."""

    def delete_tag(self, key: str) -> None:
        """Take a tag away."""


class Logbook:
    """Tells of requests. What takes time is done in threads of its own, one thing after the other.

    What is composed keeps nothing waiting that is only to be recorded.

    Attributes:
        record: of the sweep.
        say: shows a line.
    """

    def __init__(self, folder: ControlFolder, record: Record, say: Callable[[str], None]) -> None:
        """Take the folder for answers, the record, and what shows a line."""
        self._folder, self.record, self.say = folder, record, say
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="steering")
        self._composing = ThreadPoolExecutor(max_workers=1, thread_name_prefix="composing")
        self._told: list[Future[None]] = []

    def tell(self, request: Request, answer: Answer) -> None:
        """Answer a request, show it, and keep it in the record."""
        asked, what = request.asked, "" if answer.is_done else "refused: "
        self.say(f"control: {asked.words} ({request.user}): {what}{answer.text}")
        try:
            self._folder.answer(request.name, answer)
        except OSError as error:
            log.warning("a request could not be answered: %s", error)
        kept = {
            "time": asked.time,
            "user": request.user,
            "host": asked.host,
            "asked": asked.words,
            "is_done": answer.is_done,
            "outcome": answer.text,
        }
        text = json.dumps(kept, indent=1, ensure_ascii=False)
        path = f"{RECORD_FOLDER}/{request.name}.json"
        self.do(lambda: self.record.log_text(text, path))

    def do(self, act: Callable[[], object]) -> None:
        """Write to the record, in a thread of its own; log it if that is not possible."""

        def try_it() -> None:
            try:
                act()
            except Exception as error:  # the record is away; the sweep goes on
                log.warning("what was done could not be recorded: %s", reason(error))

        self._told = [each for each in self._told if not each.done()]
        self._told.append(self._thread.submit(try_it))

    def keep(self, text: str, path: str) -> Future[None]:
        """Keep a text in the record; return what ends when it is kept, or raises why it is not."""
        return self._thread.submit(self.record.log_text, text, path)

    def submit(self, act: Callable[[], Outcome]) -> Future[Outcome]:
        """Compose something in a thread; return what will come of it."""
        return self._composing.submit(act)

    def close(self) -> None:
        """Give the record seconds to take in what it was told."""
        wait(self._told, CLOSING_SECONDS)
        for each in (self._thread, self._composing):
            each.shutdown(wait=False, cancel_futures=True)
