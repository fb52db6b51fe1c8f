"""The registries of what is chosen by name: networks, optimisers, schedules, losses, datasets.

Each choice is a class that holds its fields, with their bounds, and the facts about it. Its module
registers it, and a file in ``conf/`` has the fields' defaults. None of these modules imports MXNet
when it is imported: the process of a sweep reads the facts and never trains.

A plugin imports a registry and its class from here.
"""

from typing import Any

from sweep.config.datasets import DatasetConfig
from sweep.config.losses import LOSSES
from sweep.config.networks import Network
from sweep.config.optimizers import OptimizerConfig
from sweep.config.registry import Registry
from sweep.config.schedules import Schedule

NETWORKS: Registry[type[Network]] = Registry("model", "sweep.networks.families")
OPTIMIZERS: Registry[type[OptimizerConfig]] = Registry("optim", "sweep.training.optimizers")
SCHEDULES: Registry[type[Schedule]] = Registry("schedule", "sweep.training.schedules")
DATASETS: Registry[type[DatasetConfig]] = Registry("dataset", "sweep.data.formats")

CHOSEN: dict[str, Registry[Any]] = {  # the groups that a class is chosen of, by name
    each.key: each for each in (NETWORKS, OPTIMIZERS, SCHEDULES, LOSSES, DATASETS)
}
