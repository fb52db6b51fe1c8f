"""What a sweep costs besides training: the time until it trains, the cost of a run, memory.

    python benchmarks/overheads.py --root FOLDER_WITH_MNIST

- The first line: from the command's start to what a terminal shows first.
- Start-up: from the command's start to the first training step of a sweep, its database being there
  already, against importing what it needs, in turn.
- The end: of 16 runs of one epoch, from the last one's end to the command's, with a report.
- Again: the same command, all of whose 16 runs are trained.
- The leaderboard of 20 runs.
- Cost of a run: of 32 runs of one epoch on mnist_5k with the MLP, wall-clock × cores / runs, less
  the time that the bare compute loop takes for the same images.
- Memory: what a second worker adds to the sum of all processes' proportional set sizes (PSS), with
  LeNet on full MNIST.
"""

import argparse
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import CORES, HERE, run, spread
from mlflow import MlflowClient

IMPORTS = "import hydra, mlflow, sweep.backend.mxnet"  # MXNet, mended
RUNS, IMAGES = 32, 3_500
ENDED, RANKED = 16, 20  # runs


def seconds(command: list[str]) -> float:
    """Return the seconds that a command takes."""
    begin = time.perf_counter()
    run(command)
    return time.perf_counter() - begin


def sweep(*arguments: str) -> list[str]:
    """Return the command for a sweep."""
    return [sys.executable, "-m", "sweep", *arguments, "rerun=true", "--multirun"]


def first_line() -> float:
    """Return the seconds until the command shows something on a terminal."""
    ours, theirs = pty.openpty()
    begin = time.perf_counter()
    process = subprocess.Popen(sweep("model=mlp", "epochs=1"), stdout=theirs, stderr=theirs)
    os.read(ours, 1)
    seconds = time.perf_counter() - begin
    process.kill()
    process.wait()
    os.close(ours)
    os.close(theirs)
    return seconds


def of_many(experiment: str) -> list[str]:
    """Return the command that trains 16 runs in an experiment of their own."""
    options = ("model=mlp", "epochs=1", f"seed=range(0,{ENDED})")
    return [
        *(sys.executable, "-m", "sweep", *options),
        *(f"tracking.experiment={experiment}", "--multirun"),
    ]


def ending(experiment: str) -> float:
    """Return the seconds from the last run's end to the end of the command."""
    run(of_many(experiment))
    ended = time.time()
    client = MlflowClient("sqlite:///mlflow.db")
    number = client.get_experiment_by_name(experiment).experiment_id
    runs = client.search_runs([number], "tags.`sweep.kind` = 'run'")
    return ended - max(each.info.end_time for each in runs) / 1000


def leaderboard() -> float:
    """Return the seconds that it takes to rank 20 runs."""
    command = (sys.executable, "-m", "sweep", "leaderboard", "--experiment", "ranked")
    return seconds([*command])


def startup() -> float:
    """Return the seconds from the command's start to the first training step."""
    begin = time.time()
    run(sweep("model=mlp", "epochs=1"))
    client = MlflowClient("sqlite:///mlflow.db")
    experiment = client.get_experiment_by_name("sweep").experiment_id
    newest = client.search_runs([experiment], "tags.`sweep.kind` = 'run'", max_results=1)[0]
    (epoch,) = client.get_metric_history(newest.info.run_id, "epoch_seconds")
    return epoch.timestamp / 1000 - epoch.value - begin


def cost_of_a_run(figures: str) -> tuple[float, float]:
    """Return the core-seconds of a run, with or without figures, and those of its bare compute."""
    options = ("epochs=1", f"seed=range(0,{RUNS})", f"figures={figures}")
    wall = seconds(sweep("model=mlp", *options))
    limit = [sys.executable, str(HERE / "limit.py"), "model=mlp", "dataset=mnist_5k"]
    return wall * CORES / RUNS, IMAGES / (float(run([*limit, "--seconds=5"])) / CORES)


def peak_pss(root: str, n_jobs: int) -> float:
    """Return the highest sum of the PSS of a sweep's processes, in MiB."""
    images = ("dataset=mnist", f"dataset.root={root}")
    command = sweep("model=lenet", *images, "epochs=1", "seed=range(0,2)", f"n_jobs={n_jobs}")
    process, peak = subprocess.Popen(command, stdout=subprocess.DEVNULL), 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(pss, family(process.pid))))
        time.sleep(0.5)
    return peak


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def pss(pid: int) -> float:
    """Return a process's proportional set size in MiB."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=os.path.abspath, required=True, help="the files of MNIST")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        run(sweep("model=mlp", "epochs=1"))  # makes the database
        times = [
            (startup(), seconds([sys.executable, "-c", IMPORTS])) for _ in range(given.repeats)
        ]
        lines = [first_line() for _ in range(given.repeats)]
        ends = [ending(f"ending {number}") for number in range(given.repeats)]
        again = [seconds(of_many("ending 0")) for _ in range(given.repeats)]
        ranked = ("tracking.experiment=ranked", f"seed=range(0,{RANKED})", "figures=false")
        run(sweep("model=mlp", "epochs=1", *ranked))
        ranking = [leaderboard() for _ in range(given.repeats)]
        both = [(cost_of_a_run("false"), cost_of_a_run("true")) for _ in range(given.repeats)]
        one, two = peak_pss(given.root, 1), peak_pss(given.root, 2)
    ratios = [ours / imports for ours, imports in times]
    beyond, drawn = (
        [whole - compute for whole, compute in each] for each in zip(*both, strict=True)
    )
    rows = [
        ("to the first line on a terminal, s", spread(lines, ".2f")),
        ("to the first training step, s", spread([ours for ours, _ in times], ".1f")),
        ("importing hydra, mlflow and mxnet, s", spread([each for _, each in times], ".1f")),
        ("the first over the second", spread(ratios, ".2f")),
        (f"from the last run's end to the exit, {ENDED} runs, s", spread(ends, ".1f")),
        (f"the same command again, {ENDED} trained runs, s", spread(again, ".1f")),
        (f"`sweep leaderboard` of {RANKED} runs, s", spread(ranking, ".1f")),
        ("core-seconds of a run beyond its compute, figures=false", spread(beyond, ".2f")),
        ("the same with figures and the sweep's report", spread(drawn, ".2f")),
        ("memory of all processes with one worker, MiB of PSS", f"{one:.0f}"),
        ("what a second worker adds, MiB of PSS", f"{two - one:.0f}"),
    ]
    text = "\n".join(["| what | measured |", "| --- | --- |", *(f"| {a} | {b} |" for a, b in rows)])
    os.makedirs(given.output, exist_ok=True)
    (Path(given.output) / "overheads.md").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
