"""Is the bare compute loop the fastest that MXNet can do? What was tried, each against that loop.

    python benchmarks/limit_tried.py --networks mlp lenet

Each variant is a process of its own with one thread. It takes turns with a process that runs what
it is compared with, a fraction of a second each. Counted is the processor's time of all of the
process, so that others on the machine matter less. The bits are those of all parameters after the
same batches from the same seed, or of all scores where nothing is trained. What MXNet cannot do is
in the table with its answer.
"""

import argparse
import hashlib
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from typing import Any
from unittest.mock import patch

os.environ["OMP_NUM_THREADS"] = "1"

from limit_variants import CORE, VARIANTS
from measuring import spread

from sweep.backend.mxnet import mx, nd
from sweep.config.compose import load
from sweep.data.splits import load_dataset
from sweep.environment import environment

WARM = {"mlp": 20, "lenet": 4, "resnet20": 2}  # batches, after which parameters are compared
SLICE = {"mlp": 150, "lenet": 10, "resnet20": 1}  # batches of a measurement: 0.2 to 0.5 s


def bits(loop: Any) -> bytes:
    """Return a digest of the scores, or, where something is trained, of all parameters."""
    digest = hashlib.sha256()
    parameters = loop.net.collect_params().values()
    for each in getattr(loop, "scores", [parameter.data() for parameter in parameters]):
        digest.update(each.asnumpy().tobytes())
    return digest.digest()


def serve(pipe: Connection, name: str, network: str) -> None:
    """Build a variant; send its bits, then for each request the seconds for 1,000 images."""
    if core := os.environ.get(CORE):
        os.sched_setaffinity(0, {int(core)})
    try:
        config = load(f"model={network}", "dataset=mnist_5k")
        loop = VARIANTS[name].build(config, load_dataset(config.dataset))
        initial = bits(loop)
        loop.train(WARM[network])
        nd.waitall()  # an executor may write parameters after they seem to be ready
        found = bits(loop)
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {str(error).strip().splitlines()[-1]}")
        return
    pipe.send("it trains nothing: all gradients are 0" if found == initial else found)
    while pipe.recv():
        begin = time.process_time()
        images = loop.train(SLICE[network])
        nd.waitall()
        pipe.send(1000 * (time.process_time() - begin) / images)


class Process:
    """A variant in a process of its own."""

    def __init__(self, name: str, network: str) -> None:
        """Start it; ``answer`` is its bits, or what went wrong, in words."""
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=serve, args=(other, name, network), daemon=True)
        with patch.dict(os.environ, VARIANTS[name].environment):
            self._process.start()
        other.close()
        try:
            self.answer: bytes | str = self._pipe.recv()
        except EOFError:
            self._process.join()
            self.answer = f"the process ended with {self._process.exitcode}"

    def seconds(self) -> float:
        """Return those of the processor for 1,000 images."""
        self._pipe.send(True)
        return float(self._pipe.recv())

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.join()


def compare(name: str, network: str, other: Process, repeats: int) -> str:
    """Return a row of the table: a variant against another one, which is at work already."""
    process = Process(name, network)
    if isinstance(process.answer, str):
        process.end()
        return f"| {name} | {network} | | | | {process.answer} |"
    pairs = [(process.seconds(), other.seconds()) for _ in range(1 + repeats)][1:]
    process.end()
    own = [1000 * one for one, _ in pairs]
    ratios = [one / of_other for one, of_other in pairs]
    same = "same" if process.answer == other.answer else "other"
    return f"| {name} | {network} | {spread(own, '.1f')} | {spread(ratios, '.2f')} | {same} | |"


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", default=["mlp", "lenet"], choices=list(WARM))
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), metavar="VARIANT")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    machine = environment()
    print(f"{machine['processor']}, {machine['cores']} cores, MXNet {mx.__version__}; batch 100, ")
    print(f"one thread; median (lowest to highest) of {given.repeats} repeats\n")
    print("| what | network | ms of a core for 1,000 images | of the other | bits | answer |")
    print("| --- | --- | --- | --- | --- | --- |")
    for network in given.networks:
        for against in dict.fromkeys(VARIANTS[name].against for name in given.only):
            other = Process(against, network)
            for name in given.only:
                if VARIANTS[name].against == against:
                    print(compare(name, network, other, given.repeats), flush=True)
            other.end()


if __name__ == "__main__":
    main()
