"""A sweep of ResNet-20 against the same network in PyTorch, and in a bare Gluon loop.

    python benchmarks/resnet20.py --torch PYTHON_WITH_TORCH

Random images of 3×32×32, batch 128, sgd with momentum. All train the same number of runs: the sweep
as one command, from its start to its end, with all that a sweep does; the others in a process a
core, with one thread each and nothing but the training, from their start to their end. They take
turns, so that a machine that others use is as slow for each.

Besides, what a checkpoint after every epoch costs, as a part of the epoch: in one process, by the
processor's time, and by the clock, which waits for the disk as well.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from measuring import CORES, HERE, spread
from networks import SHAPE, random_images

BATCH = 128
FIELDS = ["model=resnet20", f"batch_size={BATCH}", "optim.momentum=0.9", "optim.wd=1e-4"]


def of_a_sweep(runs: int, epochs: int, images: int, folder: Path) -> float:
    """Return the seconds of a whole sweep, with a database already there."""
    command = [sys.executable, "-m", "sweep", *FIELDS, f"epochs={epochs}", "context=cpu"]
    command += ["dataset=arrays", f"dataset.train={folder / 'images.npz'}", "dataset.val_size=256"]
    command += [f"seed=range(0,{runs})", f"n_jobs={CORES}", "rerun=true", "--multirun"]
    return _seconds(lambda: [_started(command, folder)])


def of_processes(command: list[str], runs: int, folder: Path) -> float:
    """Return the seconds in which processes, one a core, train so many runs together."""
    shares = [runs // CORES + (core < runs % CORES) for core in range(CORES)]
    return _seconds(
        lambda: [_started([*command, f"--runs={each}"], folder) for each in shares if each]
    )


def bare(runs: int, epochs: int, images: int) -> None:
    """Train networks one after another in this process: what ``--bare`` does."""
    from bare_loop import BareLoop

    from sweep.backend.mxnet import nd
    from sweep.config.compose import load

    config, dataset = load(*FIELDS), random_images(images)
    for _ in range(runs):
        BareLoop(config, dataset).train(epochs * -(-images // BATCH))
        nd.waitall()


def checkpoint_parts(images: int, epochs: int) -> list[tuple[float, float]]:
    """Return what each epoch's checkpoint took of the epoch: processor's time, and the clock's."""
    from sweep.backend.mxnet import mx, nd
    from sweep.config.compose import load
    from sweep.training.checkpoints import Checkpoints
    from sweep.training.session import Training

    config = load(*FIELDS, f"epochs={epochs + 1}", "dataset.val_size=0", "test_every_epoch=true")
    found = []
    with tempfile.TemporaryDirectory(dir=".") as folder:
        checkpoints = Checkpoints(Path(folder), "benchmark")
        begun = _clocks()
        for snapshot in Training(config, random_images(images), mx.cpu()).epochs():
            nd.waitall()
            trained = _clocks()
            checkpoints.save(snapshot)
            saved = _clocks()
            parts = [(c - b) / (b - a) for a, b, c in zip(begun, trained, saved, strict=True)]
            found.append((parts[0], parts[1]))
            begun = _clocks()
    return found[1:]  # the first epoch builds the graph


def _clocks() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def _started(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
    )


def _seconds(start: Callable[[], list[subprocess.Popen[bytes]]]) -> float:
    begin = time.perf_counter()
    processes = start()
    if any([each.wait() for each in processes]):
        raise SystemExit(f"{' '.join(map(str, processes[0].args))} failed")
    return time.perf_counter() - begin


def measure(given: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    """Return the training images a second of each contender, in every repeat."""
    runs, sizes = given.runs, [f"--epochs={given.epochs}", f"--images={given.images}"]
    contenders = {
        "sweep": lambda: of_a_sweep(runs, given.epochs, given.images, folder),
        "bare Gluon loop": lambda: of_processes(
            [sys.executable, __file__, "--bare", *sizes], runs, folder
        ),
    }
    if given.torch:
        command = [given.torch, str(HERE / "others" / "torch_resnet20.py"), *sizes]
        contenders["PyTorch"] = lambda: of_processes(command, runs, folder)
    of_a_sweep(1, 1, given.images, folder)  # makes the database, and decodes
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(given.repeats):
        for name, seconds in contenders.items():
            found[name].append(runs * given.epochs * given.images / seconds())
            print(f"{name}: {found[name][-1]:,.0f} images/s", flush=True)
    return found


def main() -> None:
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torch", help="the Python that has PyTorch; left out: without it")
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        return bare(given.runs, given.epochs, given.images)
    with tempfile.TemporaryDirectory() as name:
        train = random_images(given.images + 256).train  # 256 are held out
        test = random_images(256).test
        np.savez(
            Path(name) / "images.npz",
            x_train=train.images,
            y_train=train.labels,
            x_test=test.images,
            y_test=test.labels,
        )
        found = measure(given, Path(name))
    parts = checkpoint_parts(given.images, given.repeats)
    print(
        f"\n{CORES} cores, Python {platform.python_version()}; {'×'.join(map(str, SHAPE))}, batch"
    )
    print(f"{BATCH}, {given.runs} runs of {given.epochs} epochs of {given.images:,} images\n")
    print("| | training images a second | sweep / this |")
    print("| --- | --- | --- |")
    for name, speeds in found.items():
        ratios = [one / other for one, other in zip(found["sweep"], speeds, strict=True)]
        print(f"| {name} | {spread(speeds, ',.0f')} | {spread(ratios, '.2f')} |")
    for clock, values in zip(
        ("the processor's", "the clock's"), zip(*parts, strict=True), strict=True
    ):
        print(f"\nA checkpoint takes {spread([*values], '.2%')} of an epoch, by {clock} time.")
    print(json.dumps({"images_per_second": found, "checkpoint_parts": parts}))
    return None


if __name__ == "__main__":
    main()
