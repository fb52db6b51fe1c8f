"""Who trains what: a lock file for each combination, held by the process that trains it.

The kernel gives a lock free when its process ends, however it ends; so no two processes train the
same combination, and what is recorded as RUNNING while nobody holds its lock is not.
"""

import errno
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sweep.errors import UserError
from sweep.files import kernel_lock, wait_for, write_whole

ID_FILE = "id"
NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)


class RunLocks:
    """The locks in a folder of checkpoints.

    They are the same for all tracking addresses, since one store can have several, and for all
    experiments. So where two experiments train the same combination at once, the second waits
    although it need not; that is better than two processes in one run.

    Attributes:
        folder: of the checkpoints.
        folder_id: 32 hex digits that identify the folder, wherever it is mounted. A run is recorded
            with it, so that its end can be told from here, and only from here.
    """

    def __init__(self, folder: Path) -> None:
        """Create the folder if need be.

        Raises:
            UserError: it cannot be written, or has no locks.
        """
        self.folder = folder
        try:
            (folder / "locks").mkdir(parents=True, exist_ok=True)
            self.folder_id = _folder_id(folder)
        except OSError as error:
            if error.errno in NO_LOCKS:
                raise UserError(
                    f"checkpoint_dir={folder}: its file system has no locks (flock), which keep "
                    "runs from being trained twice; allowed is a folder that has"
                ) from error
            raise UserError(
                f"checkpoint_dir={folder}: cannot be written ({error.strerror}); allowed is a "
                "folder for checkpoints that can"
            ) from error

    @contextmanager
    def hold(self, fingerprint: str, waiting: Callable[[], object]) -> Iterator[None]:
        """Hold the combination of this fingerprint; wait until no other process holds it.

        Args:
            fingerprint: of a run, or of a sweep.
            waiting: is called once if there is need to wait.
        """
        lock = self._lock(fingerprint)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            waiting()
            wait_for(lock)
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def try_hold(self, fingerprint: str) -> Iterator[bool]:
        """Hold the combination if nobody else does; yield whether it is held."""
        lock = self._lock(fingerprint)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def is_held(self, fingerprint: str) -> bool:
        """Return whether a process trains this at this moment."""
        with self.try_hold(fingerprint) as free:
            return not free

    def _lock(self, fingerprint: str) -> FileLock:
        return kernel_lock(lock_file(self.folder, fingerprint))


def lock_file(folder: Path, fingerprint: str) -> Path:
    """Return the lock file of a combination in a folder of checkpoints."""
    return folder / "locks" / f"{fingerprint}.lock"


def known_id(folder: Path) -> str | None:
    """Return the id of a folder of checkpoints, as :class:`RunLocks` has it; None without one."""
    with suppress(OSError):
        return (folder / ID_FILE).read_text()
    return None


def _folder_id(folder: Path) -> str:
    path = folder / ID_FILE
    with kernel_lock(folder / "locks" / "id.lock"):
        with suppress(FileNotFoundError):
            return path.read_text()
        new = uuid.uuid4().hex
        write_whole(path, lambda stream: stream.write(new.encode()))
        return new
