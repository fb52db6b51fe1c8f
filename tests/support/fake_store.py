"""Scenes of a sweep's record: one run, a grid, a random search, with failures."""

import itertools

import numpy as np
from fake_runs import FakeRun

BEST = ("train/loss", "train/accuracy", "val/loss", "val/accuracy")


def trained(number, params, epochs=20, test_every_epoch=False):
    """Return a finished run with plausible curves: the best learning rate is 0.3."""
    random = np.random.default_rng(number)
    lr, wd = float(params.get("optim.lr", 0.1)), float(params.get("optim.wd", 0))
    is_lenet = params.get("model.name") == "lenet"
    distance = abs(np.log10(lr / 0.3))
    floor = 0.01 + 0.012 * (not is_lenet) + 0.02 * distance**2 + 4 * wd + random.normal(0, 0.001)
    floor = min(max(floor, 0.002), 0.9)
    epoch = np.arange(1, epochs + 1)
    speed = 0.8 / (1 + distance)
    wiggle = random.normal(1, 0.04, (4, epochs))
    val_error = np.clip((floor + (0.7 - floor) * np.exp(-speed * epoch)) * wiggle[0], 0.001, 0.9)
    train_error = np.clip(
        (0.4 * floor + (0.8 - floor) * np.exp(-speed * epoch)) * wiggle[1], 0, 0.9
    )
    seconds = (2.0 if is_lenet else 0.25) * random.normal(1, 0.05, epochs)
    curves = {
        "train/loss": 3.2 * train_error * wiggle[2] + 0.002,
        "train/accuracy": 1 - train_error,
        "val/loss": 3.4 * val_error * wiggle[3],
        "val/accuracy": 1 - val_error,
        "epoch_seconds": seconds,
        "images_per_second": 3500 / seconds,
    }
    if test_every_epoch:
        curves["test/loss"] = curves["val/loss"] * 1.02
        curves["test/accuracy"] = 1 - np.clip(val_error * 1.02, 0, 1)
    curves = {key: [float(value) for value in values] for key, values in curves.items()}
    best = int(np.argmax(curves["val/accuracy"]))
    once = {key.replace("/", "_at_best/"): (best + 1, curves[key][best]) for key in BEST}
    once["best_epoch"] = (best + 1, float(best + 1))
    if not test_every_epoch:
        once["test/accuracy"] = (best + 1, curves["val/accuracy"][best] - 0.002)
        once["test/loss"] = (best + 1, curves["val/loss"][best] * 1.02)
    params = {"dataset.name": "mnist_5k", "epochs": str(epochs), **params}
    name = " ".join(f"{key}={value}" for key, value in params.items() if key != "epochs")
    duration = sum(curves["epoch_seconds"]) + 0.4
    return FakeRun(params, curves, once, name=name, duration_seconds=duration)


def on_two_cores(runs):
    """Let runs start one after another, as two at a time do; return them."""
    free = [0.0, 0.0]
    for run in runs:
        core = free.index(min(free))
        run.start_seconds, free[core] = free[core], free[core] + run.duration_seconds
    return runs


def broken(run, after, status="FAILED", reason="diverged at epoch {}"):
    """Return the run as one that ended after an epoch."""
    run.curves = {key: values[:after] for key, values in run.curves.items()}
    run.once, run.status = {}, status
    run.tags = {"failure_reason": reason.replace("{}", str(after + 1))}
    run.duration_seconds = sum(run.curves["epoch_seconds"]) + 0.4
    return run


def grid(epochs=20, **values):
    """Return a run for each combination: ``grid(optim__lr=["0.1", "0.2"])``."""
    keys = [key.replace("__", ".") for key in values]
    combinations = itertools.product(*values.values())
    return on_two_cores(
        [
            trained(number, dict(zip(keys, each, strict=True)), epochs)
            for number, each in enumerate(combinations)
        ]
    )


def one_run():
    """Return a single run."""
    return grid(optim__lr=["0.1"])


def two_runs():
    """Return two runs that differ in the learning rate."""
    return grid(optim__lr=["0.1", "0.2"])


def twenty_runs():
    """Return a grid of learning rates and weight decays, of which two runs failed."""
    rates, decays = ["0.01", "0.03", "0.1", "0.3", "1.0"], ["0.0", "0.0001", "0.001", "0.01"]
    runs = grid(optim__lr=rates, optim__wd=decays)
    broken(runs[18], 3)
    broken(runs[19], 2)
    return runs


def five_hundred_runs(epochs=20):
    """Return a random search, in which high learning rates tend to fail."""
    random = np.random.default_rng(0)
    runs = []
    for number in range(500):
        model = str(random.choice(["mlp", "lenet"]))
        params = {
            "model.name": model,
            "model.hidden": "[500]" if model == "lenet" else "[128, 64]",
            "optim.lr": repr(float(10 ** random.uniform(-3, 0.5))),
            "optim.wd": repr(float(10 ** random.uniform(-6, -2))),
            "batch_size": str(random.choice([32, 64, 128, 256])),
            "seed": str(number % 5),
        }
        run = trained(number, params, epochs)
        if float(params["optim.lr"]) > 1 and random.random() < 0.6:
            broken(run, int(random.integers(1, 6)))
        elif number % 97 == 0:
            broken(run, 4, "KILLED", "the sweep was interrupted")
        runs.append(run)
    return on_two_cores(runs)
