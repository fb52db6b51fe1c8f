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
what it had. Whoever fails is named, and the others go on. The same command again goes on where it
ended: it measures what is missing or failed, of as many repeats as ``--repeats`` says, so a machine
that is there for two hours measures it in several sittings:

    python benchmarks/sweeps.py --root FOLDER_WITH_MNIST --minutes 120

    python benchmarks/sweeps.py --root FOLDER_WITH_MNIST --contenders sweep --anew

forgets what it has of our command alone, and measures that again, as after a change of it.

What another machine, or other versions, measured is never mixed with it. ``--publish`` measures
nothing: it writes the tables of results.json into sweeps.md and docs/speed.md, and draws
docs/images/sweeps.svg.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from contenders import CONTENDERS, Contender, Failed, Place, limit, sweep
from measuring import CORES, HERE, run
from sweeps_tables import publish, tables
from workloads import SIZES, WORKLOADS, Workload, prepared

from sweep.environment import environment, pinned

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
    work: Workload, contenders: Iterable[Contender], place: Place, seconds: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure the contenders one after another, and the limit before and after each.

    Yields the name of each and what was found, or why it failed, as soon as that is known.
    """
    before = None
    for each in contenders:
        begin = time.monotonic()
        before = before or limit(work, place, seconds)
        with tempfile.TemporaryDirectory(dir=place.folder, ignore_cleanup_errors=True) as folder:
            there = Place(place.images, Path(folder), place.tracking)
            try:
                outcome = each.train(work, there)
            except Failed as failure:
                print(f"{work.key}: {each.name} failed: {failure}", flush=True)
                yield each.name, {"failed": str(failure)}
                before = None
                continue
        after = limit(work, place, seconds)
        speed = work.runs * work.epochs * place.images.count / outcome.seconds
        meanwhile = (before + after) / 2
        entry = {
            "seconds": outcome.seconds,
            "speed": speed,
            "limit": meanwhile,
            "part": speed / meanwhile,
            "accuracies": {str(epoch): values for epoch, values in outcome.accuracies.items()},
            "turn_seconds": time.monotonic() - begin,
            "code": code(),
        }
        print(
            f"{work.key}: {each.name} {outcome.seconds:.1f} s, {speed:,.0f} images/s, "
            f"limit {meanwhile:,.0f}, accuracy {mean([*outcome.accuracies.values()][-1]):.3f}",
            flush=True,
        )
        yield each.name, entry
        before = after


def measure_all(given: argparse.Namespace, works: list[Workload], results: dict[str, Any]) -> None:
    """Measure what is missing of all workloads, repeat by repeat, and write each measurement."""
    contenders = [each for each in installed() if each.name in given.contenders]
    due = time.monotonic() + given.minutes * 60
    turns = [
        (repeat, work)
        for repeat in range(given.repeats)
        for work in works
        if lacking(results, work, contenders, repeat)
    ]
    if not turns:
        print("all of it was measured before; --anew measures again")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tracking = f"sqlite:///{folder / 'mlflow.db'}"
        places = {
            work.key: Place(prepared(work.images, given.root, folder), folder, tracking)
            for work in works
            if any(work.key == each.key for _, each in turns)
        }
        for work in works:  # makes the database, and decodes
            if work.key in places:
                sweep()(work.sized("tiny"), places[work.key])
        for repeat, work in turns:
            print(f"repeat {repeat + 1} of {given.repeats}: {work.title}", flush=True)
            left = lacking(results, work, contenders, repeat)
            able = in_time(left, longest(results, work), due)
            found, done = of_repeat(results, work, repeat), 0
            for name, entry in measure(work, able, places[work.key], LIMIT_SECONDS[given.size]):
                found[name] = entry
                write(results, given.output)
                done += 1
            if done < len(left):
                print(f"--minutes={given.minutes:g} are over: the same command goes on")
                return


def of_repeat(results: dict[str, Any], work: Workload, repeat: int) -> dict[str, Any]:
    """Return what a repeat has measured of a workload, to add to."""
    repeats: list[dict[str, Any]] = results["workloads"].setdefault(work.key, [])
    repeats += [{} for _ in range(repeat + 1 - len(repeats))]
    return repeats[repeat]


def lacking(
    results: dict[str, Any], work: Workload, contenders: list[Contender], repeat: int
) -> list[Contender]:
    """Return whom a repeat has not measured yet, or not well, in the order of their turns."""
    found = dict(enumerate(results["workloads"].get(work.key, []))).get(repeat, {})
    able = [
        each
        for each in contenders
        if work.key in each.keys and "seconds" not in found.get(each.name, {})
    ]
    return able[::-1] if repeat % 2 else able


def longest(results: dict[str, Any], work: Workload) -> dict[str, float]:
    """Return the most seconds that the turn of each contender took before."""
    found: dict[str, float] = {}
    for repeat in results["workloads"].get(work.key, []):
        for name, entry in repeat.items():
            found[name] = max(found.get(name, 0.0), entry.get("turn_seconds", 0.0))
    return found


def in_time(
    contenders: list[Contender], seconds: dict[str, float], due: float
) -> Iterator[Contender]:
    """Yield contenders one after another, as long as the next one ends in time, as far as known."""
    for each in contenders:
        if time.monotonic() + seconds.get(each.name, 0.0) > due:
            return
        yield each


def code() -> str:
    """Return the last commit of what is measured, and whether its files differ from it."""
    git = ["git", "-C", str(HERE.parent)]
    parts = ["sweep", "hydra_plugins", "conf", "benchmarks", ":!benchmarks/results"]
    try:
        commit = run([*git, "log", "-1", "--format=%h", "--", *parts])
        changed = run([*git, "status", "--porcelain", "--", *parts])
    except (OSError, SystemExit):  # no git, or no checkout
        return "not known"
    return f"{commit}{' with changes' if changed else ''}"


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
    """Return the results to add to: what was measured in this size on this machine.

    Raises:
        SystemExit: there are others, which would be lost.
    """
    machine = f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}"
    now = {"machine": machine, "versions": pinned(VERSIONS), "size": given.size}
    before = read(given.output)
    other = [key for key in now if before["workloads"] and before.get(key) != now[key]]
    if other and not given.anew:
        raise SystemExit(
            "\n".join(
                [f"{given.output / 'results.json'} was measured otherwise, so nothing is added:"]
                + [f"  {key}: {before.get(key)}, and now {now[key]}" for key in other]
                + ["--output takes another folder; --anew forgets what was measured"]
            )
        )
    workloads = {} if other else before["workloads"]
    for key in {each.key for each in works if given.anew} & {*workloads}:
        left = [without(repeat, given.contenders) for repeat in workloads[key]]
        workloads[key] = [repeat for repeat in left if repeat]
    return {**now, "workloads": workloads}


def without(repeat: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return what a repeat has measured of others than these contenders."""
    return {name: entry for name, entry in repeat.items() if name not in names}


def main() -> None:
    """Measure and print, or publish what was measured."""
    keys = [each.key for each in WORKLOADS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=os.path.abspath, help="the folder with the files of MNIST")
    parser.add_argument("--repeats", type=int, default=3, help="in all, with those of before")
    parser.add_argument("--minutes", type=float, default=600, help="that this sitting may take")
    parser.add_argument("--anew", action="store_true", help="forget what was measured before")
    names = [each.name for each in CONTENDERS]
    parser.add_argument("--contenders", nargs="+", choices=names, default=names, metavar="NAME")
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so a contender is ended with us
    try:
        measure_all(given, works, results)
    except Failed as failure:  # the limit, without which there is nothing to compare with
        raise SystemExit(f"{failure}; what was measured is in {given.output}") from failure
    return print(tables(results))


if __name__ == "__main__":
    main()
