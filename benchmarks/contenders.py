"""Who trains a sweep: our command, and what a user would otherwise do.

To add one: a script in others/ that takes the words and prints the line of others/common.py, and an
entry in ``CONTENDERS``.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from measuring import CORES, HERE
from workloads import Images, Workload

IN_TURN = {"lenet": (2, 1), "mlp": (2, 5)}  # runs and epochs that stand for the whole sweep
PATIENCE_SECONDS = 3_600  # for a whole sweep: whoever takes longer hangs
EXCEPTION = re.compile(r"[\w.]*(Error|Exception|Interrupt): ")  # as Python ends a traceback
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "RAY_USAGE_STATS_ENABLED": "0"}  # as our command is


class Failed(Exception):
    """A contender did not train what it was asked to; the message says why, in one line."""


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
        accuracies: on the validation images, of each run, after epochs.
    """

    seconds: float
    accuracies: dict[int, list[float]]


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


def recorded(runs: int, tracking: str) -> dict[int, list[float]]:
    """Return the validation accuracies of the newest runs of our sweeps, by epoch."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking)
    experiment = client.get_experiment_by_name("sweep").experiment_id
    newest = client.search_runs([experiment], "tags.`sweep.kind` = 'run'", max_results=runs)
    histories = [client.get_metric_history(each.info.run_id, "val/accuracy") for each in newest]
    return {
        points[0].step: [point.value for point in points] for points in zip(*histories, strict=True)
    }


def script(name: str, *words: str) -> Callable[[Workload, Place], Outcome]:
    """Return how a script in others/ trains a whole sweep."""

    def train(work: Workload, place: Place) -> Outcome:
        seconds, line = timed(script_command(name, work, place, *words), place)
        return Outcome(seconds, {work.epochs: told(line, work)["accuracies"]})

    return train


def in_turn(name: str) -> Callable[[Workload, Place], Outcome]:
    """Return how a script that trains one run after another does.

    It trains fewer runs of fewer epochs, and the rest is reckoned: its start, what only its first
    run took longer, and all epochs as long as those of its other runs.
    """

    def train(work: Workload, place: Place) -> Outcome:
        runs, epochs = (
            min(pair) for pair in zip(IN_TURN[work.key], (work.runs, work.epochs), strict=True)
        )
        part = replace(work, runs=runs, epochs=epochs)
        seconds, line = timed(script_command(name, part, place), place)
        found = told(line, part)
        whole = reckoned(seconds - sum(found["check_seconds"]), found["run_seconds"], part, work)
        return Outcome(whole, {epochs: found["accuracies"]})

    return train


def reckoned(seconds: float, run_seconds: list[float], part: Workload, whole: Workload) -> float:
    """Return the seconds of a whole sweep by those of a part of it, of two runs at least."""
    once = seconds - sum(run_seconds)
    first, *later = run_seconds
    run = statistics.mean(later)
    return once + first - run + run / part.epochs * whole.runs * whole.epochs


def told(line: str, work: Workload) -> dict[str, Any]:
    """Return what a script printed.

    Raises:
        Failed: it is no such line, or not of all runs.
    """
    try:
        found: dict[str, Any] = json.loads(line)
        trained = len(found["accuracies"])
    except (ValueError, TypeError, KeyError) as error:
        raise Failed(f"its last line is {line!r}") from error
    if trained != work.runs:
        raise Failed(f"trained {trained} of {work.runs} runs")
    return found


def script_command(name: str, work: Workload, place: Place, *words: str) -> list[str]:
    """Return the command of a script in others/."""
    given = [f"--data={place.images.file}", f"--tracking={place.tracking}", f"--cores={CORES}"]
    return [sys.executable, str(HERE / "others" / name), *work.words, *given, *words]


def limit(work: Workload, place: Place, seconds: float) -> float:
    """Return the images a second of the bare compute loop on all cores."""
    command = [sys.executable, str(HERE / "limit.py"), f"--seconds={seconds}"]
    return float(timed([*command, *work.fields, *place.images.fields], place)[1])


def timed(command: list[str], place: Place) -> tuple[float, str]:
    """Run a command, and return its seconds and the last line that it printed.

    Raises:
        Failed: it did not end well, or not in time; what it said is printed.
    """
    # Into files: whoever a killed command leaves behind would keep a pipe open.
    files = [place.folder / name for name in ("printed.txt", "errors.txt")]
    with open(files[0], "w") as printed, open(files[1], "w") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=place.folder,
            env=surroundings(place),
            stdout=printed,
            stderr=errors,
            start_new_session=True,
        )
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"did not end in {PATIENCE_SECONDS:,} seconds") from late
        finally:
            seconds = time.perf_counter() - begin
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    said, complaint = (each.read_text().strip().splitlines() for each in files)
    if process.returncode:
        print("\n".join([" ".join(command), *said, *complaint]), flush=True)
        raise Failed(f"exit {process.returncode}: {reason(complaint or said)}")
    return seconds, (said or [""])[-1]


def reason(lines: list[str]) -> str:
    """Return the line that says why a command failed: an exception's first, or the last."""
    exceptions = [each for each in lines if EXCEPTION.match(each)]
    return (exceptions or lines or ["no word"])[-1].strip()


def surroundings(place: Place) -> dict[str, str]:
    """Return the environment of a contender: each decides itself on its threads."""
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    found = {
        **os.environ,
        **QUIET,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "RAY_worker_niceness": "0",  # else Ray's workers wait for whatever else a machine does
        # nothing that torch.compile made before, as for a network that is new
        "TORCHINDUCTOR_CACHE_DIR": str(place.folder / "compiled"),
    }
    found.pop("OMP_NUM_THREADS", None)
    return found


CONTENDERS = (
    Contender("sweep", "our command, with all that it records and draws", sweep()),
    Contender(
        *("torch processes", "PyTorch, a process a core with one thread, channels last; bare"),
        *(script("torch_processes.py"), ("torch",)),
    ),
    Contender(
        "torch processes, compiled",
        "the same with `torch.compile`; compiling is part of the sweep, from an empty cache",
        *(
            script("torch_processes.py", "--compile"),
            ("torch", "g++"),
            ("lenet", "mlp", "resnet20"),
        ),
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
