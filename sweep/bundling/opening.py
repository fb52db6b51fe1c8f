"""A bundle taken into a record: its runs stand there as others do, and say where they come from."""

from dataclasses import dataclass

import yaml

from sweep.bundling.layout import Bundle, BundledRun
from sweep.tracking import (
    CONFIG_FILE,
    DATASET_SOURCE_FOLDER,
    ENVIRONMENT_FILE,
    KIND,
    ORIGINAL,
    RUN,
    SOURCE_FOLDER,
    ForeignRun,
    ForeignSweeps,
)

COMMIT = "bundle.commit"  # tag: of the code that has trained it


@dataclass(frozen=True)
class Opened:
    """A sweep that was taken in.

    Attributes:
        sweep_id: of its parent run in this record.
        is_new: whether it was taken in now; it was there already otherwise.
    """

    sweep_id: str
    is_new: bool


def take_in(bundle: Bundle, key: str, experiment: str, tracking_uri: str | None) -> Opened:
    """Record the sweep of a bundle and its runs, once; all of it or nothing.

    Args:
        bundle: that was read.
        key: what identifies it.
        experiment: in which they are recorded.
        tracking_uri: of the record; None for the default one.

    Raises:
        UserError: they cannot be recorded there, or somebody else takes them in.
    """
    record = ForeignSweeps(tracking_uri, experiment)
    if found := record.find(key):
        return Opened(found, False)
    sweep = bundle.sweep
    parent = ForeignRun(
        name=sweep.name,
        status=sweep.status,
        start_ms=sweep.start_ms,
        end_ms=sweep.end_ms,
        params=sweep.params,
        tags={**sweep.tags, ORIGINAL: sweep.run_id},
    )
    return Opened(record.add(key, parent, [_foreign(each, bundle) for each in bundle.runs]), True)


def _foreign(run: BundledRun, bundle: Bundle) -> ForeignRun:
    texts = {}
    if run.config is not None:
        texts[CONFIG_FILE] = yaml.safe_dump(run.config, sort_keys=False)
    if run.environment is not None:
        found = bundle.environments[run.environment]
        texts[ENVIRONMENT_FILE] = yaml.safe_dump(found, sort_keys=False)
    folders = {SOURCE_FOLDER: run.source, DATASET_SOURCE_FOLDER: run.dataset_source}
    return ForeignRun(
        name=run.name,
        status=run.status,
        start_ms=run.start_ms,
        end_ms=run.end_ms,
        params=run.params,
        tags={**run.tags, KIND: RUN, ORIGINAL: run.run_id, COMMIT: run.commit},
        curves={metric: curve.points() for metric, curve in run.curves.items()},
        texts=texts,
        folders={path: bundle.sources[each] for path, each in folders.items() if each},
    )
