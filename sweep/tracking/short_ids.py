"""Runs and sweeps by the beginning of their ids, as git knows commits; or by their names."""

import re
from collections.abc import Callable, Iterable, Sequence

from sweep.errors import UserError
from sweep.tracking.connection import explained_errors
from sweep.tracking.records import RecordedRun, Records, Where, records_of
from sweep.tracking.run_info import as_name
from sweep.uris import redacted

WHOLE = re.compile("[0-9a-f]{32}")
BEGINNING = re.compile("[0-9a-f]{4,31}")
SHORT = 8  # digits of an id, to tell a few from each other
MOST_SHOWN = 5  # of those that may be meant
FOUND_AT_ONCE = 100  # more are not needed to say that it is not clear


def whole_run_id(uri: str, given: str) -> str:
    """Return the id of the run that is meant; what was given where there is none.

    Args:
        uri: of the record.
        given: an id, four or more of its first digits, or the name of a run that no other has.

    Raises:
        UserError: several runs may be meant.
    """
    return _whole(uri, given, lambda run: not run.is_sweep)


def whole_sweep_id(uri: str, given: str) -> str:
    """Return the id of the sweep that is meant, as :func:`whole_run_id` does that of a run."""
    return _whole(uri, given, lambda run: run.is_sweep)


def whole_id(uri: str, given: str) -> str:
    """Return the id of the run or the sweep that is meant, as :func:`whole_run_id` does."""
    return _whole(uri, given, lambda run: True)


def _whole(uri: str, given: str, fits: Callable[[RecordedRun], bool]) -> str:
    if WHOLE.fullmatch(given):
        return given
    with explained_errors(uri):
        found = _candidates(records_of(uri), given)
    meant = {run.run_id: run for run in [*filter(fits, found)] or found}
    if len(meant) > 1:
        raise UserError(
            f"{given} may be several in {redacted(uri)}: {_named(list(meant.values()))}; allowed "
            "is one of these ids, or more of its digits"
        )
    return next(iter(meant), given)


def _candidates(records: Records, given: str) -> list[RecordedRun]:
    """Return the runs and sweeps with this beginning of an id, or else with this name."""
    if BEGINNING.fullmatch(given) and (found := _search(records, Where(begins=given))):
        return found
    names = {given, as_name(given)} if given else set()  # a long one may have been recorded whole
    return [run for name in names for run in _search(records, Where(name=name))]


def _search(records: Records, where: Where) -> list[RecordedRun]:
    numbers = [each.experiment_id for each in records.experiments()]
    return [*records.runs(numbers, where, most=FOUND_AT_ONCE)]


def _named(runs: Sequence[RecordedRun]) -> str:
    shown = [f"{run.run_id} ({run.name})" for run in runs[:MOST_SHOWN]]
    more = len(runs) - MOST_SHOWN
    return ", ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


def shortened(ids: Iterable[str]) -> dict[str, str]:
    """Return for each id as many of its first digits, eight or more, as tell it from the others."""
    known = list(dict.fromkeys(ids))
    for digits in range(SHORT, 32):
        short = {each: each[:digits] for each in known}
        if len(set(short.values())) == len(known):
            return short
    return {each: each for each in known}
