"""What all runs of a sweep have in their names, said once, and what tells each from the others."""

import re
from collections import Counter

# Blanks within brackets and quotes are a part of a value: model.hidden=[128, 64].
WORD = re.compile(r"""(?:\[[^\]]*\]|\{[^}]*\}|'[^']*'|"[^"]*"|\S)+""")


class SharedWords:
    """The words that are in the names of all runs, as far as these are known.

    A run that waits has the overrides that it will be trained with. When it starts it has a name,
    which has most of these, and in place of others, as ``model=lenet``, what they have chosen.
    """

    def __init__(self) -> None:
        """Know no run."""
        self._planned, self._started = Counter[str](), Counter[str]()
        self._replaced: set[str] = set()
        self._runs = 0
        self._names: set[str] = set()

    def plan(self, overrides: str) -> None:
        """Take in a run that has not started."""
        self._runs += 1
        self._planned.update(set(words(overrides)))

    def start(self, overrides: str, name: str) -> None:
        """Take in the name of a run that was planned with these overrides.

        It may be told again.
        """
        if name not in self._names:
            self._names.add(name)
            self._started.update(set(words(name)))
            self._replaced |= set(words(overrides)) - set(words(name))

    def of(self, name: str) -> list[str]:
        """Return those words of a name that are in all others."""
        return [word for word in words(name) if self._is_shared(word)]

    def without(self, name: str) -> str:
        """Return what tells a name from the others; all of it where nothing does."""
        return " ".join(word for word in words(name) if not self._is_shared(word)) or name

    def _is_shared(self, word: str) -> bool:
        if self._runs < 2 or self._started[word] < len(self._names):
            return False
        decided_by = [word] if "=" in word else self._replaced
        return all(self._planned[each] == self._runs for each in decided_by)


def words(name: str) -> list[str]:
    """Return the words of a name: overrides, networks, images."""
    return WORD.findall(name)
