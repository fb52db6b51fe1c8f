"""What is installed only where it is asked for."""

from importlib.util import find_spec

from sweep.errors import UserError


def need(extra: str, module: str, what: str) -> None:
    """Check that a module of an extra is installed.

    Args:
        extra: its name in pyproject.toml.
        module: one that it brings.
        what: needs it: ``hydra/launcher=ray``.

    Raises:
        UserError: it is not installed.
    """
    if find_spec(module) is None:
        raise UserError(
            f"{what}: needs {module}, which is not installed: pip install 'gluon-sweep[{extra}]'"
        )
