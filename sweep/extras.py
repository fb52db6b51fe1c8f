"""What is installed only where it was asked for: ``pip install "gluon-sweep[ray]"``."""

from importlib import import_module

from sweep.errors import UserError


def need(extra: str, module: str, what: str) -> None:
    """Import a module that an extra brings.

    Args:
        extra: as ``pip`` knows it.
        module: that it brings.
        what: needs it, as in ``hydra/launcher=ray needs Ray``.

    Raises:
        UserError: it is not installed.
    """
    try:
        import_module(module)
    except ModuleNotFoundError as error:
        raise UserError(
            f'{what}, which is not installed: pip install "gluon-sweep[{extra}]"'
        ) from error
