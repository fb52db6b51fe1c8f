"""What is not installed everywhere: extras, as in ``pip install "gluon-sweep[ray]"``, and MXNet."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from sweep.errors import UserError

# With its dependencies pip would refuse it beside NumPy 2, which Python 3.13 and later need.
NO_MXNET = (
    "Apache MXNet, which trains and predicts, is not installed: {install} --no-deps mxnet==1.9.1 "
    "(there are builds for Linux on x86-64 and Arm, and for macOS on x86-64; elsewhere results can "
    "be read: sweep leaderboard, sweep report)"
)


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
        raise UserError(f'{what}, which is not installed: {installing()} "gluon-sweep[{extra}]"')


def need_mxnet() -> None:
    """See that MXNet is installed, without loading it.

    Raises:
        UserError: it is not.
    """
    if find_spec("mxnet") is None:
        raise UserError(NO_MXNET.format(install=installing()))


@contextmanager
def as_if_not_installed(*modules: str) -> Iterator[None]:
    """Let nobody import these modules meanwhile, unless they are imported already."""
    hidden = [each for each in modules if each not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None is what does it
    try:
        yield
    finally:
        for each in hidden:
            sys.modules.pop(each, None)


def installing() -> str:
    """Return the command that installs what follows it where this program is installed."""
    if Path(sys.prefix, "pipx_metadata.json").exists():
        return f"pipx runpip {Path(sys.prefix).name} install"
    # On the path alone: setuptools watches for pip, and would take the place of distutils then.
    if PathFinder.find_spec("pip") is None:  # as in the environments of uv
        return f"uv pip install --python {shlex.quote(sys.executable)}"
    return "pip install"
