"""How long it takes to plan a sweep of many combinations, and how much memory.

    python benchmarks/planning.py

Each combination of a grid is composed and checked, then looked up in a record: an empty one, and
one in which all but ten are trained (``fake_runs.py``). Seconds are of the processor, and by the
clock in brackets; memory is the most that Python holds meanwhile. Each row is measured in a process
of its own. Nothing is trained. Writes planning.md.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from multiprocessing import get_context
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from measuring import CORES, HERE

from sweep.config.compose import CONF
from sweep.config.schema import Config
from sweep.environment import environment

EXPERIMENT, NEW = "planned", 10
COLUMNS = ("composing and checking, s", "looking up, s", "ms each", "KB each")


@dataclass(frozen=True)
class Machine:
    """What has no GPU and trains nothing."""

    def count_gpus(self, config: Config) -> int:
        """Return that there is none."""
        return 0


def grid(combinations: int) -> list[str]:
    """Return the overrides of a grid of so many combinations, 100 or more."""
    rates = ",".join(str(number / 1000) for number in range(1, 11))
    return [
        f"optim.lr={rates}",
        "optim.wd=range(0,0.01,0.001)",
        f"seed=range({combinations // 100})",
    ]


def timed(call: Callable[[], object]) -> tuple[object, float, float]:
    """Return what a call returns, its seconds of the processor, and those of the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    done = call()
    return done, time.process_time() - processor, time.perf_counter() - clock


def plan(combinations: int, trained: int, counts_memory: bool) -> list[str]:
    """Plan a sweep; return the cells of its row.

    Args:
        combinations: of a grid.
        trained: how many of them are in the record.
        counts_memory: whether it is memory that counts, and not time.
    """
    from sweep.sweeps.combinations import combinations_of
    from sweep.sweeps.compose import Composer
    from sweep.sweeps.grid import plan_of
    from sweep.tracking import prepare_mlflow

    where = [f"tracking.experiment={EXPERIMENT}", "context=cpu", *grid(combinations)]
    prepare_mlflow()
    with initialize_config_dir(str(CONF), version_base="1.3"), redirect_stdout(StringIO()):
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", where, RunMode.MULTIRUN)

        def compose() -> Sequence[object]:
            composer = Composer(loader, master)
            given = combinations_of(composer, where)
            return [composer.job(number, each) for number, each in enumerate(given)]

        if trained:
            record(compose(), trained)
        if counts_memory:  # without what is imported, and made once
            plan_of(compose()[:1], Machine())  # type: ignore[arg-type]
            tracemalloc.start()
        jobs, *composing = timed(compose)
        found, *looking = timed(lambda: plan_of(jobs, Machine()))  # type: ignore[arg-type]
    kilobytes = tracemalloc.get_traced_memory()[counts_memory] / 1024
    assert len(found.missing) == combinations - trained  # type: ignore[attr-defined]
    each = 1000 * (composing[0] + looking[0]) / combinations
    seconds = [f"{processor:.1f} ({clock:.1f})" for processor, clock in (composing, looking)]
    return [*seconds, f"{each:.1f}", f"{kilobytes / combinations:.1f}"]


def record(jobs: Sequence[object], trained: int) -> None:
    """Write the first of these jobs into a new record as if they had been trained."""
    import fake_runs

    from sweep.config.fingerprint import fingerprint
    from sweep.config.params import params
    from sweep.data.splits import load_dataset
    from sweep.tracking import probe

    probe("sqlite:///mlflow.db")
    runs = [
        fake_runs.FakeRun(
            params=params(job.config),  # type: ignore[attr-defined]
            once={"val/accuracy": (10, 0.9)},
            tags={"fingerprint": fingerprint(job.config, load_dataset(job.config.dataset).digest)},  # type: ignore[attr-defined]
        )
        for job in jobs[:trained]
    ]
    fake_runs.fill("sqlite:///mlflow.db", EXPERIMENT, runs)


def elsewhere(*arguments: object) -> list[str]:
    """Plan in a new process, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        with get_context("spawn").Pool(1) as pool:
            return pool.apply(plan, arguments)


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--combinations", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    given = parser.parse_args()
    sys.path.insert(0, str(HERE))
    load = os.getloadavg()
    lines = [
        f"| combinations | trained already | {' | '.join(COLUMNS)} |",
        f"| ---: | ---: | {' | '.join(['---:'] * len(COLUMNS))} |",
    ]
    for combinations in given.combinations:
        for trained in (0, combinations - NEW):
            seconds = elsewhere(combinations, trained, False)[:-1]
            kilobytes = elsewhere(combinations, trained, True)[-1]
            cells = [f"{combinations:,}", f"{trained:,}", *seconds, kilobytes]
            lines.append(f"| {' | '.join(cells)} |")
            print(lines[-1], flush=True)
    lines += [
        "",
        f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}. "
        f"Load average {load[0]:.0f} before, {os.getloadavg()[0]:.0f} after.",
    ]
    os.makedirs(given.output, exist_ok=True)
    (Path(given.output) / "planning.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
