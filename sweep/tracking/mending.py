"""Databases that were moved or copied, mended: they name the artifacts that lie beside them.

MLflow keeps a whole path with each experiment, run and model of a database, and goes on using it
when the folder has another name, or is a copy of another: what is missing there it then makes anew.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.tracking.database import SQLITE_SECONDS
from sweep.tracking.locations import DATABASE, home_of, is_beside, is_same, local_folder, whole_path
from sweep.tracking.names import ARTIFACTS
from sweep.uris import as_address

OWN = {  # columns of MLflow's tables that name the own folder of what a row is about
    "runs": "artifact_uri",
    "logged_models": "artifact_location",
    "model_versions": "storage_location",
}
OWN_DEPTH = 3  # such a folder is at least EXPERIMENT/RUN/artifacts

Change = tuple[str, tuple[Any, ...]]


def mend_locations(file: Path) -> set[str]:
    """Let a database that was moved or copied name the artifacts that are beside it as its own.

    Experiments that kept theirs in the same folder as these, or beside their database, keep those
    of runs to come there. Nothing is changed while a run is RUNNING: the same folder can have two
    names, as on two machines, and who looks at it by one of them must not change what is trained by
    the other.

    Args:
        file: that the database is.

    Returns:
        The experiments that would keep theirs beside it, and do not because a run is RUNNING.

    Raises:
        OperationalError: it cannot be read, or there is something to change, and it cannot be.
    """
    with _opened(file) as database:
        if not _Mending.of(database, file):  # most often; nobody has to wait for this
            return set()
        database.execute("BEGIN IMMEDIATE")
        try:
            mending = _Mending.of(database, file)
            if database.execute("SELECT 1 FROM runs WHERE status = 'RUNNING' LIMIT 1").fetchone():
                return {str(number) for number in mending.experiments}
            for statement, values in mending.changes(file):
                database.execute(statement, values)
            database.execute("COMMIT")
        finally:
            if database.in_transaction:
                database.execute("ROLLBACK")
    return set()


def mended_location(experiment_id: str, file: Path) -> Path | None:
    """Return where :func:`mend_locations` would let an experiment keep its artifacts from now on.

    Args:
        experiment_id: MLflow's.
        file: that the database is; nothing is written.

    Returns:
        The folder; None if it stays as it is.

    Raises:
        OperationalError: it cannot be read.
    """
    with _opened(file) as database:
        return _Mending.of(database, file).experiments.get(int(experiment_id))


def mend_location_of(run_id: str, file: Path) -> None:
    """Let a run that goes on keep its artifacts with those of its experiment's runs to come.

    One that had none when its record was copied would put them into the original.

    Args:
        run_id: MLflow's; nobody else writes to this run.
        file: that the database is.

    Raises:
        OperationalError: it cannot be written.
    """
    asked = (
        "SELECT artifact_uri, artifact_location FROM runs JOIN experiments USING (experiment_id) "
        "WHERE run_uuid = ?"
    )
    with _opened(file) as database:
        own, common = database.execute(asked, (run_id,)).fetchone()
        place, folder = _below(own), local_folder(common or "")
        if place is None or folder is None or not is_beside(common, file):
            return
        root, rest = place
        new = home_of(file) / rest
        if rest.parts[0] == folder.name and not is_same(root / rest, new):
            change = "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?"
            database.execute(change, (as_address(new), run_id))


@dataclass(frozen=True)
class _Mending:
    """What is to be changed in a database.

    Attributes:
        rows: the table, the row's number there, and the folder that it is to name.
        experiments: the folders of those whose runs to come are to be beside the database.
    """

    rows: list[tuple[str, int, Path]]
    experiments: dict[int, Path]

    @classmethod
    def of(cls, database: sqlite3.Connection, file: Path) -> "_Mending":
        """Find it out; nothing is written."""
        home = home_of(file)
        found = [*_found(database, home)] if home.is_dir() else []
        roots = {root for _, _, root, _ in found}
        rows = [(table, number, home / rest) for table, number, _, rest in found]
        return cls(rows, dict(_to_house(database, file, roots)))

    def __bool__(self) -> bool:
        return bool(self.rows or self.experiments)

    def changes(self, file: Path) -> Iterator[Change]:
        """Return the statements that do it, with their values."""
        for table, row, folder in self.rows:
            change = f"UPDATE {table} SET {OWN[table]} = ? WHERE rowid = ?"
            yield change, (as_address(folder), row)
        for number, folder in self.experiments.items():
            change = "UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?"
            yield change, (as_address(folder), number)
            change = "REPLACE INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)"
            yield change, (DATABASE, whole_path(file), number)


def _found(database: sqlite3.Connection, home: Path) -> Iterator[tuple[str, int, Path, Path]]:
    """Return the rows whose folder is here and is not the recorded one: that in its two parts."""
    here = f"{as_address(home)}/"
    for table, column in OWN.items():
        # Nearly all are here, by this very name: thousands of paths need not be taken apart.
        asked = f"SELECT rowid, {column} FROM {table} WHERE substr({column}, 1, length(?)) != ?"
        for number, location in database.execute(asked, (here, here)).fetchall():
            if (place := _below(location)) is None:
                continue
            root, rest = place
            new = home / rest
            if root != home and new.is_dir() and not is_same(root / rest, new):
                yield table, number, root, rest


def _to_house(
    database: sqlite3.Connection, file: Path, roots: set[Path]
) -> Iterator[tuple[int, Path]]:
    """Return the experiments whose location is to be beside the database, each with its new one."""
    asked = (
        "SELECT experiments.experiment_id, artifact_location, value FROM experiments "
        "LEFT JOIN experiment_tags AS tags "
        "ON tags.experiment_id = experiments.experiment_id AND tags.key = ?"
    )
    home = home_of(file)
    for number, location, known in database.execute(asked, (DATABASE,)).fetchall():
        folder = local_folder(location or "")
        if folder is None or not folder.is_absolute() or folder.parent.name != ARTIFACTS:
            continue
        if is_same(folder.parent, home):
            continue
        was_beside = known and is_same(folder.parent, Path(known).with_name(ARTIFACTS))
        if folder.parent in roots or (was_beside and not is_same(Path(known), file)):
            yield number, home / folder.name


def _opened(file: Path) -> "closing[sqlite3.Connection]":
    address = f"{Path(whole_path(file)).as_uri()}?mode=rw"  # one that is not there is not made
    found = sqlite3.connect(address, uri=True, isolation_level=None, timeout=SQLITE_SECONDS)
    return closing(found)


def _below(location: str | None) -> tuple[Path, Path] | None:
    """Return the folder ``mlruns`` of a run's or model's own one, and the rest of its path.

    None for one that MLflow would not choose itself, or that is not on this machine.
    """
    folder = local_folder(location or "")
    if folder is None or not folder.is_absolute():
        return None
    root = next((each for each in folder.parents if each.name == ARTIFACTS), None)
    rest = folder.relative_to(root) if root else Path()
    return (root, rest) if root and len(rest.parts) >= OWN_DEPTH else None
