"""Runs in this process, on few images, which can be stopped at any point."""

import functools
from dataclasses import replace

import pytest
from mlflow import MlflowClient
from outcomes import outcome
from record import new_record

from sweep.config.compose import load
from sweep.data.splits import load_dataset
from sweep.errors import RunFailed
from sweep.runs.events import EpochKept, Started
from sweep.runs.execute import execute
from sweep.training.selection import EpochRecord

MLP = ("model.hidden=[16]", "optim.lr=0.5", "optim.momentum=0.9", "optim.wd=0.001")
CASES = {  # with the number of epochs that they train
    "mlp": ((*MLP, "epochs=4", "monitor=val/loss"), 4),
    "no momentum": (("model.hidden=[16]", "model.activation=tanh", "epochs=3"), 3),
    "lenet": (
        ("model=lenet", "model.channels=[2,4]", "model.hidden=[8]", "model.activation=relu")
        + ("optim.lr=0.05", "optim.momentum=0.9", "optim.wd=0.01", "epochs=3"),
        3,
    ),
    "stops early": ((*MLP, "early_stopping={patience: 2, min_delta: 0.99}", "epochs=9"), 3),
    "no val": ((*MLP, "dataset.val_size=0", "test_every_epoch=true", "epochs=3"), 3),
}


_loaded = functools.cache(load)  # composing takes a while


def few(config):
    """Return 400 of the images to train on, and 100 each to validate and to test."""
    found = load_dataset(config)
    cut = {
        name: replace(split, index=split.index[:size])
        for name, size in (("train", 400), ("val", 100), ("test", 100))
        for split in [getattr(found, name)]
    }
    return replace(found, **cut)


class Place:
    """A record, and a folder of checkpoints."""

    def __init__(self, folder):
        self.folder, self.uri, self.known = folder, new_record(folder), {}
        self.client = MlflowClient(self.uri)

    def config(self, experiment, *overrides):
        held_out = "dataset.val_size=100"  # as few() has them; a case may say otherwise
        config = _loaded(held_out, *overrides, "context=cpu", "figures=false", "batch_size=50")
        tracking = replace(config.tracking, uri=self.uri, experiment=experiment)
        folder = f"{self.folder}/checkpoints"
        return replace(config, tracking=tracking, checkpoint_dir=folder)

    def execute(self, experiment, *overrides, stop=None, error=KeyboardInterrupt, member=None):
        """Train; return the score and the events, or those until the error at this point."""
        events = []

        def tell(event):
            events.append(event)
            at = {Started: "start", EpochKept: "end"}.get(
                type(event), getattr(event, "epoch", None)
            )
            if at is not None and at == stop:
                raise error

        config = self.config(experiment, *overrides)
        if stop is None:
            return execute(config, overrides, tell, member), events
        with pytest.raises((KeyboardInterrupt, RunFailed)):
            execute(config, overrides, tell, member)
        return None, events

    def whole(self, case):
        """Return what a case gives if nothing happens to it: its score, all that is recorded."""
        if case not in self.known:
            score, _ = self.execute(f"{case} whole", *CASES[case][0])
            self.known[case] = score, outcome(self.client, self.run(f"{case} whole"))
        return self.known[case]

    def run(self, experiment):
        (run,) = self.runs(experiment)
        return run

    def runs(self, experiment):
        number = self.client.get_experiment_by_name(experiment).experiment_id
        return self.client.search_runs([number], order_by=["attributes.start_time ASC"])

    def checkpoints(self, experiment):
        return self.folder / "checkpoints" / self.run(experiment).info.run_id


def epochs_of(events):
    return [each.epoch for each in events if isinstance(each, EpochRecord)]
