"""What goes wrong by a user's hand, and how to say it."""

import difflib
import re
from collections.abc import Iterable

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException


class UserError(Exception):
    """Something a user can put right. Its text is all that is shown."""

    exit_code = 2


class RunFailed(Exception):
    """A run that was started, failed, and is recorded as failed. Its text is the reason."""

    exit_code = 1


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean …?)"`` with the known word nearest to this one, or nothing."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f" (did you mean {matches[0]}?)" if matches else ""


def explain_hydra(error: HydraException | OmegaConfBaseException, fields: Iterable[str]) -> str:
    """Say in a line or two what was wrong with an override.

    Args:
        error: what Hydra raised while it composed the configuration.
        fields: all field and group names, to suggest the nearest.
    """
    if isinstance(error, MissingConfigException) and error.options and error.missing_cfg_file:
        group, _, choice = str(error.missing_cfg_file).rpartition("/")
        allowed = ", ".join(sorted(error.options))
        return f"{group}={choice} is unknown{nearest(choice, error.options)}; allowed: {allowed}"
    cause = error.__cause__
    key = getattr(cause, "full_key", None) or getattr(error, "full_key", None)
    if match := re.match(r"Could not override '([^'@]+)'.\nNo match in the defaults", str(error)):
        key = match[1]
    if key and (match or "not in struct" in f"{error} {cause}"):
        return f"{key} is not a field of the configuration{nearest(str(key), fields)}"
    if isinstance(cause, OmegaConfBaseException) and str(cause) not in str(error):
        return f"{error}\n{cause}"
    return str(error)
