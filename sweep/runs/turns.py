"""Turns of runs in several processes that share epochs.

The one that ends first trains them; the others wait and go on from its state.
"""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sweep.config.schema import Config
from sweep.files import write_whole
from sweep.runs.locks import RunLocks

End = tuple[float, float]


def end_of(config: Config) -> End:
    """Return what is smaller for runs that end earlier, of those that share their epochs."""
    return config.epochs, config.early_stopping.patience or math.inf


class Turns:
    """Turns at epochs that runs share, in a folder of checkpoints.

    Whoever has the turn says in a file where it will end. A run that ends later waits, and goes on
    from there. One that ends earlier would wait for nothing, and trains beside it.
    """

    def __init__(self, locks: RunLocks) -> None:
        """Take the locks of the folder."""
        self._locks = locks

    def is_worth_waiting(self, key: str, config: Config) -> bool:
        """Return whether another process trains epochs that this run can then go on from.

        Args:
            key: what the runs share: see :func:`sweep.runs.states.states_key`.
            config: of the run.
        """
        return self._locks.is_held(key) and self._end(key) < end_of(config)

    @contextmanager
    def take(self, key: str, config: Config) -> Iterator[None]:
        """Have the turn, or none: wait as long as it is worth it.

        The arguments are those of :meth:`is_worth_waiting`.
        """
        while self.is_worth_waiting(key, config):
            with self._locks.hold(key, waiting=lambda: None):
                pass
        with self._locks.try_hold(key) as is_ours:
            if is_ours:
                text = json.dumps(end_of(config)).encode()
                with suppress(OSError):  # nobody waits, then
                    write_whole(self._path(key), lambda stream: stream.write(text))
            yield

    def _end(self, key: str) -> End:
        """Return where the run ends that has the turn; never, if that cannot be told."""
        try:
            epochs, patience = json.loads(self._path(key).read_text())
        except (OSError, ValueError):
            return math.inf, math.inf
        return epochs, patience

    def _path(self, key: str) -> Path:
        return self._locks.folder / "locks" / f"{key}.end"
