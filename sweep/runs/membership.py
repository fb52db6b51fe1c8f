"""Which sweep, and which trial of a search, a run belongs to.

It is no part of the run's configuration: a launcher hands it to the run's process in variables of
the environment (Hydra's ``hydra.job.env_set``), which every launcher of Hydra's can do.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

SWEEP_ID, STUDY, TRIAL = "SWEEP_PARENT_RUN", "SWEEP_STUDY", "SWEEP_TRIAL"


@dataclass(frozen=True)
class Membership:
    """A run's place in a sweep, or in a search.

    Attributes:
        sweep_id: the run id of the parent run.
        study: the name of the study in its storage; None for a run of a grid.
        trial: the run's number in the study.
    """

    sweep_id: str
    study: str | None = None
    trial: int | None = None

    def to_environment(self) -> dict[str, str]:
        """Return the variables that say it."""
        named = {SWEEP_ID: self.sweep_id, STUDY: self.study, TRIAL: self.trial}
        return {key: str(value) for key, value in named.items() if value is not None}


def membership_of(environment: Mapping[str, str] = os.environ) -> Membership | None:
    """Return what these variables say; None for a run that belongs to no sweep."""
    if (sweep_id := environment.get(SWEEP_ID)) is None:
        return None
    trial = environment.get(TRIAL)
    return Membership(
        sweep_id=sweep_id,
        study=environment.get(STUDY),
        trial=None if trial is None else int(trial),
    )
