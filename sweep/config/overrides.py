"""The overrides of a command: which of them describe runs."""

import re
from collections.abc import Sequence

from sweep.config.compose import field_infos
from sweep.config.fields import Role

HYDRA = ("hydra.", "hydra/")
REFERENCE = re.compile(r"(\\*)\$\{")  # for OmegaConf, with the backslashes before it
QUOTE_OR_END = re.compile(r"(\\*)('|\Z)")  # where Hydra's grammar takes backslashes for its own


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
