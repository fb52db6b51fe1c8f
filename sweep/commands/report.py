"""What came out of a sweep, or of all runs of an experiment, as one HTML file."""

from datetime import datetime, timezone
from operator import methodcaller
from pathlib import Path

import click

from sweep.commands.cli import ranking_options
from sweep.config.metrics import Direction
from sweep.errors import UserError
from sweep.files import write_whole
from sweep.reporting.page import render
from sweep.reporting.palette import LIGHT
from sweep.reporting.sections import look_of, sections
from sweep.reporting.svg import write_files
from sweep.results.results import Results, read_results
from sweep.tracking import prepare_mlflow

SUFFIXES = (".html", ".htm")


@click.command()
@ranking_options
@click.option(
    "--output",
    type=Path,
    default=Path("report.html"),
    metavar="FILE",
    show_default=True,
    help="Where to write the page.",
)
@click.option(
    "--figures", type=Path, metavar="FOLDER", help="Also write the figures, as PNG and SVG."
)
def report(
    experiment: str | None,
    sweep: str | None,
    metric: str | None,
    direction: Direction | None,
    tracking_uri: str | None,
    output: Path,
    figures: Path | None,
) -> None:
    """Write what came out of a sweep, or of all runs of an experiment, as one HTML file.

    \b
    sweep report --sweep ID --output report.html --figures figures
    """
    prepare_mlflow()
    if output.suffix.lower() not in SUFFIXES:
        allowed = " or ".join(SUFFIXES)
        raise UserError(f"--output {output}: unknown suffix; allowed is {allowed}")
    results = read_results(experiment, sweep, metric, direction, tracking_uri)
    page = render(results, datetime.now(timezone.utc)).encode()
    try:
        write_whole(output, methodcaller("write", page))
    except OSError as error:
        raise UserError(f"--output {output}: cannot be written: {error.strerror}") from error
    click.echo(f"Written: {output}, to be opened in any browser")
    if figures:
        click.echo(f"Written: {write_figures(results, figures)} files in {figures}")


def write_figures(results: Results, folder: Path) -> int:
    """Write each figure as a PNG and an SVG file; return how many files that were.

    Raises:
        UserError: the folder cannot be written.
    """
    looks, written = look_of(results, LIGHT), 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for section in sections(results):
            for each in section.illustrations:
                written += len(write_files(each.draw, looks, each.name, folder))
    except OSError as error:
        raise UserError(f"--figures {folder}: cannot be written: {error.strerror}") from error
    return written
