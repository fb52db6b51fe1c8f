"""Telling somebody elsewhere what became of a sweep: a command of theirs, or an address.

Whatever goes wrong with it is only told on the terminal, and it takes seconds at most.
"""

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from sweep.errors import UserError

MOST_SECONDS = 10.0  # that all of it takes
ENDING_SECONDS = 1.0  # besides, in which a command that takes longer is ended
ANSWER_SECONDS = 5.0  # to connect, and to each sign of an answer
LONGEST_VARIABLE = 10_000  # letters
PREFIX = "SWEEP_"

Outcome = Mapping[str, Any]  # can be written as JSON


def check_command(command: Sequence[str]) -> None:
    """Check that the program of ``notify.command`` is there.

    Raises:
        UserError: it is not.
    """
    if command and not shutil.which(command[0]):
        raise UserError(
            f"notify.command=[{','.join(command)}]: there is no program {command[0]} here that can "
            "be run; allowed is a list of words, the first a program, as in [notify-send,done]"
        )


def notify(command: Sequence[str], url: str | None, outcome: Outcome) -> list[str]:
    """Tell what became of a sweep; return a line for each that could not be told.

    Args:
        command: the words of a program: it gets the outcome as JSON on its standard input, and
            each value that is no table as a variable, ``SWEEP_EVENT`` and so on. Empty for none.
        url: gets the outcome as JSON by POST; None for none.
        outcome: what is told.
    """
    ways: dict[str, Callable[[], None]] = {}
    if command:
        ways["notify.command"] = lambda: _run(command, outcome)
    if url:
        ways[f"notify.url ({_host(url)})"] = lambda: _post(url, outcome)
    trouble = {name: f"did not answer within {MOST_SECONDS:g} s" for name in ways}

    def tell(name: str) -> None:
        try:
            ways[name]()
        except Exception as error:  # of whatever kind: the sweep has nothing to do with it
            trouble[name] = _in_words(error)
        else:
            trouble.pop(name)

    threads = [threading.Thread(target=tell, args=(name,), daemon=True) for name in ways]
    for thread in threads:
        thread.start()
    end = time.monotonic() + MOST_SECONDS + ENDING_SECONDS
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return [f"{name}: could not be told: {why}" for name, why in trouble.items()]


def variables(outcome: Outcome) -> dict[str, str]:
    """Return the outcome as variables of a process, without tables and what is not known."""
    return {
        f"{PREFIX}{key.upper()}": str(value).replace("\0", " ")[:LONGEST_VARIABLE]
        for key, value in outcome.items()
        if isinstance(value, str | int | float)
    }


def _run(command: Sequence[str], outcome: Outcome) -> None:
    """Run a command, in a group of its own, all of which is ended when it takes too long."""
    process = subprocess.Popen(
        list(command),
        env={**os.environ, **variables(outcome)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.communicate(json.dumps(outcome).encode(), MOST_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise TimeoutError(f"it took longer than {MOST_SECONDS:g} s, and was ended") from None
    if process.returncode:
        raise ChildProcessError(f"its exit code is {process.returncode}")


def _post(url: str, outcome: Outcome) -> None:
    import requests  # which nobody waits for who tells nobody

    answer = requests.post(
        url, json=outcome, timeout=ANSWER_SECONDS, allow_redirects=False, stream=True
    )
    with answer:
        if not 200 <= answer.status_code < 300:
            raise ConnectionError(f"it answered {answer.status_code}")


def _host(url: str) -> str:
    """Return where an address leads, without the path, which is often a secret."""
    with suppress(ValueError):
        return urlsplit(url).hostname or "?"
    return "?"


def _in_words(error: Exception) -> str:
    """Return what went wrong, without an address: libraries put it into their texts."""
    if isinstance(error, TimeoutError | ChildProcessError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    own = type(error) is ConnectionError
    return str(error) if own else type(error).__name__
