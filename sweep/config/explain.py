"""What was wrong with an override, said in a line or two instead of Hydra's traceback."""

import re
from collections.abc import Sequence

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import OmegaConfBaseException

from sweep.config.choices import CHOSEN
from sweep.errors import nearest

# What else the field calls them: Gluon, Keras and PyTorch are not of one mind.
OTHER_NAMES = {
    "learning_rate": "lr",
    "weight_decay": "wd",
    "layers": "hidden",
    "units": "hidden",
    "filters": "channels",
}


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
        if group in CHOSEN and (reason := CHOSEN[group].refusal(choice)):
            return f"{group}={choice}: {reason}"
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
        return f"{key} is not a field of the configuration{_suggestion(str(key), fields, groups)}"
    if isinstance(cause, OmegaConfBaseException) and str(cause) not in str(error):
        return f"{error}\n{cause}"
    return str(error).replace("\\'", "'")  # Hydra escapes the quotes of its advice


def _suggestion(key: str, fields: Sequence[str], groups: Sequence[str]) -> str:
    """Return ``" (did you mean …?)"`` with the field or group that may be meant, or nothing."""
    parent, dot, name = key.rpartition(".")
    known = f"{parent}{dot}{OTHER_NAMES.get(name, name)}"
    if known in fields:
        return f" (did you mean {known}?)"
    return nearest(known, [*fields, *groups])
