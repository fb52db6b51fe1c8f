"""Runs that were ended because they hung, told elsewhere while the sweep goes on."""

import socket

from sweep.config.schema import Config
from sweep.execution.job_table import Listener
from sweep.execution.watch import is_stall
from sweep.notifying import notify
from sweep.runs.events import Ended, Event, Notice, Recorded, Retried, Started


class StuckRuns:
    """Listens to a sweep for runs that hang, before who shows it."""

    def __init__(self, listener: Listener, config: Config) -> None:
        """Take who shows the sweep, and the configuration of one of its runs."""
        self._listener, self._config = listener, config
        self._names: dict[int, str] = {}
        self._ids: dict[int, str] = {}

    def add(self, number: int, name: str, cost: float) -> None:
        """Take in that there is one more job."""
        self._names[number] = name
        self._listener.add(number, name, cost)

    def __call__(self, number: int, event: Event) -> None:
        """Take in what the run of this number tells."""
        self._listener(number, event)
        match event:
            case Recorded() | Started():
                self._ids[number] = event.run_id
            case Retried() | Ended() if is_stall(event.reason):
                self._tell(number, event.reason)

    def _tell(self, number: int, reason: str) -> None:
        """Tell it now: a thread that went on with it would not survive the fork of the next try."""
        outcome = {
            "event": "stuck",
            "name": self._names.get(number, ""),
            "id": self._ids.get(number),
            "experiment": self._config.tracking.experiment,
            "host": socket.gethostname(),
            "reason": reason,
        }
        given = self._config.notify
        for line in notify(given.command, given.url, outcome):
            self._listener(number, Notice(line))
