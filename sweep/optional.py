"""What is installed only where it was asked for: ``pip install "gluon-sweep[ray]"``."""

from importlib.util import find_spec

from sweep.errors import UserError


def need(extra: str, module: str, what: str) -> None:
    """See that a module is installed, which an extra brings.

    Args:
        extra: as ``pip`` knows it.
        module: that it brings.
        what: needs it, as in ``hydra/launcher=ray needs Ray``.

    Raises:
        UserError: it is not installed.
    """
    if find_spec(module) is None:
        raise UserError(f'{what}, which is not installed: pip install "gluon-sweep[{extra}]"')
