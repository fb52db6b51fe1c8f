"""A whole sweep against what a user would otherwise do, side by side on this machine.

    python benchmarks/sweeps.py --root FOLDER_WITH_MNIST

Everything runs in turn, several times over. A shared machine's speed wanders by a factor of two
within minutes, so the limit, the bare compute loop on all cores, is measured before and after each:
what is compared is how much of the limit of those minutes each of them reaches. A sweep is measured
from the command's start to its end: start-up, checks, training, validation, tests, records,
leaderboard. What trains one run after another is measured with fewer runs and epochs, and its
start-up and time for an epoch are reckoned up to the whole sweep.
Writes results.json (all that was measured) and sweeps.md into results/, and docs/images/sweeps.svg.
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
PICTURES = HERE.parent / "docs" / "images"
TRAINED = 55_000  # images an epoch: MNIST without the 5,000 that a sweep holds out


@dataclass(frozen=True)
class Workload:
    """A sweep, and what part of it stands for those who train one run after another."""

    model: str
    runs: int
    epochs: int
    fewer_runs: int
    fewer_epochs: int
    goals: dict[str, float]


WORKLOADS = (
    Workload("lenet", 8, 3, 2, 1, {"gluon script": 2.3, "torch loop": 1.35, "limit": 0.88}),
    Workload(
        *("mlp", 16, 10, 2, 5),
        {"gluon script": 3.5, "lightning": 3, "torch loop": 1.0, "limit": 0.70},
    ),
)


def sweep_command(model: str, runs: int, epochs: int, root: str, *launcher: str) -> list[str]:
    """Return the command for a sweep over seeds."""
    return [
        *(sys.executable, "-m", "sweep", f"model={model}", "dataset=mnist"),
        *(f"dataset.root={root}", f"epochs={epochs}", f"seed=range(0,{runs})"),
        *(*launcher, "rerun=true", "--multirun"),
    ]


def whole_sweep(work: Workload, root: str) -> float:
    """Return the training images a second of a whole sweep, with a database already there."""
    begin = time.perf_counter()
    run(sweep_command(work.model, work.runs, work.epochs, root))
    return work.runs * work.epochs * TRAINED / (time.perf_counter() - begin)


def other_launcher(*launcher: str, at_once: int) -> Callable[[Workload, str], float]:
    """Return how to measure our training function under another launcher."""

    def measure(work: Workload, root: str) -> float:
        begin = time.perf_counter()
        run(sweep_command(work.model, work.fewer_runs, work.fewer_epochs, root, *launcher))
        wall, rounds = time.perf_counter() - begin, work.fewer_runs / at_once
        took = statistics.mean(latest_durations(work.fewer_runs))
        epochs = work.runs * work.epochs
        whole = wall - took * rounds + took / work.fewer_epochs * epochs / at_once
        return epochs * TRAINED / whole

    return measure


def latest_durations(runs: int) -> list[float]:
    """Return the seconds that each of the latest runs in this folder's record took."""
    from sweep.results.leaderboard import load_leaderboard_by_seed

    newest = load_leaderboard_by_seed().sort_values("start_time").tail(runs)
    return [float(each) for each in newest["duration_seconds"]]


def script(name: str) -> Callable[[Workload, str], float]:
    """Return how to measure one of the scripts in others/."""

    def measure(work: Workload, root: str) -> float:
        given = {"model": work.model, "runs": work.fewer_runs, "epochs": work.fewer_epochs}
        words = [f"--{key}={value}" for key, value in {**given, "root": root}.items()]
        found = json.loads(run([sys.executable, str(HERE / "others" / name), *words]))
        epoch_seconds = statistics.mean(found["run_seconds"]) / work.fewer_epochs
        images, epochs = found["images"] / work.fewer_epochs, work.runs * work.epochs
        return epochs * images / (found["startup_seconds"] + epochs * epoch_seconds)

    return measure


def limit(work: Workload, root: str) -> float:
    """Return the images a second of the bare compute loop on all cores."""
    options = [f"--model={work.model}", f"--root={root}", "--seconds=8"]
    return float(run([sys.executable, str(HERE / "limit.py"), *options]))


def run(command: list[str]) -> str:
    """Run a command, and return the last line that it printed, if any."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return "".join(done.stdout.strip().splitlines()[-1:])


CORES = len(os.sched_getaffinity(0))
CONTENDERS: dict[str, Callable[[Workload, str], float]] = {
    "sweep": whole_sweep,
    "torch loop": script("torch_loop.py"),
    "gluon script": script("gluon_script.py"),
    "lightning": script("lightning_loop.py"),
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


Measured = dict[str, dict[str, float]]  # of each contender: images a second, part of the limit


def measure(work: Workload, root: str, names: list[str]) -> Measured:
    """Measure the contenders one after another, and the limit before and after each."""
    found: Measured = {}
    before = limit(work, root)
    for name in names:
        speed, after = CONTENDERS[name](work, root), limit(work, root)
        meanwhile = (before + after) / 2
        found[name] = {"speed": speed, "limit": meanwhile, "part": speed / meanwhile}
        print(f"{work.model}: {name} {speed:,.0f} images/s, limit {meanwhile:,.0f}", flush=True)
        before = after
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


def table(results: dict[str, list[Measured]]) -> str:
    """Return the Markdown tables of what was measured."""
    from sweep.environment import environment

    machine, lines = environment(), []
    for work in WORKLOADS:
        repeats = results[work.model]
        if not repeats:
            continue
        lines += [
            f"{work.runs} × {work.model}, {work.epochs} epochs; repeats: {len(repeats)}",
            "",
            "| | training images a second | of the limit | sweep / this | at least |",
            "| --- | --- | --- | --- | --- |",
        ]
        for name in repeats[0]:
            speeds = spread([each[name]["speed"] for each in repeats], ",.0f")
            parts = spread([each[name]["part"] for each in repeats], ".2f")
            ratios = spread([each["sweep"]["part"] / each[name]["part"] for each in repeats], ".2f")
            goal = work.goals.get(name, "")
            lines.append(f"| {name} | {speeds} | {parts} | {ratios} | {goal} |")
        limits = spread([entry["limit"] for each in repeats for entry in each.values()], ",.0f")
        ratios = spread([each["sweep"]["part"] for each in repeats], ".2f")
        lines += [f"| limit | {limits} | 1 | {ratios} | {work.goals['limit']} |", ""]
    lines.append(
        f"Full MNIST, batch 100; median (lowest to highest); {machine['processor']}, {CORES} "
        f"cores, Python {platform.python_version()}."
    )
    return "\n".join(lines) + "\n"


def spread(values: list[float], form: str) -> str:
    """Return the median, the lowest and the highest."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def plot(results: dict[str, list[Measured]], path: Path) -> None:
    """Draw the parts of the limit as bars, with the spread as lines."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    matplotlib.rcParams["svg.hashsalt"] = "sweeps"
    works = [work for work in WORKLOADS if results[work.model]]
    figure, axes = plt.subplots(
        len(works), 1, figsize=(8, 2.6 * len(works)), squeeze=False, sharex=True
    )
    for work, axis in zip(works, axes[:, 0], strict=True):
        parts = {
            name: [each[name]["part"] for each in results[work.model]]
            for name in results[work.model][0]
        }
        order = sorted(parts, key=lambda name: statistics.median(parts[name]))
        middles = [statistics.median(parts[name]) for name in order]
        low = [middle - min(parts[n]) for n, middle in zip(order, middles, strict=True)]
        high = [max(parts[n]) - middle for n, middle in zip(order, middles, strict=True)]
        colors = ["#0072b2" if name == "sweep" else "#999999" for name in order]
        axis.barh(order, middles, xerr=[low, high], color=colors, ecolor="#333333", capsize=3)
        axis.axvline(1, color="#333333", linestyle=":")
        axis.set_title(f"{work.runs} × {work.model}, {work.epochs} epochs", loc="left")
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1, 0].set_xlabel("training images a second, as a part of the bare compute loop's")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def publish(results: dict[str, list[Measured]], folder: Path) -> None:
    """Write what was measured so far."""
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (folder / "sweeps.md").write_text(table(results))
    plot(results, PICTURES / "sweeps.svg")


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
        run(sweep_command("mlp", 1, 1, given.root))  # makes the database
        for repeat in range(given.repeats):
            print(f"repeat {repeat + 1} of {given.repeats}", flush=True)
            for work in (each for each in WORKLOADS if each.model in given.models):
                results[work.model].append(measure(work, given.root, names))
                publish(results, Path(given.output))
    print(table(results))


if __name__ == "__main__":
    main()
