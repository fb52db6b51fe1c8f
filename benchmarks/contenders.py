"""Who trains a sweep: our command, and what a user would otherwise do.

To add one: a script in others/ that takes the words and prints the line of others/common.py, and an
entry in ``CONTENDERS``.
"""

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from measuring import CORES, HERE
from workloads import Images, Workload

IN_TURN = {"lenet": (2, 1), "mlp": (2, 5)}  # runs and epochs that stand for the whole sweep


@dataclass(frozen=True)
class Place:
    """Where a contender trains.

    Attributes:
        folder: its working directory, new and empty.
        tracking: the address of the MLflow store, which is there already.
    """

    images: Images
    folder: Path
    tracking: str


@dataclass(frozen=True)
class Outcome:
    """What a contender did.

    Attributes:
        seconds: of the whole sweep, from the command's start to its end.
        accuracies: on the validation images, the mean of all runs, after epochs.
    """

    seconds: float
    accuracies: dict[int, float]


@dataclass(frozen=True)
class Contender:
    """Somebody who trains a sweep.

    Attributes:
        what: in words, for the documentation.
        needs: modules and programs.
        keys: of the workloads that it trains.
    """

    name: str
    what: str
    train: Callable[[Workload, Place], Outcome]
    needs: tuple[str, ...] = ()
    keys: tuple[str, ...] = ("lenet", "mlp", "mlp_5k", "resnet20")

    @property
    def missing(self) -> list[str]:
        """What it needs and is not installed."""
        return [
            each
            for each in self.needs
            if not shutil.which(each) and importlib.util.find_spec(each) is None
        ]


def sweep(*launcher: str) -> Callable[[Workload, Place], Outcome]:
    """Return how our command trains, under its own launcher or another one."""

    def train(work: Workload, place: Place) -> Outcome:
        command = [*(sys.executable, "-m", "sweep"), *work.fields, *place.images.fields]
        command += [f"seed=range(0,{work.runs})", f"tracking.uri={place.tracking}", *launcher]
        seconds, _ = timed([*command, "context=cpu", "rerun=true", "--multirun"], place)
        return Outcome(seconds, recorded(work.runs, place.tracking))

    return train


def recorded(runs: int, tracking: str) -> dict[int, float]:
    """Return the mean validation accuracy of the newest runs of our sweeps, by epoch."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking)
    experiment = client.get_experiment_by_name("sweep").experiment_id
    newest = client.search_runs([experiment], "tags.`sweep.kind` = 'run'", max_results=runs)
    histories = [client.get_metric_history(each.info.run_id, "val/accuracy") for each in newest]
    return {
        points[0].step: statistics.mean(point.value for point in points)
        for points in zip(*histories, strict=True)
    }


def script(name: str, *words: str) -> Callable[[Workload, Place], Outcome]:
    """Return how a script in others/ trains a whole sweep."""

    def train(work: Workload, place: Place) -> Outcome:
        seconds, found = timed(script_command(name, work, place, *words), place)
        accuracies = json.loads(found)["accuracies"]
        assert len(accuracies) == work.runs, f"{name} trained {len(accuracies)} of {work.runs}"
        return Outcome(seconds, {work.epochs: statistics.mean(accuracies)})

    return train


def in_turn(name: str) -> Callable[[Workload, Place], Outcome]:
    """Return how a script that trains one run after another does.

    It trains fewer runs of fewer epochs; its start and the time of an epoch are reckoned up.
    """

    def train(work: Workload, place: Place) -> Outcome:
        runs, epochs = (
            min(pair) for pair in zip(IN_TURN[work.key], (work.runs, work.epochs), strict=True)
        )
        part = replace(work, runs=runs, epochs=epochs)
        seconds, line = timed(script_command(name, part, place), place)
        found = json.loads(line)
        trained = sum(found["run_seconds"])
        start = seconds - trained - sum(found["check_seconds"])
        whole = start + trained / (runs * epochs) * work.runs * work.epochs
        return Outcome(whole, {epochs: statistics.mean(found["accuracies"])})

    return train


def script_command(name: str, work: Workload, place: Place, *words: str) -> list[str]:
    """Return the command of a script in others/."""
    given = [f"--data={place.images.file}", f"--tracking={place.tracking}", *words]
    return [sys.executable, str(HERE / "others" / name), *work.words, *given]


def limit(work: Workload, place: Place, seconds: float) -> float:
    """Return the images a second of the bare compute loop on all cores."""
    command = [sys.executable, str(HERE / "limit.py"), f"--seconds={seconds}"]
    return float(timed([*command, *work.fields, *place.images.fields], place)[1])


def timed(command: list[str], place: Place) -> tuple[float, str]:
    """Run a command, and return its seconds and the last line that it printed."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        # nothing that torch.compile made before, as for a network that is new
        "TORCHINDUCTOR_CACHE_DIR": str(place.folder / "compiled"),
    }
    begin = time.perf_counter()
    done = subprocess.run(
        command, cwd=place.folder, env=environment, capture_output=True, text=True
    )
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return seconds, "".join(done.stdout.strip().splitlines()[-1:])


CONTENDERS = (
    Contender("sweep", "our command, with all that it records and draws", sweep()),
    Contender(
        *("torch processes", "PyTorch, a process a core with one thread each; a bare loop"),
        *(script("torch_processes.py"), ("torch",)),
    ),
    Contender(
        "torch processes, compiled",
        "the same with `torch.compile`; compiling is part of the sweep, from an empty cache",
        *(script("torch_processes.py", "--compile"), ("torch", "g++"), ("lenet", "mlp")),
    ),
    Contender(
        *("ray tune", "Ray Tune with PyTorch, a core a trial, and its MLflow callback"),
        *(script("ray_tune.py"), ("torch", "ray", "tensorboardX")),
    ),
    Contender(
        "optuna joblib",
        "an Optuna study that joblib's processes share, with PyTorch, each trial a run of MLflow",
        *(script("optuna_joblib.py"), ("torch", "optuna", "joblib")),
    ),
    Contender(
        *("joblib launcher", "Hydra's joblib launcher around our own training function"),
        sweep("hydra/launcher=joblib", f"hydra.launcher.n_jobs={CORES}"),
        ("hydra_plugins.hydra_joblib_launcher",),
    ),
    Contender(
        *("torch loop", "a bare PyTorch loop, one run after another on all cores"),
        *(in_turn("torch_loop.py"), ("torch",), ("lenet", "mlp")),
    ),
    Contender(
        "gluon script",
        "Gluon with `DataLoader` and `mx.metric`, not hybridized; one run after another",
        *(in_turn("gluon_script.py"), (), ("lenet", "mlp")),
    ),
    Contender(
        *("lightning", "Lightning, on PyTorch; one run after another"),
        *(in_turn("lightning_loop.py"), ("lightning", "torchmetrics"), ("lenet", "mlp")),
    ),
)
