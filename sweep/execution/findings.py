"""What ``sweep doctor`` finds."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "wrong"]


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    Attributes:
        about: what it was.
        state: ``ok``; ``note``, if something may be missed; ``wrong``, if runs cannot be trained
            or recorded like this.
        found: what was found.
        advice: what to do about it; nothing if it is fine.
    """

    about: str
    state: State
    found: str
    advice: str = ""
