"""Why a run is needed: by a sweep that found it, by a run that started from it, by the registry."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sweep.runs.alive import Work
from sweep.tracking import Entry, LoggedModel, found_ids
from sweep.tracking.short_ids import BEGINNING


@dataclass(frozen=True)
class Uses:
    """Why runs must stay.

    Attributes:
        of_runs: by their ids.
        of_experiments: for all runs of these, by the names of these.
    """

    of_runs: Mapping[str, str]
    of_experiments: Mapping[str, str]

    def of(self, entry: Entry) -> str | None:
        """Return a line: why a run or a sweep must stay; None if nothing is known that needs it."""
        if why := self.of_runs.get(entry.run_id):
            return f"{told(entry)}: {why}"
        if why := self.of_experiments.get(entry.experiment):
            return f"runs of experiment {entry.experiment}: {why}"
        return None


def uses(
    uri: str,
    of: Iterable[Entry],
    by: Collection[Entry],
    models: Mapping[str, Iterable[LoggedModel]],
    names: Mapping[str, str],
    work: Work,
) -> Uses:
    """Return what is known to need runs, or may.

    Args:
        uri: of the record.
        of: the runs that are asked about.
        by: the runs and sweeps that may need them.
        models: that are logged, by the ids of their runs.
        names: in the registry, by the ids of models and runs.
        work: tells which sweeps are at work: what such a one uses is recorded at its end.
    """
    found: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for each in by:
        if not each.is_sweep:
            continue
        ids = found_ids(uri, each)
        found |= {run_id: f"sweep {told(each)} uses it" for run_id in ids or ()}
        if ids is None:
            unknown[each.experiment] = (
                f"what sweep {told(each)} uses cannot be read, and may be these"
            )
        if work.on(each):
            unknown[each.experiment] = f"sweep {told(each)} is at work, and may use them"
    known = {**_starts(of, by, models), **found, **_registered(of, models, names)}
    return Uses(known, unknown)


def by_run(models: Iterable[LoggedModel]) -> Mapping[str, list[LoggedModel]]:
    """Return models by the ids of the runs that have logged them."""
    found: defaultdict[str, list[LoggedModel]] = defaultdict(list)
    for each in models:
        found[each.run_id].append(each)
    return found


def told(entry: Entry) -> str:
    """Return a run's or sweep's name and id, as lines about it begin."""
    return f"{entry.name} ({entry.run_id})"


def _starts(
    of: Iterable[Entry], by: Collection[Entry], models: Mapping[str, Iterable[LoggedModel]]
) -> dict[str, str]:
    """Return the runs that others have started from, or may have, by what is recorded of it."""
    starts = {each.init_from: each for each in by if each.init_from}
    # Older versions have recorded no more of an id.
    beginnings = [known for known in starts if BEGINNING.fullmatch(known)]
    found = {}
    for each in of if starts else ():
        meant = [each.run_id, each.name, *filter(each.run_id.startswith, beginnings)]
        meant += [f"models:/{model.model_id}" for model in models.get(each.run_id, ())]
        others = [starts[known] for known in meant if known in starts]
        if other := next((other for other in others if other.run_id != each.run_id), None):
            found[each.run_id] = f"run {told(other)} has started from it"
    return found


def _registered(
    of: Iterable[Entry], models: Mapping[str, Iterable[LoggedModel]], names: Mapping[str, str]
) -> dict[str, str]:
    found = {}
    for each in of:
        ids = [each.run_id, *(model.model_id for model in models.get(each.run_id, ()))]
        if name := next((names[known] for known in ids if known in names), None):
            found[each.run_id] = f"its model is {name} in the registry"
    return found
