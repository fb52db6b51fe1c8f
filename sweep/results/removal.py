"""What is to be removed of a record: what it is, how large, and its removal once that is confirmed.

Between the question and the answer anything can happen. So all is looked at again then, while the
locks of the runs and of their sweeps are held, and what has changed stays.
"""

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweep.errors import UserError
from sweep.results.uses import told
from sweep.runs.alive import Work, held_meanwhile
from sweep.tracking import (
    Entry,
    LoggedModel,
    OwnPlaces,
    delete_models,
    delete_runs,
    own_folder,
)
from sweep.tracking.parts import in_parts

AT_ONCE = 200  # runs whose locks are held at once: each is an open file


@dataclass(frozen=True)
class Piece:
    """Something that is removed with a run or a sweep.

    Attributes:
        what: it is, in the plural.
        path: of its folder on this machine; None without one.
        run_id: to be marked as deleted in the record before that.
        model_id: to be marked as deleted in the record after that.
    """

    what: str
    path: Path | None
    run_id: str | None = None
    model_id: str | None = None


@dataclass(frozen=True)
class Item:
    """What is to be removed of a run or a sweep.

    Attributes:
        entry: the run or the sweep, as it is recorded.
        keys: the fingerprints whose locks keep others from it meanwhile.
        pieces: what is removed.
    """

    entry: Entry
    keys: frozenset[str]
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Removal:
    """What is to be removed.

    Attributes:
        uri: of the record.
        checkpoints: the folder of checkpoints.
        items: by the ids of runs and sweeps.
        kept: why something is not removed, by the id of what it is of: a line each.
        again: finds out once more what is to be removed, while locks are held.
    """

    uri: str
    checkpoints: Path
    items: Mapping[str, Item]
    kept: Mapping[str, str]
    again: Callable[[Work], "Removal"]

    @property
    def lines(self) -> list[str]:
        """What is kept, and why: each line once, though it be of several."""
        return list(dict.fromkeys(self.kept.values()))

    def carry_out(self) -> list[str]:
        """Mark runs as deleted, and remove what is on this machine.

        Whoever looks meanwhile finds no run without its files. What a killed process leaves over,
        ``sweep tidy`` removes.

        Returns:
            Why something was kept after all: a line for each of these items.

        Raises:
            UserError: the record cannot be written, or a folder not be removed.
        """
        kept = []
        for batch in in_parts([*self.items.values()], AT_ONCE):
            keys = sorted({key for each in batch for key in each.keys})
            with held_meanwhile(self.checkpoints, keys) as work:
                now = self.again(work)
                for each in batch:
                    run_id = each.entry.run_id
                    if not each.keys.issubset(work.held):
                        kept.append(
                            f"{told(each.entry)}: a process has begun on it, or on its sweep"
                        )
                    elif now.items.get(run_id) != each:
                        why = now.kept.get(run_id, f"{told(each.entry)}: it has changed meanwhile")
                        kept.append(why)
                    else:
                        _remove_item(self.uri, each)
        return kept


def _remove_item(uri: str, item: Item) -> None:
    """Remove what is of one run, in an order in which nothing is forgotten if it is cut short."""
    delete_runs(uri, [each.run_id for each in item.pieces if each.run_id])
    for each in item.pieces:
        if each.path:
            _remove(each.path)
    delete_models(uri, [each.model_id for each in item.pieces if each.model_id])


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder, though some go meanwhile."""
    found = 0
    for each in [path] if path.is_file() else path.rglob("*"):
        with suppress(FileNotFoundError):
            found += each.lstat().st_size if each.is_file() or each.is_symlink() else 0
    return found


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return  # somebody was faster
    except OSError as error:
        raise UserError(f"{path}: cannot be removed: {error.strerror}") from error


def item(entry: Entry, pieces: Iterable[Piece], parent: Entry | None, work: Work) -> Item:
    """Return what is to be removed of a run or a sweep; ``parent`` is the sweep of a run."""
    keys = {work.key(each) for each in (entry, parent) if each}
    return Item(entry, frozenset(key for key in keys if key), list(pieces))


def files_of(entry: Entry, places: OwnPlaces, what: str, run_id: str | None) -> list[Piece]:
    """Return the folder of a run, if it is the record's own; with the id of a run to be marked."""
    path = own_folder(entry.place, entry.run_id) if places.have(entry.place) else None
    return [Piece(what, path, run_id=run_id)] if path or run_id else []


def models_of(
    models: Iterable[LoggedModel], places: OwnPlaces, what: str = "models"
) -> list[Piece]:
    """Return models, with their folders that are the record's own."""
    return [
        Piece(
            what,
            own_folder(each.place, each.model_id) if places.have(each.place) else None,
            model_id=each.model_id,
        )
        for each in models
    ]


def checkpoints_of(entry: Entry, places: OwnPlaces, folder: Path, what: str) -> list[Piece]:
    """Return the checkpoints of a run, unless they may be of the record that was copied."""
    path = folder / entry.run_id
    return [Piece(what, path)] if places.have(entry.place) and path.is_dir() else []


def foreign(entries: Iterable[Entry], places: OwnPlaces) -> dict[str, str]:
    """Return a line about files that stay since they may be another record's, if there are any."""
    those = [
        each
        for each in entries
        if not places.have(each.place) and own_folder(each.place, each.run_id)
    ]
    if not those:
        return {}
    where = f"{those[0].place}{', …' if len(those) > 1 else ''}"
    return {
        "files": f"the files of {len(those):,} of these: they are not beside this database, and "
        f"may be those of another record ({where})"
    }
