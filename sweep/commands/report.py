"""What came out of a sweep, or of all runs of an experiment, as one HTML file.

python -m sweep.report --sweep ID --output report.html --figures figures
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from operator import methodcaller
from pathlib import Path

from sweep.commands.leaderboard import add_options
from sweep.errors import UserError
from sweep.files import write_whole
from sweep.reporting.page import render
from sweep.reporting.palette import LIGHT
from sweep.reporting.sections import look_of, sections
from sweep.reporting.svg import write_files
from sweep.results.results import Results, read_results

SUFFIXES = (".html", ".htm")


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


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.report", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_options(parser)
    add = parser.add_argument
    add("--output", type=Path, default=Path("report.html"), metavar="FILE", help=OUTPUT_HELP)
    add("--figures", type=Path, metavar="FOLDER", help="also write the figures, as PNG and SVG")
    return parser.parse_args(argv)


OUTPUT_HELP = "where to write the page (default: %(default)s)"


def main(argv: Sequence[str] | None = None) -> int:
    """Write the report, and the figures where asked. Return the exit code."""
    given = _arguments(argv)
    try:
        if given.output.suffix not in SUFFIXES:
            allowed = " or ".join(SUFFIXES)
            raise UserError(f"--output {given.output}: unknown suffix; allowed is {allowed}")
        results = read_results(
            given.experiment, given.sweep, given.metric, given.direction, given.tracking_uri
        )
        page = render(results, datetime.now(timezone.utc)).encode()
        try:
            write_whole(given.output, methodcaller("write", page))
        except OSError as error:
            message = f"--output {given.output}: cannot be written: {error.strerror}"
            raise UserError(message) from error
        print(f"Written: {given.output}, to be opened in any browser")
        if given.figures:
            print(f"Written: {write_figures(results, given.figures)} files in {given.figures}")
    except UserError as error:
        print(error, file=sys.stderr)
        return UserError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
