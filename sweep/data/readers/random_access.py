"""Files that several threads read, each where it needs to.

They are not memory-mapped: a mapped file that somebody cuts off ends the process.
"""

import os
import weakref
from pathlib import Path


class RandomAccess:
    """An open file, closed when nobody has it any more.

    Attributes:
        size: in bytes, when it was opened.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            OSError: it cannot be opened.
        """
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)
        self.size = os.fstat(self._descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Return so many bytes from there on; fewer where the file ends.

        Raises:
            OSError: they cannot be read.
        """
        content = os.pread(self._descriptor, length, offset)
        while len(content) < length:  # one call gives 2 GiB at most
            if not (
                more := os.pread(self._descriptor, length - len(content), offset + len(content))
            ):
                break
            content += more
        return content
