"""The exceptions whose text is written for people, and the words that help to mend a mistake."""

import difflib
import re
import sys
from collections.abc import Iterable
from typing import NoReturn

CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # within [ ] of a pattern; not line ends and tabs
MOVES_THE_CURSOR = re.compile(rf"(?!\r\n)[{CONTROLS}]")


class UserError(Exception):
    """Something a user can put right. Its text is all that is shown."""

    exit_code = 2


class RunFailed(Exception):
    """A run that was started, failed, and is recorded as failed. Its text is the reason."""

    exit_code = 1


class Diverged(RunFailed):
    """A run whose loss is not finite any more: the same would happen again.

    Attributes:
        epoch: in which that was seen.
    """

    def __init__(self, epoch: int, reason: str) -> None:
        """Take the epoch and the reason."""
        super().__init__(reason)
        self.epoch = epoch

    def __reduce__(self) -> tuple[type["Diverged"], tuple[int, str]]:
        """Let it be sent from a run's process to its sweep's."""
        return Diverged, (self.epoch, str(self))


class Pruned(Exception):
    """A run that was stopped because others got further. Its text is the reason.

    Attributes:
        epoch: after which it was stopped.
    """

    def __init__(self, epoch: int, reason: str) -> None:
        """Take the epoch and the reason."""
        super().__init__(reason)
        self.epoch = epoch


class Paused(Exception):
    """A run that stops after an epoch, and goes on later. Its text says so.

    Attributes:
        epoch: after which it stopped.
    """

    def __init__(self, epoch: int, reason: str = "") -> None:
        """Take the epoch and what is told, if it is more than that."""
        super().__init__(reason or f"paused after epoch {epoch}")
        self.epoch = epoch


class Undecided(Paused):
    """A run that stops after an epoch until its search has decided whether it goes on."""


class Killed(RunFailed):
    """A run that somebody ended on purpose. Its text is the reason."""


def leave(exit_code: int, message: str) -> NoReturn:
    """Print the message as an error, and end the program."""
    print(printable(message), file=sys.stderr)
    sys.exit(exit_code)


def printable(text: str) -> str:
    """Return a text with ``?`` for each control character but line ends and tabs.

    It may have a stranger's words in it, who would otherwise write all over the terminal.
    """
    return MOVES_THE_CURSOR.sub("?", text)


def nearest(word: str, known: Iterable[str], place: str = "") -> str:
    """Return ``" (did you mean …?)"`` with the known word nearest to this one, or nothing.

    ``MNIST`` is as near to ``mnist`` as can be.

    Args:
        word: that was given.
        known: those that may be meant.
        place: what all of them stand in, as ``model.``; it is told, and not compared.
    """
    known = [each for each in known if each != word]
    matches = [each for each in known if each.endswith(f".{word}")]
    if not matches:
        small = {each.lower(): each for each in known}
        alike = difflib.get_close_matches(word.lower(), small, n=1, cutoff=0.5)
        matches = [small[each] for each in alike]
    return f" (did you mean {place}{matches[0]}?)" if matches else ""


def either(words: Iterable[str]) -> str:
    """Return the words as a choice: ``a, b or c``."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def in_full(number: float) -> str:
    """Return a number with all its digits, but without a fraction of nothing: ``5`` for 5.0."""
    return repr(number).removesuffix(".0")
