"""The leaderboard of up to 10,000 runs against MLflow's own table of the same runs.

    python benchmarks/leaderboard.py

On generated stores (``generated_store.py``), each measurement in a fresh process, in turn, several
times over, since a shared machine's speed wanders: ``mlflow.search_runs``, which returns a
DataFrame with a row for each run; ``load_leaderboard``, which ranks configurations; and
``load_leaderboard_by_seed``. Seconds are of that one call, everything being imported: by the clock,
and of the processor, which other programs disturb less; both are of one thread. Memory is what the
call adds to the process's highest resident size. Writes leaderboard.md.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from measuring import CORES, HERE, run, spread

THEIRS, OURS = "mlflow.search_runs", ("load_leaderboard", "load_leaderboard_by_seed")
Found = dict[str, float]


def measure(name: str, uri: str) -> Found:
    """Return what one call in this process takes."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    import mlflow
    import mlflow.store.tracking.sqlalchemy_store
    from generated_store import EXPERIMENT

    from sweep.results.leaderboard import load_leaderboard, load_leaderboard_by_seed

    mlflow.set_tracking_uri(uri)
    mlflow.MlflowClient().search_experiments(max_results=1)  # opens the database
    before, begin, cpu = peak_mib(), time.perf_counter(), time.process_time()
    if name == THEIRS:
        table = mlflow.search_runs(experiment_names=[EXPERIMENT])
    else:
        ours = {each.__name__: each for each in (load_leaderboard, load_leaderboard_by_seed)}
        table = ours[name](EXPERIMENT, tracking_uri=uri)
    return {
        "seconds": time.perf_counter() - begin,
        "cpu_seconds": time.process_time() - cpu,
        "added": peak_mib() - before,
        "table": float(table.memory_usage(deep=True).sum()) / 2**20,
        "rows": len(table),
    }


def peak_mib() -> float:
    """Return the highest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def report(found: dict[int, dict[str, list[Found]]]) -> str:
    """Return a Markdown table of what was measured."""
    from sweep.environment import environment

    lines = [
        "| runs | | rows | seconds | processor's seconds | ratio to MLflow's | MiB | table, MiB |",
        "| ---: | --- | ---: | --- | --- | --- | ---: | ---: |",
    ]
    for runs, by_name in found.items():
        theirs = [each["cpu_seconds"] for each in by_name[THEIRS]]
        for name, repeats in by_name.items():
            seconds = [each["seconds"] for each in repeats]
            cpu = [each["cpu_seconds"] for each in repeats]
            ratios = [own / their for own, their in zip(cpu, theirs, strict=True)]
            added, table, rows = (
                statistics.median(each[key] for each in repeats)
                for key in ("added", "table", "rows")
            )
            lines.append(
                f"| {runs:,} | `{name}` | {rows:,.0f} | {spread(seconds, '.1f')} | "
                f"{spread(cpu, '.1f')} | {spread(ratios, '.2f')} | {added:.0f} | {table:.1f} |"
            )
    lines += [
        "",
        f"Median (lowest to highest) of {len(theirs)} repeats, each in a fresh process; the ratios "
        "are of the processor's seconds; MiB are medians, a table's as pandas counts them; "
        f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[1_000, 3_000, 10_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "URI"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measure(*given.measure)))
        return
    from generated_store import generate

    found: dict[int, dict[str, list[Found]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        stores = {runs: generate(Path(folder) / f"{runs}.db", runs) for runs in given.runs}
        for repeat in range(given.repeats):
            print(f"repeat {repeat + 1} of {given.repeats}", flush=True)
            for runs, uri in stores.items():
                for name in (THEIRS, *OURS):
                    command = [sys.executable, __file__, "--measure", name, uri]
                    each = json.loads(run(command))
                    found.setdefault(runs, defaultdict(list))[name].append(each)
                    print(f"{runs:,} runs: {name} {each['seconds']:.1f} s", flush=True)
    os.makedirs(given.output, exist_ok=True)
    (Path(given.output) / "leaderboard.md").write_text(text := report(found))
    print(text)


if __name__ == "__main__":
    main()
