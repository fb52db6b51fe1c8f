"""How long it takes to look runs up in a record that has many already.

    python benchmarks/lookups.py

On generated stores (``generated_store.py``) in an SQLite file, and on a server on PostgreSQL with
passwords: what a sweep asks for each of its combinations (is it trained already?), what it asks
once (what is recorded as RUNNING?), and the leaderboard of all runs. Writes lookups.md.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from generated_store import EXPERIMENT, fill, generate
from measuring import CORES, HERE

from sweep.environment import environment
from sweep.results.leaderboard import load_leaderboard
from sweep.tracking import Tracker

sys.path.insert(0, str(HERE.parent / "tests" / "support"))  # servers, PostgreSQL

ASKED = 50  # combinations


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long a call takes."""
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def measure(uri: str) -> tuple[float, float, float]:
    """Return the milliseconds of one combination (median), of what is RUNNING, of a leaderboard."""
    tracker = Tracker(uri, EXPERIMENT)
    keys = [f"{number:016x}" for number in range(ASKED)]
    each = [milliseconds(lambda key=key: tracker.find_runs(key)) for key in keys]  # type: ignore[misc]
    whole = milliseconds(lambda: load_leaderboard(EXPERIMENT, tracking_uri=uri))
    return statistics.median(each), milliseconds(tracker.running), whole


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    given = parser.parse_args()
    lines = [
        "| record | runs | one combination, ms | all that are RUNNING, ms | leaderboard, s |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]

    def add(name: str, runs: int, uri: str) -> None:
        each, running, whole = measure(uri)
        lines.append(f"| {name} | {runs:,} | {each:.0f} | {running:.0f} | {whole / 1000:.1f} |")
        print(lines[-1], flush=True)

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for runs in given.runs:
            add("SQLite file", runs, generate(Path("mlflow.db").with_stem(f"runs-{runs}"), runs))
            from postgres import AuthServer, PostgreSQL

            with ExitStack() as held:
                database = held.enter_context(PostgreSQL())
                fill(database.url, runs)
                server = held.enter_context(
                    AuthServer(Path(tempfile.mkdtemp(dir=folder)), database)
                )
                os.environ.update(server.environment)
                add("server, PostgreSQL, passwords", runs, server.address)
    lines += [
        "",
        f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}.",
    ]
    os.makedirs(given.output, exist_ok=True)
    (Path(given.output) / "lookups.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
