"""Train a recorded run again, from nothing but its record, and compare."""

import os
from dataclasses import replace

import click

from sweep.commands.cli import tracking_option
from sweep.config.recorded import from_yaml
from sweep.display.comparison import show_comparisons, show_environment
from sweep.display.console import show_lines
from sweep.display.run import RunDisplay
from sweep.environment import differences
from sweep.runs.reproduce import Again, Comparison, compare, recorded_source, train_again
from sweep.signals import let_the_second_end_the_process
from sweep.tracking import FAILURE, RunRecord, prepare_mlflow, read_record


@click.command()
@click.argument("run_id")
@click.option("--dataset-root", metavar="FOLDER", help="Where the image files are now.")
@tracking_option
def reproduce(run_id: str, dataset_root: str | None, tracking_uri: str | None) -> int:
    """Train a recorded run again, from nothing but its record, and compare to the last bit.

    The exit code is 1 if something is not identical.

    \b
    sweep reproduce RUN_ID
    """
    prepare_mlflow()
    record = read_record(tracking_uri, run_id)
    config = from_yaml(record.config)
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


def _is_identical(record: RunRecord, again: Again, comparisons: list[Comparison]) -> bool:
    """Show what is compared, and return whether all of it is the same."""
    same = [each.first is None for each in comparisons]
    if comparisons:
        show_comparisons(comparisons)
    if again.parameters and record.parameters:
        same.append(again.parameters == record.parameters)
        show_lines(f"Parameters: {'identical' if same[-1] else 'not identical'}")
    if again.failure:
        then = record.tags.get(FAILURE, "it did not fail")
        same.append(again.failure == then)
        show_lines(f"Failure: {again.failure}; recorded: {then}")
    return all(same)
