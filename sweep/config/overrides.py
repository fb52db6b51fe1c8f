"""The overrides of a command: which of them describe runs, and how values are written in them."""

import json
import re
from collections.abc import Sequence
from typing import Any

from sweep.config.compose import field_infos
from sweep.config.fields import Role
from sweep.config.params import as_text

HYDRA = ("hydra.", "hydra/")
REFERENCE = re.compile(r"(\\*)\$\{")  # for OmegaConf, with the backslashes before it
QUOTE_OR_END = re.compile(r"(\\*)('|\Z)")  # where Hydra's grammar takes backslashes for its own
PLAIN = re.compile(r"([A-Za-z_]|\.{0,2}/)[\w/.@-]*", re.ASCII)  # Hydra: a text without quotes
NO_TEXTS = ("null", "true", "false", "nan", "inf")  # but for these, in letters of any size


def describing(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that describe runs: not those of Hydra, folders and addresses.

    An address may hold a password, and a folder says nothing about a run.
    """
    return [each for each in overrides if _describes(each.partition("=")[0].lstrip("+~"))]


def _describes(key: str) -> bool:
    infos = field_infos()
    known = infos.get(key) or infos.get(key.partition(".")[0])
    return not key.startswith(HYDRA) and (known is None or known.role is not Role.MACHINE)


def quoted(text: str) -> str:
    """Return a text as a value that Hydra reads back as it is, whatever is in it.

    In quotes, a backslash is one but before a quote and at the end
    (https://hydra.cc/docs/1.3/advanced/override_grammar/basic/#quoted-values), and OmegaConf takes
    the last one away that is before a reference.
    """
    text = REFERENCE.sub(r"\1\1\\${", text)
    text = QUOTE_OR_END.sub(lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text)
    return f"'{text}'"


def as_value(recorded: str) -> str:
    """Return a recorded value as an override has it: the text ``0.1`` stands for a number.

    Args:
        recorded: as :func:`sweep.config.params.as_text` writes it.
    """
    try:
        value = json.loads(recorded)
    except (ValueError, RecursionError):  # it is a text, which may be anything
        return written(recorded)
    # A text that merely reads as a number, as 1e5, is not how that number is recorded.
    is_text = isinstance(value, dict) or as_text(value) != recorded
    return written(recorded if is_text else value)


def written(value: Any) -> str:
    """Return a value as an override has it: ``[128,64]``, ``0.1``, ``relu``, ``'net (1).json'``."""
    if isinstance(value, list | tuple):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, float):
        return str(value)  # inf and nan are so in Hydra, and not as JSON has them
    if not isinstance(value, str):
        return json.dumps(value)
    is_plain = PLAIN.fullmatch(value) and value.lower() not in NO_TEXTS
    return value if is_plain else quoted(value)
