"""What a run tells, as lines of a file that its sweep reads: where nothing faster leads there."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from hydra.core.utils import JobReturn, JobStatus

from sweep.errors import RunFailed
from sweep.execution.remote.agent import Ending, Message
from sweep.runs.events import EpochKept, Event
from sweep.training.selection import EpochRecord

KINDS = {kind.__name__: kind for kind in (*get_args(Event), Ending)}


def to_line(message: Message) -> str:
    """Return a message as JSON, which keeps floats exactly; of a JobReturn the result alone."""
    match message:
        case JobReturn():
            error, value = None, message._return_value
            if message.status == JobStatus.FAILED:
                error, value = str(value), None
            values: dict[str, Any] = {"error": error, "value": value}
        case RunFailed():
            values = {"error": str(message)}
        case _:
            values = dataclasses.asdict(message)
    return json.dumps({"kind": type(message).__name__, **values}) + "\n"


def from_line(line: str) -> Message:
    """Return what :func:`to_line` wrote."""
    values = json.loads(line)
    kind = values.pop("kind")
    if kind == RunFailed.__name__:
        return RunFailed(values["error"])
    if kind == JobReturn.__name__:
        if values["error"] is not None:
            return RunFailed(values["error"])
        return JobReturn(status=JobStatus.COMPLETED, _return_value=values["value"])
    if kind == EpochKept.__name__:
        values["epoch"] = EpochRecord(**values["epoch"])
    message: Message = KINDS[kind](**values)
    return message


class ProgressFile:
    """Reads what was added to such a file since the last time."""

    def __init__(self, path: Path) -> None:
        """Take the file, which need not be there yet."""
        self._path, self._read = path, 0

    def news(self) -> Iterator[Message]:
        """Yield the messages of all lines that are whole."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._read)
                lines = stream.readlines()
        except OSError:  # it is not there yet; or the file system is away
            return
        for line in lines:
            if line.endswith(b"\n"):
                self._read += len(line)
                yield from_line(line.decode())
