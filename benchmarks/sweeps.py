"""A whole sweep against what a user would otherwise do, side by side on this machine.

    python benchmarks/sweeps.py --root FOLDER_WITH_MNIST
    python benchmarks/sweeps.py --publish

Everything runs in turn, several times over, every second time in the reverse order. A shared
machine's speed wanders by a factor of two within minutes, so the limit, the bare compute loop on
all cores, is measured before and after each: what is compared is how much of the limit of those
minutes each of them reaches. A sweep is measured from the command's start to its end: start-up,
checks, training, validation, tests, records, leaderboard. That all train the same is seen by their
validation accuracy.

All that was measured is in results.json, after every contender's turn, so what is cut short keeps
what it had. Whoever fails is named, and the others go on. Workloads that were measured before on
this machine, with the same versions, stay. ``--publish`` measures nothing: it writes the tables of
results.json into sweeps.md and docs/speed.md, and draws docs/images/sweeps.svg.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contenders import CONTENDERS, Contender, Failed, Place, limit, sweep
from measuring import CORES, HERE
from sweeps_tables import publish, tables
from workloads import SIZES, WORKLOADS, Workload, prepared

LIMIT_SECONDS = {"whole": 8, "short": 5, "tiny": 1}
VERSIONS = ("mxnet", "torch", "lightning", "ray", "optuna", "joblib", "mlflow-skinny")


def installed() -> list[Contender]:
    """Return the contenders that can run here; say why others cannot."""
    for each in CONTENDERS:
        if each.missing:
            missing = ", ".join(each.missing)
            print(f"skipped: {each.name}: not installed: {missing} (pip install '.[benchmark]')")
    return [each for each in CONTENDERS if not each.missing]


def measure(
    work: Workload, contenders: list[Contender], place: Place, seconds: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure the contenders one after another, and the limit before and after each.

    Yields the name of each and what was found, or why it failed, as soon as that is known.
    """
    before = limit(work, place, seconds)
    for each in contenders:
        with tempfile.TemporaryDirectory(dir=place.folder, ignore_cleanup_errors=True) as folder:
            there = Place(place.images, Path(folder), place.tracking)
            try:
                outcome = each.train(work, there)
            except Failed as failure:
                print(f"{work.key}: {each.name} failed: {failure}", flush=True)
                yield each.name, {"failed": str(failure)}
                before = limit(work, place, seconds)
                continue
        after = limit(work, place, seconds)
        speed = work.runs * work.epochs * place.images.count / outcome.seconds
        meanwhile = (before + after) / 2
        entry = {
            "seconds": outcome.seconds,
            "speed": speed,
            "limit": meanwhile,
            "part": speed / meanwhile,
            "accuracies": {str(epoch): value for epoch, value in outcome.accuracies.items()},
        }
        print(
            f"{work.key}: {each.name} {outcome.seconds:.1f} s, {speed:,.0f} images/s, "
            f"limit {meanwhile:,.0f}, accuracy {[*outcome.accuracies.values()][-1]:.3f}",
            flush=True,
        )
        yield each.name, entry
        before = after


def measure_all(given: argparse.Namespace, works: list[Workload], results: dict[str, Any]) -> None:
    """Measure all workloads in turn, repeat by repeat, and write results.json after each one."""
    contenders, begin = installed(), time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracking = f"sqlite:///{folder / 'mlflow.db'}"
        places = {
            each.key: Place(prepared(each.images, given.root, folder), folder, tracking)
            for each in works
        }
        for each in works:  # makes the database, and decodes
            sweep()(each.sized("tiny"), places[each.key])
        for repeat in range(given.repeats):
            done_seconds = time.monotonic() - begin
            if repeat and done_seconds * (repeat + 1) / repeat > given.minutes * 60:
                print(f"no time for repeat {repeat + 1}: --minutes={given.minutes:g}")
                return
            print(f"repeat {repeat + 1} of {given.repeats}", flush=True)
            for each in works:
                able = [one for one in contenders if each.key in one.keys]
                if repeat % 2:
                    able.reverse()
                found: dict[str, Any] = {}
                results["workloads"].setdefault(each.key, []).append(found)
                seconds = LIMIT_SECONDS[given.size]
                for name, entry in measure(each, able, places[each.key], seconds):
                    found[name] = entry
                    write(results, given.output)


def write(results: dict[str, Any], folder: Path) -> None:
    """Write what was measured so far."""
    partial = folder / "results.json.partial"
    partial.write_text(json.dumps(results, indent=1) + "\n")
    partial.replace(folder / "results.json")


def read(folder: Path) -> dict[str, Any]:
    """Return what was measured before, if its form is today's."""
    path = folder / "results.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    return found if "workloads" in found else {"workloads": {}}


def started(given: argparse.Namespace, works: list[Workload]) -> dict[str, Any]:
    """Return the results to add to: what else was measured in this size on this machine."""
    from sweep.environment import environment, pinned

    machine = f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}"
    now = {"machine": machine, "versions": pinned(VERSIONS), "size": given.size}
    before = read(given.output)
    same = {key: before.get(key) for key in now} == now
    kept = {each.key for each in WORKLOADS} - {each.key for each in works} if same else set()
    workloads = {key: repeats for key, repeats in before["workloads"].items() if key in kept}
    return {**now, "workloads": workloads}


def main() -> None:
    """Measure and print, or publish what was measured."""
    keys = [each.key for each in WORKLOADS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=os.path.abspath, help="the folder with the files of MNIST")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=600, help="that repeats may take in all")
    parser.add_argument("--only", default=",".join(keys), help="workloads, as in lenet,mlp")
    parser.add_argument(
        *("--size", "-s"),
        choices=SIZES,
        default="whole",
        help="short: fewer runs and epochs; tiny: only to see that all work",
    )
    parser.add_argument("--output", type=Path, default=HERE / "results", help="for results.json")
    parser.add_argument("--publish", action="store_true", help="only write the documentation")
    given = parser.parse_args()
    unknown = set(given.only.split(",")) - {*keys}
    if unknown:
        parser.error(f"--only={given.only}: allowed are {', '.join(keys)}")
    if given.publish:
        results = read(given.output)
        if not results["workloads"]:
            parser.error(f"{given.output / 'results.json'} has nothing of today's form: measure")
        (given.output / "sweeps.md").write_text(tables(results))
        return publish(results)
    if not given.root:
        parser.error("--root: the folder with the files of MNIST is needed")
    given.output.mkdir(parents=True, exist_ok=True)
    works = [each.sized(given.size) for each in WORKLOADS if each.key in given.only.split(",")]
    results = started(given, works)
    measure_all(given, works, results)
    return print(tables(results))


if __name__ == "__main__":
    main()
