"""Runs and sweeps that users name to be deleted, and what goes with them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sweep.errors import UserError
from sweep.results.removal import (
    Item,
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
    Entry,
    neither,
    read_entries,
    read_models,
    read_own_places,
    registered_models,
    whole_id,
)
from sweep.uris import resolve_uri

AT_WORK = "is RUNNING; allowed is what has ended: interrupt it first, with Ctrl-C where it runs"
BEGUN_AGAIN = (
    "has ended, but a process is at work on the same combination; allowed is to delete it when "
    "that has ended, too"
)


def deletion(uri: str | None, given: Sequence[str], checkpoints: Path) -> Removal:
    """Return what goes with these runs and sweeps; a sweep with its runs.

    What something else uses stays: a run that another sweep found trained, that another run has
    started from, or whose model is registered.

    Args:
        uri: of the record; None for the default one.
        given: ids, beginnings of ids, or names.
        checkpoints: the folder of checkpoints.

    Raises:
        UserError: one is not there, may be several, or is at work; or a sweep is that may use it;
            or all of it is in use.
    """
    entries = {each.run_id: each for each in read_entries(uri, ())}
    named = _named(uri, given, entries)
    below = [run for run in entries.values() if run.sweep_id in named and not run.is_sweep]
    chosen = {each.run_id: each for each in (*below, *named.values())}
    address, work = resolve_uri(uri), Work(checkpoints)
    for each in chosen.values():
        if why := _at_work(each, entries, work):
            raise UserError(why)
    _check_others(chosen.values(), entries.values(), work)
    found = _found(address, list(chosen), work)
    if not any(run_id in found.items for run_id in named):
        raise UserError("\n".join(f"not deleted: {line}" for line in found.lines))
    return found


def _found(uri: str, run_ids: Sequence[str], work: Work) -> Removal:
    """Return what goes with the runs of these ids, which are those that are there still."""
    entries = {each.run_id: each for each in read_entries(uri, ())}
    chosen = {run_id: entries[run_id] for run_id in run_ids if run_id in entries}
    models, names, places = by_run(read_models(uri)), registered_models(uri), read_own_places(uri)
    kept: dict[str, str] = {}
    while True:  # what is kept may use others of these
        others = [each for each in entries.values() if each.run_id not in chosen]
        used = uses(uri, chosen.values(), others, models, names, work)
        more = {
            run_id: why
            for run_id, each in chosen.items()
            if (why := used.of(each) or _at_work(each, entries, work))
        }
        if not more:
            break
        kept |= more
        chosen = {run_id: each for run_id, each in chosen.items() if run_id not in kept}
    items = {}
    for run_id, each in chosen.items():
        what = "sweeps" if each.is_sweep else "runs"
        pieces = [
            *files_of(each, places, what, run_id),
            *checkpoints_of(each, places, work.folder, "checkpoints"),
            *models_of(models.get(run_id, ()), places),
        ]
        items[run_id] = item(each, pieces, entries.get(each.sweep_id or ""), work)
    kept |= foreign((each.entry for each in items.values()), places)
    return Removal(uri, work.folder, _sweeps_last(items), kept, partial(_found, uri, run_ids))


def _sweeps_last(items: Mapping[str, Item]) -> dict[str, Item]:
    return dict(sorted(items.items(), key=lambda each: each[1].entry.is_sweep))


def _named(uri: str | None, given: Sequence[str], entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Return the runs and sweeps that are meant.

    Raises:
        UserError: one is not there, or may be several.
    """
    address = resolve_uri(uri)
    ids = {each: whole_id(address, each) for each in given}
    for each, run_id in ids.items():
        if run_id not in entries:
            raise neither(each, address)
    return {run_id: entries[run_id] for run_id in ids.values()}


def _at_work(entry: Entry, entries: Mapping[str, Entry], work: Work) -> str | None:
    """Return what is at work on a run, or its sweep; what cannot be told counts as recorded."""
    sweep = entries.get(entry.sweep_id or "")
    if work.on(entry):
        return f"{told(entry)} {AT_WORK if entry.status == 'RUNNING' else BEGUN_AGAIN}"
    if sweep and work.on(sweep):
        return f"{told(entry)} belongs to sweep {told(sweep)}, which {AT_WORK}"
    return None


def _check_others(chosen: Iterable[Entry], entries: Iterable[Entry], work: Work) -> None:
    """Check that no sweep is at work that may use what is chosen: it records that at its end.

    Raises:
        UserError: one is.
    """
    experiments = {each.experiment for each in chosen}
    for each in entries:
        if each.is_sweep and each.experiment in experiments and work.on(each):
            raise UserError(
                f"nothing was deleted: sweep {told(each)} of experiment {each.experiment} is at "
                "work, and may use these runs; allowed is to delete them when it has ended"
            )
