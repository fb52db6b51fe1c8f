"""The runs of an experiment, or of one sweep, ranked, printed and exported.

python -m sweep.leaderboard --sweep ID --output leaderboard.csv
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sweep.commands.champion import register_best
from sweep.config.metrics import DIRECTIONS, direction_of
from sweep.display.leaderboard import ROWS, show_best, show_leaderboard
from sweep.errors import UserError
from sweep.results.export import WRITERS, export, known_suffix
from sweep.results.leaderboard import (
    DEFAULT_EXPERIMENT,
    DEFAULT_METRIC,
    load_leaderboard,
    load_leaderboard_by_seed,
)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.leaderboard", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_options(parser)
    add = parser.add_argument
    add("--by-seed", action="store_true", help="a row for each run, not for all seeds together")
    add("--top", type=int, metavar="N", help="show and export only the N best")
    add("--output", type=Path, action="append", default=[], metavar="FILE", help=OUTPUT_HELP)
    add("--register", metavar="NAME", help=REGISTER_HELP)
    return parser.parse_args(argv)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which runs are ranked, and by what."""
    add = parser.add_argument
    add("--experiment", default=DEFAULT_EXPERIMENT, help="MLflow's (default: %(default)s)")
    add("--sweep", metavar="ID", help="only the runs of this sweep, by its parent's run id")
    add("--metric", default=DEFAULT_METRIC, help="to rank by (default: %(default)s)")
    add("--direction", choices=DIRECTIONS, help="which end is better, if the name won't tell")
    add("--tracking-uri", help="default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db")


OUTPUT_HELP = f"also write the table; may be given again; by suffix: {', '.join(WRITERS)}"
REGISTER_HELP = "put the best run's model into MLflow's model registry under this name"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the leaderboard, and export it where asked. Return the exit code."""
    given = _arguments(argv)
    try:
        for file in given.output:
            known_suffix(file)
        if given.top is not None and given.top < 1:
            raise UserError(f"--top {given.top}: allowed is 1 or more")
        tabulate = load_leaderboard_by_seed if given.by_seed else load_leaderboard
        table = tabulate(
            given.experiment, given.sweep, given.metric, given.direction, given.tracking_uri
        )
        direction = given.direction or direction_of(given.metric)
        if given.top:
            show_best(table, given.metric, direction, given.top)
            table = table[table["rank"].notna()].head(given.top)
        else:
            show_leaderboard(table, given.metric, direction, ROWS)
        for file in given.output:
            export(table, file)
            print(f"Written: {file}")
        if given.register is not None:
            register_best(table, given.metric, given.register, given.tracking_uri)
    except UserError as error:
        print(error, file=sys.stderr)
        return UserError.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
