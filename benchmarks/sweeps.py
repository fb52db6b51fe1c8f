"""A whole sweep against what a user would otherwise do, side by side on this machine.

    python benchmarks/sweeps.py --root FOLDER_WITH_MNIST

Everything runs in turn, several times over; the ratios are of neighbours in time, because a shared
machine's speed wanders. A sweep is measured from the command's start to its end: start-up, checks,
training, validation, tests, records, leaderboard. What trains one run after another is measured
with fewer runs, as start-up and mean time of a run, and reckoned up to the sweep's number of runs.
Writes results.json (all that was measured), sweeps.md and sweeps.svg beside this file.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
TRAINED = 55_000  # images an epoch: MNIST without the 5,000 that a sweep holds out


@dataclass(frozen=True)
class Workload:
    """A sweep, and how many runs of it stand for those who train one after another."""

    model: str
    runs: int
    epochs: int
    fewer_runs: int
    goals: dict[str, float]


WORKLOADS = (
    Workload("lenet", 8, 3, 1, {"gluon script": 2.3, "torch loop": 1.35, "limit": 0.88}),
    Workload(
        "mlp",
        16,
        10,
        2,
        {"gluon script": 3.5, "lightning": 3, "torch loop": 1.0, "limit": 0.70},
    ),
)


def sweep_command(work: Workload, runs: int, root: str, *launcher: str) -> list[str]:
    """Return the command for a sweep over seeds."""
    return [
        *(sys.executable, "-m", "sweep", f"model={work.model}", "dataset=mnist"),
        *(f"dataset.root={root}", f"epochs={work.epochs}", f"seed=range(0,{runs})"),
        *(*launcher, "--multirun"),
    ]


def whole_sweep(work: Workload, root: str) -> float:
    """Return the training images a second of a whole sweep, with a database already there."""
    begin = time.perf_counter()
    run(sweep_command(work, work.runs, root))
    return work.runs * work.epochs * TRAINED / (time.perf_counter() - begin)


def other_launcher(*launcher: str, at_once: int) -> Callable[[Workload, str], float]:
    """Return how to measure our training function under another launcher."""

    def measure(work: Workload, root: str) -> float:
        runs = max(2, work.fewer_runs)
        begin = time.perf_counter()
        run(sweep_command(work, runs, root, *launcher))
        wall = time.perf_counter() - begin
        took = statistics.mean(latest_durations(runs))
        startup = wall - took * runs / at_once
        return work.runs * work.epochs * TRAINED / (startup + took * work.runs / at_once)

    return measure


def latest_durations(runs: int) -> list[float]:
    """Return the seconds that each of the latest runs in this folder's record took."""
    from sweep.leaderboard import leaderboard

    newest = leaderboard().sort_values("start_time").tail(runs)
    return [float(each) for each in newest["duration_seconds"]]


def script(name: str) -> Callable[[Workload, str], float]:
    """Return how to measure one of the scripts in others/."""

    def measure(work: Workload, root: str) -> float:
        options = {
            "model": work.model,
            "runs": work.fewer_runs,
            "epochs": work.epochs,
            "root": root,
        }
        words = [f"--{key}={value}" for key, value in options.items()]
        found = json.loads(run([sys.executable, str(HERE / "others" / name), *words]))
        took = found["startup_seconds"] + work.runs * statistics.mean(found["run_seconds"])
        return work.runs * found["images"] / took

    return measure


def limit(work: Workload, root: str) -> float:
    """Return the images a second of the bare compute loop on all cores."""
    options = [f"--model={work.model}", f"--root={root}", "--seconds=15"]
    return float(run([sys.executable, str(HERE / "limit.py"), *options]))


def run(command: list[str]) -> str:
    """Run a command, and return the last line that it printed, if any."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return "".join(done.stdout.strip().splitlines()[-1:])


CORES = len(os.sched_getaffinity(0))
# In this order, so that the sweep has the limit before and after it and PyTorch beside it.
CONTENDERS: dict[str, Callable[[Workload, str], float]] = {
    "limit": limit,
    "sweep": whole_sweep,
    "limit again": limit,
    "torch loop": script("torch_loop.py"),
    "lightning": script("lightning_loop.py"),
    "gluon script": script("gluon_script.py"),
    "joblib launcher": other_launcher(
        "hydra/launcher=joblib", f"hydra.launcher.n_jobs={CORES}", at_once=CORES
    ),
    "basic launcher": other_launcher("hydra/launcher=basic", at_once=1),
}
EXTRAS = {
    "torch loop": "torch",
    "lightning": "lightning",
    "joblib launcher": "hydra_plugins.hydra_joblib_launcher",
}


def measure(work: Workload, root: str, names: list[str]) -> dict[str, float]:
    """Return the images a second of each contender, measured one after another."""
    found = {}
    for name in names:
        found[name] = CONTENDERS[name](work, root)
        print(f"{work.model}: {name} {found[name]:,.0f} images/s", flush=True)
    found["limit"] = statistics.mean([found["limit"], found.pop("limit again")])
    return found


def installed() -> list[str]:
    """Return the contenders that can run here; say why others cannot."""
    names = []
    for name in CONTENDERS:
        extra = EXTRAS.get(name)
        if extra and importlib.util.find_spec(extra) is None:
            print(f"skipped: {name}, because {extra} is not installed (pip install '.[benchmark]')")
        else:
            names.append(name)
    return names


def table(results: dict[str, list[dict[str, float]]]) -> str:
    """Return the Markdown tables of what was measured."""
    from sweep.environment import environment

    machine, lines = environment(), []
    for work in WORKLOADS:
        repeats = results[work.model]
        if not repeats:
            continue
        lines += [
            f"{work.runs} × {work.model}, {work.epochs} epochs",
            "",
            "| | training images a second | sweep / this | at least |",
            "| --- | --- | --- | --- |",
        ]
        for name in ["sweep", *(each for each in repeats[0] if each != "sweep")]:
            ratios = [each["sweep"] / each[name] for each in repeats]
            goal = work.goals.get(name, "")
            speeds = spread([each[name] for each in repeats], ",.0f")
            lines.append(f"| {name} | {speeds} | {spread(ratios, '.2f')} | {goal} |")
        lines.append("")
    count = len(next(repeats for repeats in results.values() if repeats))
    lines.append(
        f"Full MNIST, batch 100; median (lowest to highest) of {count} repeats; "
        f"{machine['processor']}, {CORES} cores, Python {platform.python_version()}."
    )
    return "\n".join(lines) + "\n"


def spread(values: list[float], form: str) -> str:
    """Return the median, the lowest and the highest."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def plot(results: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw the medians as bars, with the spread as lines."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "sweeps"
    works = [work for work in WORKLOADS if results[work.model]]
    figure, axes = plt.subplots(len(works), 1, figsize=(8, 3 * len(works)), squeeze=False)
    for work, axis in zip(works, axes[:, 0], strict=True):
        repeats = results[work.model]
        order = sorted(repeats[0], key=lambda name: statistics.median(r[name] for r in repeats))
        middles = [statistics.median(r[name] for r in repeats) for name in order]
        lows = [m - min(r[n] for r in repeats) for m, n in zip(middles, order, strict=True)]
        highs = [max(r[n] for r in repeats) - m for m, n in zip(middles, order, strict=True)]
        colors = ["#0072b2" if name == "sweep" else "#999999" for name in order]
        axis.barh(order, middles, xerr=[lows, highs], color=colors, ecolor="#333333", capsize=3)
        axis.set_title(f"{work.runs} × {work.model}, {work.epochs} epochs", loc="left")
        axis.xaxis.set_major_formatter("{x:,.0f}")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("training images a second")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=os.path.abspath, required=True, help="the files of MNIST")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["mlp", "lenet"])
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    given = parser.parse_args()
    os.makedirs(given.output, exist_ok=True)
    names, results = installed(), defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(sweep_command(Workload("mlp", 1, 1, 1, {}), 1, given.root))  # makes the database
        for repeat in range(given.repeats):
            print(f"repeat {repeat + 1} of {given.repeats}", flush=True)
            for work in (each for each in WORKLOADS if each.model in given.models):
                results[work.model].append(measure(work, given.root, names))
                written = Path(given.output) / "results.json"
                written.write_text(json.dumps(results, indent=1) + "\n")
    report = table(results)
    (Path(given.output) / "sweeps.md").write_text(report)
    plot(results, Path(given.output) / "sweeps.svg")
    print(report)


if __name__ == "__main__":
    main()
