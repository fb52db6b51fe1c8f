"""Checks that other packages' sweepers are not asked for what only ours can do."""

from omegaconf import DictConfig

from sweep.config.compose import CONF
from sweep.config.zips import ZIP
from sweep.errors import UserError, either

NAMES = sorted(each.stem for each in (CONF / "hydra" / "sweeper").glob("*.yaml"))
TARGETS = "hydra_plugins.gluon_sweeper."
ALLOWED = f"allowed is {either([f'hydra/sweeper={name}' for name in NAMES])}"
GRID = "allowed is hydra/sweeper=grid"
NO_DRY_RUN = f"dry_run=true: other sweepers write a folder of their own; {ALLOWED}"


def check_combinations(given: str, sweeper: str) -> None:
    """Check that a sweeper knows zips, files with combinations, and conditions on them.

    Args:
        given: one of these.
        sweeper: its name.

    Raises:
        UserError: it does not.
    """
    if sweeper not in NAMES:
        raise UserError(f"{given}: is not known to hydra/sweeper={sweeper}; {GRID}")


def check_sweeper(composed: DictConfig) -> None:
    """Check that a sweeper can do what is asked of it, before it writes anything.

    Args:
        composed: Hydra's whole configuration, of the sweep.

    Raises:
        UserError: it is another package's, and cannot.
    """
    sweeper = composed.hydra.sweeper
    if sweeper._target_.startswith(TARGETS):
        return
    if composed.get("dry_run") is True:
        raise UserError(NO_DRY_RUN)
    for key, value in (sweeper.get("params") or {}).items():
        if ZIP.match(given := f"{key}={value}"):
            check_combinations(given, composed.hydra.runtime.choices["hydra/sweeper"])
