"""Whether a process is at work on what is recorded, as far as that is known here."""

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sweep.runs.locks import RunLocks, known_id, lock_file
from sweep.tracking import Entry


def is_at_work(folder: Path, folder_id: str | None, fingerprint: str | None) -> bool | None:
    """Return whether a process holds a run or a sweep; None if that cannot be told from here.

    Nothing is written, and who trains is not disturbed.

    Args:
        folder: of checkpoints.
        folder_id: of the folder that the run is recorded with.
        fingerprint: of the run or the sweep.
    """
    if not fingerprint or folder_id is None or known_id(folder) != folder_id:
        return None
    file = lock_file(folder, fingerprint)
    try:
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return False if file.parent.is_dir() else None
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


@dataclass(frozen=True)
class Work:
    """What is at work on runs whose checkpoints are in one folder.

    Attributes:
        folder: of checkpoints.
        held: fingerprints whose locks this process holds, so that nobody else works on them.
    """

    folder: Path
    held: Collection[str] = ()

    def key(self, entry: Entry) -> str | None:
        """Return the fingerprint whose lock keeps others from a run or a sweep.

        None if its checkpoints are in another folder.
        """
        folder_id = known_id(self.folder)
        return entry.fingerprint if folder_id and entry.folder_id == folder_id else None

    def on(self, entry: Entry) -> bool:
        """Return whether a process is at work on it; where that cannot be told, as is recorded."""
        if (key := self.key(entry)) and key in self.held:
            return False
        at_work = is_at_work(self.folder, entry.folder_id, entry.fingerprint)
        return entry.status == "RUNNING" if at_work is None else at_work


@contextmanager
def held_meanwhile(folder: Path, keys: Collection[str]) -> Iterator[Work]:
    """Hold those of these fingerprints that nobody else holds, so that no process begins on them.

    Args:
        folder: of checkpoints.
        keys: fingerprints.

    Raises:
        UserError: the folder cannot be written.
    """
    if not keys:
        yield Work(folder)
        return
    locks = RunLocks(folder)
    with ExitStack() as stack:
        yield Work(folder, [key for key in keys if stack.enter_context(locks.try_hold(key))])
