"""Measure what an update costs: each optimiser, beside MXNet's own and beside its kernel alone.

    python benchmarks/optimizers.py

The parameters are those of Gluon's ResNet-18 for 10 classes, the gradients those of one image. All
take turns, a step each, in this one process with one thread; counted is the processor's time.
"""

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import OPTIMIZERS
from sweep.config.compose import load
from sweep.environment import environment
from sweep.training.loop import build_trainer

WD, BATCH, MOMENTUM = 0.0005, 128, 0.9
OPTIONS = {"wd": WD, "rescale_grad": 1 / BATCH}

STOCK: dict[str, Callable[[], Any]] = {
    "sgd": lambda: mx.optimizer.SGD(momentum=MOMENTUM, wd=WD),
    "nag": lambda: mx.optimizer.NAG(momentum=MOMENTUM, wd=WD),
    "adam": lambda: mx.optimizer.Adam(wd=WD),
    "rmsprop": lambda: mx.optimizer.RMSProp(wd=WD),
    "adagrad": lambda: mx.optimizer.AdaGrad(wd=WD),
    "signum": lambda: mx.optimizer.Signum(wd=WD),
    "lamb": lambda: mx.optimizer.LAMB(wd=WD),
}
# Of a weight, its gradient, and two arrays of the same shape.
KERNELS: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "sgd": lambda w, g, m, v: nd.sgd_mom_update(
        w, g, m, out=w, lr=0.001, momentum=MOMENTUM, **OPTIONS
    ),
    "nag": lambda w, g, m, v: nd.nag_mom_update(
        w, g, m, out=w, lr=0.001, momentum=MOMENTUM, **OPTIONS
    ),
    "adam": lambda w, g, m, v: nd.adam_update(w, g, m, v, out=w, lr=0.001, **OPTIONS),
    "adamw": lambda w, g, m, v: nd.contrib.adamw_update(
        w, g, m, v, out=w, lr=0.001, eta=1.0, **OPTIONS
    ),
    "rmsprop": lambda w, g, m, v: nd.rmsprop_update(w, g, v, out=w, lr=0.001, **OPTIONS),
    "signum": lambda w, g, m, v: nd.signum_update(
        w, g, m, out=w, lr=0.001, momentum=MOMENTUM, **OPTIONS
    ),
}


def network() -> gluon.HybridBlock:
    """Return a ResNet-18 with gradients."""
    net = gluon.model_zoo.vision.resnet18_v1(classes=10)
    net.initialize()
    train(net)
    for each in trained(net):
        each.grad()[:] = nd.random.normal(shape=each.shape)
    return net


def train(net: gluon.HybridBlock) -> None:
    """Train on one image, but for the step."""
    with autograd.record():
        loss = net(nd.zeros((1, 3, 32, 32))).sum()
    loss.backward()


def trained(net: gluon.HybridBlock) -> list[gluon.Parameter]:
    """Return the parameters that have gradients."""
    return [each for each in net.collect_params().values() if each.grad_req != "null"]


def ours(name: str, **changes: Any) -> Callable[[], float]:
    """Return what makes a step of our optimiser."""
    config = replace(load(f"optim={name}").optim, wd=WD, **changes)
    if "momentum" in vars(config):
        config = replace(config, momentum=MOMENTUM)
    return of_trainer(lambda net: build_trainer(net, config))


def of_trainer(build: Callable[[gluon.HybridBlock], gluon.Trainer]) -> Callable[[], float]:
    """Return what makes a step of a trainer of a new network's parameters, and its core-ms.

    As in training, a batch is trained on before. Otherwise the weights may be in oneDNN's own
    layout, in which an update takes two or three times as long.
    """
    net = network()
    trainer = build(net)

    def step() -> float:
        train(net)
        return core_ms(lambda: trainer.step(BATCH))

    return step


def of_mxnet(name: str) -> Callable[[], float]:
    """Return what makes a step of MXNet's optimiser."""

    def build(net: gluon.HybridBlock) -> gluon.Trainer:
        return gluon.Trainer([*net.collect_params().values()], STOCK[name](), kvstore=None)

    return of_trainer(build)


def of_kernel(name: str) -> Callable[[], float]:
    """Return what calls a kernel for each parameter, and its core-ms."""
    arrays = [
        (each.data().copy(), each.grad().copy(), nd.zeros(each.shape), nd.zeros(each.shape))
        for each in trained(network())
    ]

    def update() -> None:
        for each in arrays:
            KERNELS[name](*each)

    return lambda: core_ms(update)


def core_ms(act: Callable[[], None]) -> float:
    """Return the processor's time that something takes, in all threads of this process."""
    nd.waitall()
    begin = time.process_time()
    act()
    nd.waitall()
    return 1000 * (time.process_time() - begin)


def clip_as_gluon(limit: float) -> Callable[[], float]:
    """Return what makes a step after Gluon's own clipping."""

    def build(net: gluon.HybridBlock) -> gluon.Trainer:
        config = replace(load("optim=sgd").optim, momentum=MOMENTUM, wd=WD)
        trainer = build_trainer(net, config)
        step = trainer.step

        def clipped(batch: int) -> None:
            gluon.utils.clip_global_norm([each.grad() for each in trained(net)], limit * batch)
            step(batch)

        trainer.step = clipped
        return trainer

    return of_trainer(build)


def main() -> None:
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    given = parser.parse_args()
    acts: dict[tuple[str, str], Callable[[], float]] = {}
    for name in OPTIMIZERS.names():
        acts[name, "ours"] = ours(name)
        if name in STOCK:
            acts[name, "MXNet's"] = of_mxnet(name)
        if name in KERNELS:
            acts[name, "its kernel alone"] = of_kernel(name)
    acts["sgd, clip_norm", "ours"] = ours("sgd", clip_norm=1e-6)
    acts["sgd, clip_norm", "MXNet's"] = clip_as_gluon(1e-6)
    found: dict[tuple[str, str], list[float]] = {key: [] for key in acts}
    for repeat in range(given.repeats + 1):
        for key, act in acts.items():
            measured = act()
            if repeat:  # the first one makes the state
                found[key].append(measured)
    machine = environment()
    values = sum(each.data().size for each in trained(network()))
    print(f"\n{machine['processor']}, {machine['cores']} cores, Python {platform.python_version()}")
    print(
        f"{values:,} values in ResNet-18's parameters; core-ms a step, median (lowest to highest)"
    )
    print(f"of {given.repeats} steps that take turns\n")
    columns = ("ours", "MXNet's", "its kernel alone")
    print(f"| optimiser | {' | '.join(columns)} |\n| --- | ---: | ---: | ---: |")
    for name in dict.fromkeys(name for name, _ in found):
        cells = [_spread(found[name, each]) if (name, each) in found else "–" for each in columns]
        print(f"| {name} | {' | '.join(cells)} |")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ({min(values):.0f} to {max(values):.0f})"


if __name__ == "__main__":
    main()
