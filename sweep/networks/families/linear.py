"""Softmax regression, or linear regression: ``model=linear``."""

from typing import Literal

from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT
from sweep.networks.families.planned import Planned
from sweep.networks.plan import Dense, Plan


@NETWORKS.registers("linear")
@dataclass(frozen=True, config=STRICT)
class Linear(Planned):
    """One fully connected layer, on all values of an image."""

    name: Literal["linear"]

    def plan(self, classes: int) -> Plan:
        """Return the one layer."""
        return (Dense(classes),)
