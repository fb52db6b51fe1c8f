"""What is on this machine that a record does not need."""

from functools import partial
from pathlib import Path

from sweep.results.removal import (
    Item,
    Piece,
    Removal,
    checkpoints_of,
    files_of,
    foreign,
    item,
    models_of,
)
from sweep.results.uses import by_run, told, uses
from sweep.runs.alive import Work
from sweep.tracking import (
    read_deleted,
    read_entries,
    read_models,
    read_own_places,
    registered_models,
)
from sweep.uris import resolve_uri

TRAINED = ("FINISHED",)


def leftovers(uri: str | None, checkpoints: Path, ended: tuple[str, ...]) -> Removal:
    """Return what can be removed without losing a result.

    That is what belongs to runs that were deleted, and checkpoints of runs that have ended.

    Args:
        uri: of the record; None for the default one.
        checkpoints: the folder of checkpoints.
        ended: the statuses of runs whose checkpoints can be removed.

    Raises:
        UserError: the record cannot be read.
    """
    return _found(resolve_uri(uri), ended, Work(checkpoints))


def _found(uri: str, ended: tuple[str, ...], work: Work) -> Removal:
    entries, deleted = read_entries(uri, ()), read_deleted(uri)
    known = {each.run_id: each for each in (*entries, *deleted)}
    models, names, places = by_run(read_models(uri)), registered_models(uri), read_own_places(uri)
    # A sweep that was deleted while it is at work needs its runs as any other.
    by = [*entries, *(each for each in deleted if each.is_sweep and work.on(each))]
    used = uses(uri, deleted, by, models, names, work)
    gone = {each.run_id for each in deleted}
    items: dict[str, Item] = {}
    kept: dict[str, str] = {}
    for run_id, each in known.items():
        pieces: list[Piece] = []
        if run_id in gone:
            pieces += files_of(each, places, "folders of deleted runs", None)
            pieces += models_of(models.get(run_id, ()), places, "models of deleted runs")
        if run_id in gone or each.status in ended:
            what = "checkpoints of runs that were deleted, or have ended"
            pieces += checkpoints_of(each, places, work.folder, what)
        if not pieces:
            continue
        is_trained = each.finished and run_id not in gone
        parent = known.get(each.sweep_id or "")
        if work.on(each):
            kept[run_id] = f"{told(each)}: a process is at work on it"
        elif parent and work.on(parent):
            kept[run_id] = f"runs of sweep {told(parent)}: it is at work"
        elif not is_trained and (why := used.of(each)):
            kept[run_id] = why
        else:
            items[run_id] = item(each, pieces, parent, work)
    kept |= foreign(deleted, places)
    return Removal(uri, work.folder, items, kept, partial(_found, uri, ended))
