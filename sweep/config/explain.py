"""What was wrong with an override, said in a line or two instead of Hydra's traceback."""

import re
from collections.abc import Collection, Sequence

from hydra.errors import HydraException, MissingConfigException
from omegaconf.errors import InterpolationResolutionError, OmegaConfBaseException

from sweep.config.choices import CHOSEN
from sweep.config.fields import declared
from sweep.config.ranges import SWEPT, within_a_list
from sweep.config.synonyms import meant_by
from sweep.errors import either, nearest


def is_composition_error(error: Exception) -> bool:
    """Return whether Hydra raised this because of what a user overrode."""
    return _is_of_group(error) or isinstance(error, HydraException | OmegaConfBaseException)


def _is_of_group(error: Exception) -> bool:
    # For model=null, Hydra has no exception of its own.
    return isinstance(error, ValueError) and "Config group override" in str(error)


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
    if _is_of_group(error):
        choices = [each for each in overrides if each.partition("=")[0].lstrip("+~") in groups]
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
        chosen = [each for each in overrides if each.startswith(f"{str(key).partition('.')[0]}=")]
        return no_field(_as_typed(str(key), overrides), chosen[-1:], [*fields, *groups])
    if getattr(cause, "object_type", None) in SWEPT:
        named = [each for each in overrides if each in str(error)]
        return within_a_list(max(named, key=len, default=str(error)))
    if isinstance(error, InterpolationResolutionError):
        typed = (each for each in overrides if each.lstrip("+").startswith(f"{key}="))
        return f"{next(typed, key)}: {str(error).splitlines()[0]}"
    if isinstance(cause, OmegaConfBaseException) and str(cause) not in str(error):
        return f"{error}\n{cause}"
    return str(error).replace("\\'", "'")  # Hydra escapes the quotes of its advice


def _as_typed(key: str, overrides: Sequence[str]) -> str:
    """Return the override's whole key: Hydra names only the first part that is not there."""
    typed = (each.lstrip("+~").partition("=")[0] for each in overrides)
    return next((each for each in typed if each.startswith(f"{key}.")), key)


def no_field(key: str, chosen: Sequence[str], known: Collection[str]) -> str:
    """Say that there is no such field, and which may be meant, or whose it is.

    Args:
        key: dotted.
        chosen: how the choice was made that has no such field, ``model=mlp``, if that is known.
        known: the names of all fields and groups.
    """
    group, _, name = key.partition(".")
    owners = _owners(group, name)
    if owners:
        one = [each for each in chosen if "," not in each]
        own = one[0] if one else f"the {group} that is chosen"
        return f"{key} is not a field of {own}, but of {group}={either(owners)}"
    meant = meant_by(key, known)
    suggestion = f" (did you mean {meant}?)" if meant else ""
    return f"{key} is not a field of the configuration{suggestion}"


def _owners(group: str, name: str) -> list[str]:
    """Return the choices of a group that have a field of this name."""
    if group not in CHOSEN:
        return []
    registry = CHOSEN[group]
    return [each for each in registry.names() if name in declared(registry[each])]
