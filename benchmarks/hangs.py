"""How many of thousands of fresh processes hang: each trains a little, and keeps its network.

    nice python benchmarks/hangs.py --processes 2000

Each is forked as a run's process is, trains one epoch on a few hundred images while its engine's
threads are young, and writes its parameters and its graph while other work is still queued. Some
have a thread beside, as a run has one that sends its metrics. One that has not ended after
``--seconds`` hangs: the stacks of its threads go to the folder ``--stacks`` (by ``gdb`` where there
is one, and by Python), and it is killed. Prints how many there were.
"""

import argparse
import faulthandler
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

from sweep.config.compose import load
from sweep.config.schema import Config
from sweep.data.splits import Dataset, Split, load_dataset
from sweep.execution.local import fork_server

IMAGES = 400
POLL_SECONDS = 0.02
NETWORKS = ("model=mlp", "model=lenet")


def train_and_keep(config: Config, folder: str, has_thread: bool) -> None:
    """Train one epoch, and write parameters and graph, with more work queued before each."""
    from sweep.backend.mxnet import mx
    from sweep.carried import serving
    from sweep.networks.blocks.eager import save_parameters
    from sweep.training.session import Training

    faulthandler.register(signal.SIGUSR1, file=open(Path(folder, "python"), "w"))  # noqa: SIM115
    stop = threading.Event()
    if has_thread:
        threading.Thread(target=write_beside, args=(folder, stop), daemon=True).start()
    whole = load_dataset(config.dataset)
    first = {name: replace(each, index=each.index[:IMAGES]) for name, each in splits(whole)}
    dataset = replace(whole, **first)
    training = Training(config, dataset, mx.cpu())
    for _ in training.epochs():
        training.answer(dataset.test)
    training.conclude()
    images = mx.nd.array(dataset.train.images[:100])
    queued = [training.model(images) for _ in range(4)]  # nobody waits for it
    save_parameters(training.net, f"{folder}/net.params")
    queued += [training.model(images) for _ in range(4)]
    interface = serving.Interface(dataset.name, dataset.shape, dataset.class_names)
    serving.save(training.model, interface, Path(folder))
    stop.set()


def splits(dataset: Dataset) -> list[tuple[str, Split]]:
    """Return the splits of a dataset, by their names."""
    return [("train", dataset.train), ("val", dataset.val), ("test", dataset.test)]


def write_beside(folder: str, stop: threading.Event) -> None:
    """Write to a database of one's own, as the thread does that sends a run's metrics."""
    record = sqlite3.connect(f"{folder}/metrics.db")
    record.execute("create table metrics (value real)")
    while not stop.wait(0.005):
        record.execute("insert into metrics values (1.0)")
        record.commit()


@dataclass
class Started:
    """A process, and what it writes to."""

    number: int
    process: BaseProcess
    folder: str
    begin: float

    def keep_stacks(self, kept: Path) -> None:
        """Write down where all threads are."""
        pid = str(self.process.pid)
        own = kept / f"hang-{self.number}"
        os.kill(int(pid), signal.SIGUSR1)
        if debugger := shutil.which("gdb"):
            found = subprocess.run(
                [debugger, "-batch", "-p", pid, "-ex", "thread apply all bt"],
                capture_output=True,
                text=True,
            )
            own.with_suffix(".c.txt").write_text(found.stdout)
        shutil.copy(Path(self.folder, "python"), own.with_suffix(".python.txt"))


def start(number: int, configs: list[Config]) -> Started:
    """Start one process."""
    folder = tempfile.mkdtemp(prefix="hangs-")
    config = replace(configs[number % len(configs)], seed=number)
    arguments = (config, folder, number % 3 == 0)
    process = fork_server.context(1).Process(target=train_and_keep, args=arguments, daemon=True)
    fork_server.start(process)
    return Started(number, process, folder, time.monotonic())


def main() -> None:
    """Start them all, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--stacks", type=Path, default=Path("hangs"))
    given = parser.parse_args()
    configs = [load("epochs=1", "context=cpu", network) for network in NETWORKS]
    fork_server.start_server(1)
    running: list[Started] = []
    ended: Counter[str] = Counter()
    begun = 0
    while begun < given.processes or running:
        while begun < given.processes and len(running) < given.at_once:
            running.append(start(begun, configs))
            begun += 1
        time.sleep(POLL_SECONDS)
        for each in list(running):
            if each.process.is_alive():
                if time.monotonic() < each.begin + given.seconds:
                    continue
                given.stacks.mkdir(exist_ok=True)
                each.keep_stacks(given.stacks)
                each.process.kill()
                how = "hung"
            else:
                code = each.process.exitcode
                how = "ended well" if code == 0 else f"ended with exit code {code}"
            each.process.join()
            running.remove(each)
            shutil.rmtree(each.folder)
            ended[how] += 1
            if ended.total() % 100 == 0 or how != "ended well":
                print(f"{time.strftime('%H:%M:%S')} {dict(ended)}", flush=True)
    print(f"{ended.total()} processes, {given.at_once} at once: {dict(ended)}")


if __name__ == "__main__":
    main()
