"""Images that cannot be used: those that are broken, and those that cannot be read for now."""

import errno

from sweep.errors import UserError

# What the system says of a path at which there is no file.
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)


class Broken(Exception):
    """An image that cannot be used. Its text is the reason: ``is no image``."""


class Unreadable(UserError):
    """An image that cannot be read for now.

    Attributes:
        reason: why, without where it lies.
    """

    def __init__(self, where: str, reason: str) -> None:
        """Take where it lies, and why it cannot be read."""
        again = "the image may be whole: put that right, and give the command again"
        super().__init__(f"{where}: {reason}; {again}")
        self.reason = reason


def unusable(where: str, what: str, error: Exception) -> Broken | Unreadable:
    """Return what is raised of an image since something else was.

    What is broken may be left out, and is then left out for good. So too many open files, a lack
    of memory or of a permission make no image a broken one: the next start may well read it.

    Args:
        where: it lies, in words.
        what: went wrong: ``cannot be read``.
        error: that was raised.
    """
    number = getattr(error, "errno", None)  # Pillow's own have none
    told = f"{what}: {getattr(error, 'strerror', None) or str(error) or type(error).__name__}"
    if isinstance(error, MemoryError) or number not in (None, *NO_FILE):
        return Unreadable(where, told)
    return Broken(told)
