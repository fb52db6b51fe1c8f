"""Epochs that a search needs: TPE with ASHA against a random search of full runs.

    python benchmarks/search.py lenet --root FOLDER      # with the files of Fashion-MNIST

For each seed, a random search of 32 full runs is trained, then TPE with ASHA on the same space,
each by its command. Counted are the epochs that all runs had trained when the best validation
accuracy of the random search was reached; and how long workers had no run meanwhile: see idle.py.
Writes ``results/search-lenet.csv`` and ``docs/images/search-lenet.png``. With ``--known-random``
the random searches are those of an earlier such table, since the same runs have the same curves.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import pandas as pd
from idle import occupation, read
from measuring import CORES
from mlflow import MlflowClient

HERE = Path(__file__).parent
RESULTS = HERE / "results"
PICTURES = Path(__file__).parents[1] / "docs" / "images"
SPACE = (
    "optim.lr=tag(log,interval(1e-3,1))",
    "optim.wd=tag(log,interval(1e-6,1e-2))",
    "optim.momentum=interval(0,0.95)",
    "model.activation=tanh,relu,sigmoid",
    "batch_size=choice(50,100,200,400)",
)
NETWORKS = {
    # LeNet-5's own sizes: http://vision.stanford.edu/cs598_spring07/papers/Lecun98.pdf
    "lenet": ("model=lenet", "model.channels=[6,16]", "model.hidden=[120,84]", "epochs=9"),
    "mlp": ("model=mlp", "model.hidden=[128,64]", "epochs=27"),
}
# Half of the 60,000 training images are for choosing: so that it is less a matter of luck.
DATASET = ("dataset=fashion_mnist", "dataset.val_size=30000")
N_TRIALS = {"lenet": 60, "mlp": 60}  # of TPE with ASHA: over half of random's epochs
SEARCHES = {
    "random": ("search.sampler=random", "search.n_trials=32"),
    "TPE with ASHA": ("search.sampler=tpe", "search.pruner=asha"),
}
COLOURS = {"random": "#8a8a8a", "TPE with ASHA": "#1f6fb4"}


def run_search(name: str, network: str, search_seed: int, root: str, folder: Path) -> pd.DataFrame:
    """Search, unless that is done; return what all epochs measured, in the order of time."""
    experiment = f"{name} {search_seed}"
    common = ("hydra/sweeper=optuna", f"dataset.root={root}", "figures=false")
    trials = () if name == "random" else (f"search.n_trials={N_TRIALS[network]}",)
    where = (f"search.seed={search_seed}", f"tracking.experiment='{experiment}'", "context=cpu")
    command = [
        *common,
        *NETWORKS[network],
        *DATASET,
        *SPACE,
        *SEARCHES[name],
        *trials,
        *where,
        "--multirun",
    ]
    watched = [sys.executable, str(HERE / "idle.py"), times_of(experiment)]
    subprocess.run([*watched, *command], cwd=folder, check=True)
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    number = client.get_experiment_by_name(experiment).experiment_id
    ids = [run.info.run_id for run in client.search_runs([number], max_results=1000)]
    of_time = sorted(
        (point.timestamp, point.value)
        for each in ids
        for point in client.get_metric_history(each, "val/accuracy")
    )
    if (file := folder / times_of(experiment)).exists():
        times = read(file)  # of the last command: what others trained before does not count
        began_ms = 1_000 * min(start for start, _ in times)
        epochs = [client.get_metric_history(each, "epoch_seconds") for each in ids]
        trained = sum(
            point.value for each in epochs for point in each if point.timestamp >= began_ms
        )
        print(f"{experiment}: {occupation(times, CORES, trained)}", flush=True)
    table = pd.DataFrame(of_time, columns=["timestamp_ms", "val/accuracy"])
    table["best"] = table["val/accuracy"].cummax()
    table["epochs"] = table.index + 1
    return table.assign(search=name)


def times_of(experiment: str) -> str:
    """Return the name of the file that tells when a search's workers had a run."""
    return f"{experiment} times.csv"


def epochs_to_reach(table: pd.DataFrame, accuracy: float) -> float:
    """Return how many epochs were trained when this was reached; infinity if it never was."""
    reached = table.loc[table["best"] >= accuracy, "epochs"]
    return float(reached.min()) if len(reached) else float("inf")


def draw(table: pd.DataFrame, file: Path) -> None:
    """Draw the best accuracy so far against the epochs trained, a panel for each seed."""
    seeds = table["seed"].unique()
    figure, panels = plt.subplots(
        *(1, len(seeds)), figsize=(9, 3.4), sharex=True, sharey=True, squeeze=False, dpi=150
    )
    for seed, axes in zip(seeds, panels[0], strict=True):
        lines = {name: each for name, each in table[table["seed"] == seed].groupby("search")}
        best, third = lines["random"]["best"].iloc[-1], len(lines["random"]) / 3
        axes.axhline(best, color=COLOURS["random"], linewidth=0.8, linestyle="--")
        axes.axvline(third, color=COLOURS["random"], linewidth=0.8, linestyle=":")
        for name, each in lines.items():
            axes.step(each["epochs"], each["best"], where="post", color=COLOURS[name])
        needed = epochs_to_reach(lines["TPE with ASHA"], best)
        if needed < float("inf"):
            axes.plot(needed, best, "o", color=COLOURS["TPE with ASHA"])
            words = f"{needed:g} epochs"
            axes.annotate(words, (needed, best), (4, -14), textcoords="offset points")
        axes.set_title(f"seed {seed}", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    first = panels[0][0]
    for place, name in ((0.16, "TPE with ASHA"), (0.06, "random")):
        words = "random, 32 full runs" if name == "random" else name
        first.text(0.97, place, words, transform=first.transAxes, color=COLOURS[name], ha="right")
    first.set_ylabel("best validation accuracy")
    first.set_ylim(table["best"].max() - 0.05, table["best"].max() + 0.005)
    words = "epochs trained, of all runs together (dotted: a third of random search's)"
    figure.supxlabel(words, fontsize=10)
    figure.tight_layout()
    figure.savefig(file)


def main() -> None:
    """Search, compare, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--root", required=True, help="the folder with the files of Fashion-MNIST")
    parser.add_argument("--folder", type=Path, default=Path("search-benchmark"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--same-runs", action="store_true", help="that both searches begin with")
    parser.add_argument("--known-random", type=Path, metavar="TABLE.csv", help="not trained again")
    options = parser.parse_args()
    # With the same seed both begin with the same ten runs, and share their luck.
    apart, end = (0, "-same-runs") if options.same_runs else (100, "")
    folder, results = (
        options.folder / options.network,
        RESULTS / f"search-{options.network}{end}.csv",
    )
    known = pd.read_csv(options.known_random) if options.known_random else pd.DataFrame()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    tables, shares = [], []
    print("| seed | best of random | its epochs | TPE with ASHA reaches it after | of random's |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    for seed in range(options.seeds):
        root = os.path.abspath(options.root)
        random = (
            known[(known["search"] == "random") & (known["seed"] == seed)]
            if len(known)
            else run_search("random", options.network, seed, root, folder).assign(seed=seed)
        )
        asha = run_search("TPE with ASHA", options.network, seed + apart, root, folder)
        asha = asha.assign(seed=seed)
        tables += [random, asha]
        best, total = random["best"].iloc[-1], len(random)
        needed = epochs_to_reach(asha, best)
        shares.append(needed / total)
        print(f"| {seed} | {best:.4f} | {total} | {needed:g} | {needed / total:.2f} |", flush=True)
        table = pd.concat(tables)
        table.to_csv(results, index=False)
        draw(table, (PICTURES / results.name).with_suffix(".png"))
    print(f"\nMedian: {median(shares):.2f} of the epochs (goal: at most 0.33)")


if __name__ == "__main__":
    main()
