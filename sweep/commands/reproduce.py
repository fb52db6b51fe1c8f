"""Train a recorded run again, from nothing but its record, and compare."""

import os
from collections.abc import Mapping
from dataclasses import replace

import click

from sweep.bundling.collecting import own_files
from sweep.commands.cli import tracking_option
from sweep.config.recorded import from_yaml, targets_of
from sweep.config.schema import Config
from sweep.display.bundles import show_own_files
from sweep.display.comparison import show_comparisons, show_environment
from sweep.display.console import show_lines
from sweep.display.run import RunDisplay
from sweep.environment import differences
from sweep.errors import UserError
from sweep.runs.reproduce import Again, Comparison, compare, recorded_source, train_again
from sweep.signals import let_the_second_end_the_process
from sweep.tracking import (
    BUNDLE,
    DATASET_SOURCE_FOLDER,
    DIVERGED,
    FAILURE,
    SOURCE_FOLDER,
    RunRecord,
    prepare_mlflow,
    read_record,
)


@click.command()
@click.argument("run_id")
@click.option("--dataset-root", metavar="FOLDER", help="Where the image files are now.")
@click.option("--trust", is_flag=True, help="Let modules that came in a bundle run here.")
@tracking_option
def reproduce(run_id: str, dataset_root: str | None, trust: bool, tracking_uri: str | None) -> int:
    """Train a recorded run again, from nothing but its record, and compare to the last bit.

    The exit code is 1 if something is not identical, or nothing could be compared. What came in a
    bundle, and needs code that is not of this program, is trained with --trust alone.

    \b
    sweep reproduce RUN_ID
    """
    prepare_mlflow()
    record = read_record(tracking_uri, run_id)
    config = from_yaml(record.config)
    if code := _foreign_code(record, config):
        if files := own_files(_own_modules(record)):
            show_own_files(files, "Modules in the bundle")
        if not trust:
            raise UserError(
                f"run {record.run_id}: came in a bundle, and needs code that is not of this "
                f"program ({', '.join(code)}); look at it, and if it may run here: --trust"
            )
    if dataset_root:
        config = replace(config, dataset=config.dataset.in_folder(dataset_root))
    # MXNet reads its number of threads once, when it is loaded.
    os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
    let_the_second_end_the_process()
    with recorded_source(record, config) as config:
        again = train_again(record, config, RunDisplay())
    if _is_identical(record, again, compare(record.curves, again.curves)):
        return 0
    show_environment(differences(record.environment, record.commit))
    return 1


def _foreign_code(record: RunRecord, config: Config) -> list[str]:
    """Return what of a bundle's maker would run: names of classes and functions, and of files."""
    if BUNDLE not in record.tags:
        return []
    files = {place for files in _own_modules(record).values() for place in files}
    return targets_of(config) or sorted(files)


def _own_modules(record: RunRecord) -> dict[str, Mapping[str, bytes]]:
    return {SOURCE_FOLDER: record.source, DATASET_SOURCE_FOLDER: record.dataset_source}


def _is_identical(record: RunRecord, again: Again, comparisons: list[Comparison]) -> bool:
    """Show what is compared, and return whether all of it is the same."""
    same = [each.first is None for each in comparisons]
    if comparisons:
        show_comparisons(comparisons)
    if again.parameters and record.parameters:
        same.append(again.parameters == record.parameters)
        show_lines(f"Parameters: {'identical' if same[-1] else 'not identical'}")
    then = record.tags.get(FAILURE)
    if again.failure or DIVERGED in record.tags:  # other failures may have had other reasons
        same.append(again.failure == then)
        show_lines(f"Failure: {again.failure or 'none'}; recorded: {then or 'it did not fail'}")
    if not same:
        show_lines("Nothing is recorded that could be compared")
    return bool(same) and all(same)
