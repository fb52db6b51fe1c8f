"""Where artifacts lie: beside their SQLite database, unless another place was chosen."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname
from uuid import uuid4

from sweep.tracking.names import ARTIFACTS
from sweep.uris import as_address

DATABASE = "sweep.database"  # tag of an experiment: where its database was when this was set


def default_location() -> str:
    """Return where artifacts belong, for a new database."""
    return as_address(Path.cwd() / ARTIFACTS)


def location_of_new() -> str | None:
    """Return where the artifacts of a new experiment belong; None where MLflow finds that itself.

    In a folder whose name it would read otherwise it does not.
    """
    folder = Path.cwd() / ARTIFACTS
    return None if as_address(folder) == str(folder) else as_address(folder / uuid4().hex)


def local_folder(location: str) -> Path | None:
    """Return the folder that a location of MLflow's means; None if it is not on this machine."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return None if parts.scheme else Path(location)


@dataclass(frozen=True)
class OwnPlaces:
    """Which folders a record may remove, of those that it names.

    A database that was copied alone names the folders of the original.

    Attributes:
        own: folders that what is the record's own lies below; None if all that it names is.
        others: folders of another database, though they may lie below these.
    """

    own: Sequence[Path] | None = None
    others: Sequence[Path] = ()

    def have(self, location: str) -> bool:
        """Return whether a location is the record's own; what is on no disk here always is."""
        folder = local_folder(location)
        if folder is None or self.own is None:
            return True
        return _is_below(folder, self.own) and not _is_below(folder, self.others)


def _is_below(folder: Path, roots: Iterable[Path]) -> bool:
    whole = Path(os.path.realpath(folder))
    return any(whole.is_relative_to(os.path.realpath(root)) for root in roots)


def own_places(file: Path, experiments: Iterable[tuple[str, str | None]]) -> OwnPlaces:
    """Return which folders are a database's own.

    Args:
        file: that the database is.
        experiments: the location of each, and by which path its database is remembered.
    """
    own, others = [home_of(file)], []
    for location, known in experiments:
        folder = local_folder(location)
        if folder is None or known is None:
            continue
        if is_same(Path(known), Path(whole_path(file))):
            own.append(folder)
        elif Path(known).exists():
            others.append(folder)
    return OwnPlaces(own, others)


def is_beside(location: str, file: Path) -> bool:
    """Return whether an experiment's location is where its database would have it."""
    folder = local_folder(location)
    return folder is not None and is_same(folder.parent, home_of(file))


def whole_path(file: Path) -> str:
    """Return by which path a database is remembered."""
    return os.path.realpath(file)


def home_of(file: Path) -> Path:
    """Return where a database has its artifacts, unless they are kept apart from it."""
    return Path(whole_path(file)).with_name(ARTIFACTS)


def is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one file or folder, or would."""
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:  # one of them is not there
        return False
