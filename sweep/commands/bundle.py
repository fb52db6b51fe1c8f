"""A sweep as one file that others can check."""

from pathlib import Path

import click

from sweep.bundling.collecting import collect, own_files
from sweep.bundling.contents import write_bundle
from sweep.commands.cli import tracking_option
from sweep.display.bundles import show_own_files
from sweep.display.console import count, show_lines
from sweep.errors import UserError
from sweep.tracking import prepare_mlflow

SUFFIX = ".zip"


@click.command()
@click.argument("sweep")
@click.argument("file", type=Path)
@tracking_option
def bundle(sweep: str, file: Path, tracking_uri: str | None) -> None:
    """Write a sweep as one file: configurations, sources, versions, curves, leaderboard, report.

    SWEEP is an id, the beginning of one, or a name. FILE ends with .zip. It has no
    images, no models, no passwords, and no paths or names of this machine; modules of yours are in
    it as they are. The same sweep gives the same bytes.

    \b
    sweep bundle SWEEP_ID results.zip
    """
    if file.suffix.lower() != SUFFIX:
        raise UserError(f"{file}: allowed is a file that ends with {SUFFIX}")
    prepare_mlflow()
    collected = collect(tracking_uri, sweep)
    try:
        key = write_bundle(file, collected)
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}") from error
    if files := own_files(collected.sources):
        show_own_files(files, "Given away as they are")
    show_lines(
        f"Written: {file}, {count(len(collected.runs), 'run')}",
        f"SHA-256 of its manifest: {key}",
    )
