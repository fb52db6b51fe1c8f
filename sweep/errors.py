"""What goes wrong by a user's hand, and how to say it."""

import difflib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException


class UserError(Exception):
    """Something a user can put right. Its text is all that is shown."""

    exit_code = 2


class RunFailed(Exception):
    """A run that was started, failed, and is recorded as failed. Its text is the reason."""

    exit_code = 1


class Pruned(Exception):
    """A run that was stopped because others got further. Its text is the reason.

    Attributes:
        epoch: after which it was stopped.
    """

    def __init__(self, epoch: int, reason: str) -> None:
        """Take the epoch and the reason."""
        super().__init__(reason)
        self.epoch = epoch


def leave(exit_code: int, message: str) -> NoReturn:
    """Print the message as an error, and end the program."""
    print(message, file=sys.stderr)
    sys.exit(exit_code)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean …?)"`` with the known word nearest to this one, or nothing."""
    known = [each for each in known if each != word]
    matches = [each for each in known if each.endswith(f".{word}")]
    matches = matches or difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean {matches[0]}?)" if matches else ""


def is_composition_error(error: Exception) -> bool:
    """Return whether Hydra raised this because of what a user overrode."""
    # For model=null, Hydra has no exception of its own.
    is_group_value = isinstance(error, ValueError) and "Config group override" in str(error)
    return is_group_value or isinstance(error, HydraException | OmegaConfBaseException)


def explain_composition(
    error: Exception, overrides: Sequence[str], fields: Sequence[str], groups: Sequence[str]
) -> str:
    """Say in a line or two what was wrong with an override.

    Args:
        error: what Hydra raised while it composed the configuration.
        overrides: what it composed.
        fields: the names of all fields, to suggest the nearest.
        groups: the names of all groups.
    """
    if isinstance(error, ValueError):
        choices = [each for each in overrides if each.partition("=")[0] in groups]
        return f"{' '.join(choices)}: a group takes the name of one of its choices. {error}"
    if isinstance(error, MissingConfigException) and error.options and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        allowed = ", ".join(sorted(error.options))
        return f"{group}={choice} is unknown{nearest(choice, error.options)}; allowed: {allowed}"
    cause = error.__cause__
    key = getattr(cause, "full_key", None) or getattr(error, "full_key", None)
    if match := re.match(r"Could not override '([^'@]+)'.\nNo match in the defaults", str(error)):
        key = match[1]
    if key and (match or "not in struct" in f"{error} {cause}"):
        if key in fields:
            group = key.partition(".")[0]
            return f"{key} is not a field of the {group} that is chosen, but of another {group}"
        suggestion = nearest(str(key), [*fields, *groups])
        return f"{key} is not a field of the configuration{suggestion}"
    if isinstance(cause, OmegaConfBaseException) and str(cause) not in str(error):
        return f"{error}\n{cause}"
    return str(error)
