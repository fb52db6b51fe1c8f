"""Tries a user's code twice: from the user's files, then from copies of those that took part.

The first try shows what modules take part; the copies of these alone are what trains.
"""

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from sweep.errors import UserError
from sweep.networks.blocks.eager import numpy_switched_off_again
from sweep.own_modules import enter, foreign, identity, imported, keep, places, taking_part

Found = TypeVar("Found")
SHOWN = 3  # modules that are not recorded, of many
EARLIER = {each.partition(".")[0] for each in sys.modules}  # than any trial: MXNet, and its own


@dataclass(frozen=True)
class Copied(Generic[Found]):
    """What was found out by the second try.

    Attributes:
        found: what it returned.
        folder: with the copies of the modules that take part.
        source: identifies these.
        note: a line if some modules are neither among them nor installed; empty if all are.
    """

    found: Found
    folder: Path
    source: str
    note: str


def tried_from_copies(
    field: str,
    targets: Sequence[str],
    here: Path,
    keep_in: Path,
    attempt: Callable[[Path], Found],
) -> Copied[Found]:
    """Try what a user names, from the user's files and from copies.

    Args:
        field: for messages, as ``model._target_=my_nets.Net``.
        targets: the modules and the names in them.
        here: the folder of the user's files.
        keep_in: the folder for copies of modules.
        attempt: tries it with the modules in a folder, which has been entered.

    Raises:
        UserError: it cannot be tried, or not from the copies.
    """
    with quiet(), numpy_switched_off_again():
        enter(here)
        before = {*sys.modules}
        attempt(here)
        files = taking_part(here)
        folder = keep(files, keep_in)
        enter(folder)
        try:
            found = attempt(folder)
        except UserError as error:
            raise UserError(
                f"{error}\n(with copies of {', '.join(files) or 'no file'} alone, which are what "
                "trains; allowed: modules that read no other files beside themselves)"
            ) from error
        _check_copied(field, here, folder)
        names = [each.rpartition(".")[0] for each in targets]
        # What is of a package that was there before may be MXNet's own, imported late.
        new = {each for each in sys.modules if each.partition(".")[0] not in before}
        names += sorted(new | _from_elsewhere(names, files, folder))
        note = _not_recorded(names, folder)
        enter(folder)  # what trains finds no traces of the trial in its modules
        return Copied(found, folder, identity(files), note)


def _check_copied(field: str, here: Path, folder: Path) -> None:
    """See that what takes part now are copies: otherwise runs would train from other files."""
    for name, file in places(here).items():
        if not file.is_relative_to(folder):
            raise UserError(
                f"{field}: its module {name} is imported from {file}, and not from the copy of it "
                "that is to train; allowed are modules that are found without a change of "
                "sys.path, as in PYTHONPATH=FOLDER"
            )


def _from_elsewhere(names: Iterable[str], files: Mapping[str, bytes], folder: Path) -> set[str]:
    """Return the modules from elsewhere that take part by what files say that they import.

    They need not be new: a trial before may have imported the same.

    Args:
        names: of modules that take part.
        files: with others that do.
        folder: with copies of these.
    """
    found: set[str] = set()
    known = {*EARLIER}
    wanted = imported(files) | {each.partition(".")[0] for each in names}
    while wanted := wanted - known:
        known |= wanted
        there = [each for each in sys.modules if each.partition(".")[0] in wanted]
        elsewhere = {each: file for each in there if (file := foreign(each, folder))}
        found.update(elsewhere)
        wanted = {name for file in elsewhere.values() for name in _imported_by(file)}
    return found


def _imported_by(file: Path) -> set[str]:
    try:
        return imported({str(file): file.read_bytes()})
    except (OSError, SyntaxError, ValueError):  # it was edited since, or is in an archive
        return set()


def _not_recorded(names: Iterable[str], folder: Path) -> str:
    """Return a line about those of these modules that are neither copied nor installed."""
    files = [*dict.fromkeys(file for each in names if (file := foreign(each, folder)))]
    if not files:
        return ""
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    told = ", ".join(map(str, files[:SHOWN]))
    are, they = ("is", "it is") if len(files) == 1 else ("are", "they are")
    return (
        f"{told}{more} {are} not below the folder of the command, so {they} neither recorded nor "
        "in the fingerprint"
    )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep from the terminal what a user's module prints, and what MXNet warns of."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
