"""Paths that a sweep is recorded with, found again in its names and tags.

Nothing in these tells where a path with blanks ends, or what is a part of it.
"""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from sweep.bundling.private import short, told_of, without_quoted_paths
from sweep.bundling.texts import texts_in

PLACE_LIKE = re.compile(r"[/\\~]|\A[A-Za-z]:")  # few texts are: the others are not looked at
REST = r"(?P<below>[\\/][\w.@+~-][^\s'\",;:()\[\]<>]*)?[\\/]*"  # of a path that lies below


class Places:
    """The paths among recorded values."""

    def __init__(self, *values: Any) -> None:
        """Take what is recorded: texts, nested in any way, as params and a configuration are."""
        texts = filter(PLACE_LIKE.search, {*_leaves(values)})
        known = {text.rstrip("/\\") for text in texts if short(text) != text}
        ordered = sorted(known, key=lambda text: (-len(text), text))  # the longest may have others
        self._found = [(_pattern(text), short(text)) for text in ordered if re.search(r"\w", text)]

    def taken_out(self, text: str) -> str:
        """Return a name or a tag with the last part of each of its paths, and without passwords."""
        text = without_quoted_paths(text)  # these have an end
        for pattern, name in self._found:
            text = pattern.sub(partial(_last_part, name), text)
        return told_of(text)


def _last_part(name: str, found: re.Match[str]) -> str:
    """Return the name of what was found: this one, or that of what lies below."""
    return short(found["below"] or name)


def _leaves(values: Any) -> Iterator[str]:
    """Yield all texts, and those within texts of JSON: so lists and arguments are recorded."""
    for text in texts_in(values):
        yield text
        if text.startswith(("[", "{")):
            try:
                yield from texts_in(json.loads(text))
            except (ValueError, RecursionError):
                continue  # it only looks like it


def _pattern(path: str) -> re.Pattern[str]:
    """Return what finds a path, also with the backslashes that a command has for Hydra."""
    letters = r"\\?".join(map(re.escape, path))
    return re.compile(rf"(?<![\w./\\]){letters}(?!\w){REST}")
