"""The overrides of a command: which of them describe runs."""

from collections.abc import Sequence

from sweep.config.compose import field_infos
from sweep.config.fields import Role

HYDRA = ("hydra.", "hydra/")


def describing(overrides: Sequence[str]) -> list[str]:
    """Return the overrides that describe runs: not those of Hydra, folders and addresses.

    An address may hold a password, and a folder says nothing about a run.
    """
    return [each for each in overrides if _describes(each.partition("=")[0].lstrip("+~"))]


def _describes(key: str) -> bool:
    infos = field_infos()
    known = infos.get(key) or infos.get(key.partition(".")[0])
    return not key.startswith(HYDRA) and (known is None or known.role is not Role.MACHINE)
