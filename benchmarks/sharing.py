"""Epochs and seconds that sweeps save by sharing epochs, and whether the bits are the same.

    python benchmarks/sharing.py

The same sweeps are trained one after another, twice: each run by itself (``keep_states=0``), and
sharing its epochs with others. Then every run is compared with its like: all that was measured, in
every epoch, and the trained parameters, to the last bit. If any differs or has no like, or there is
none, the exit code is 1. Writes ``results/sharing-NETWORK.md``; the seconds count only on a machine
that does nothing else.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sweep.config.metrics import OF_THE_MACHINE
from sweep.environment import environment
from sweep.tracking import (
    EPOCHS_TAKEN_OVER,
    FINGERPRINT,
    RunRecord,
    prepare_mlflow,
    read_entries,
    read_record,
)

RESULTS = Path(__file__).parent / "results"
SWEEPS = ("epochs=2,4,8", "epochs=12 early_stopping.patience=1,3,null", "epochs=16")
COMMON = ("dataset=mnist_5k", "optim.lr=0.03,0.1", "context=cpu", "figures=false", "--multirun")
MODES = {"alone": "keep_states=0", "shared": "keep_states=1000"}


@dataclass(frozen=True)
class Trained:
    """What a sweep has trained.

    Attributes:
        runs: those that were not there before, by fingerprint.
        seconds: that its command took.
    """

    runs: Mapping[str, RunRecord]
    seconds: float

    @property
    def epochs(self) -> int:
        """How many epochs were trained: those that were taken over do not count."""
        return sum(
            run.last_epoch - int(run.tags.get(EPOCHS_TAKEN_OVER, 0)) for run in self.runs.values()
        )


def train(network: str, folder: Path, keep_states: str) -> list[Trained]:
    """Train all sweeps in an empty folder, one after another."""
    found, before = [], set[str]()
    for overrides in SWEEPS:
        command = [f"model={network}", *overrides.split(), keep_states, *COMMON]
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "sweep", *command], cwd=folder, check=True)
        seconds = time.perf_counter() - began
        records = {
            run_id: read_record(f"sqlite:///{folder}/mlflow.db", run_id)
            for run_id in _recorded(folder) - before
        }
        before |= {*records}
        found.append(Trained({each.tags[FINGERPRINT]: each for each in records.values()}, seconds))
    return found


def _recorded(folder: Path) -> set[str]:
    """Return the ids of the runs in a folder's record, without those of its sweeps."""
    entries = read_entries(f"sqlite:///{folder}/mlflow.db", ())
    return {each.run_id for each in entries if not each.is_sweep}


@dataclass(frozen=True)
class Compared:
    """How many runs are the same, whether they share epochs or not.

    Attributes:
        identical: those of which every bit is the same: of what was measured, and of parameters.
        of: all runs that were trained in either way.
    """

    identical: int
    of: int

    @property
    def all_are(self) -> bool:
        """Whether there are runs, and all are identical."""
        return 0 < self.identical == self.of


def compare(alone: Trained, shared: Trained) -> Compared:
    """Compare the runs of a sweep in both ways; one without its like is not identical."""
    both = alone.runs.keys() & shared.runs.keys()
    same = sum(_is_identical(alone.runs[each], shared.runs[each]) for each in both)
    return Compared(same, len(alone.runs.keys() | shared.runs.keys()))


def _is_identical(one: RunRecord, other: RunRecord) -> bool:
    if one.parameters is None or one.parameters != other.parameters:
        return False
    return bool(_measured(one)) and _measured(one) == _measured(other)


def _measured(run: RunRecord) -> dict[str, dict[int, str]]:
    """Return the values of each metric with all bits: 0.0 equals -0.0, and nan not itself."""
    return {
        metric: {epoch: float(value).hex() for epoch, value in points.items()}
        for metric, points in run.curves.items()
        if metric not in OF_THE_MACHINE
    }


def row(overrides: str, alone: Trained, shared: Trained) -> str:
    """Return a row of the table in Markdown."""
    found = compare(alone, shared)
    same = f"{found.identical} of {found.of}"
    seconds = f"{alone.seconds:.0f} | {shared.seconds:.0f}"
    return f"| `{overrides}` | {same} | {alone.epochs} | {shared.epochs} | {seconds} |"


def main() -> None:
    """Train, compare, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=("mlp", "lenet"), nargs="?", default="mlp")
    network, load = parser.parse_args().network, os.getloadavg()[0]
    prepare_mlflow()
    with tempfile.TemporaryDirectory() as folder:
        modes = []
        for name, keep_states in MODES.items():
            (Path(folder) / name).mkdir()
            modes.append(train(network, Path(folder) / name, keep_states))
    compared = [*zip(SWEEPS, *modes, strict=True)]
    lines = [
        f"| sweep of {network} | runs that are identical to the last bit | epochs trained alone | "
        "epochs trained shared | seconds alone | seconds shared |",
        f"| --- |{' ---: |' * 5}",
        *(row(*each) for each in compared),
        "",
        f"{environment()['processor']}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}. Load average {load:.0f} before, {os.getloadavg()[0]:.0f} "
        "after.",
    ]
    print("\n".join(lines))
    (RESULTS / f"sharing-{network}.md").write_text("\n".join(lines) + "\n")
    if not all(compare(alone, shared).all_are for _, alone, shared in compared):
        sys.exit(1)


if __name__ == "__main__":
    main()
