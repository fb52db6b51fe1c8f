"""What identifies a run's result, and what it shares with longer and shorter runs."""

from collections.abc import Collection

from sweep.config.fields import Role, walk
from sweep.config.params import as_text
from sweep.config.schedules import Schedule
from sweep.config.schema import Config
from sweep.digests import identity_of


def fingerprint(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that identify the result: equal for runs that must end equal.

    Args:
        config: with ``context`` already resolved to ``cpu`` or ``gpu``.
        dataset_digest: identifies the content of all images and labels.
    """
    return _digest(config, dataset_digest, (Role.TRAJECTORY, Role.IDENTITY))


def trajectory(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that runs share that only stop, or are judged, at other epochs.

    Such runs have the same parameters after each epoch that both have. Where the learning rate
    depends on the number of epochs, runs of different lengths have none in common. The arguments
    are those of :func:`fingerprint`.
    """
    schedules = [each for each in vars(config).values() if isinstance(each, Schedule)]
    read = {key for schedule in schedules for key in schedule.reads}
    return _digest(config, dataset_digest, (Role.TRAJECTORY,), read)


def judged_trajectory(config: Config, dataset_digest: str) -> str:
    """Return 16 hex digits that runs share that compute, measure and judge the same epochs.

    They end at different ones; so one can take over another's, with all that is recorded of them.
    The arguments are those of :func:`fingerprint`.
    """
    judged = [config.metrics, config.test_every_epoch]
    judged += [config.monitor, config.early_stopping.min_delta]
    judged += [config.metrics_source] if config.metrics_source else []
    return identity_of([trajectory(config, dataset_digest), *judged])


def _digest(
    config: Config, dataset_digest: str, roles: Collection[Role], others: Collection[str] = ()
) -> str:
    """Return a digest of the fields with these roles, and of some others."""
    values = {
        info.key: as_text(value)
        for info, value in walk(config)
        if (info.role in roles or info.key in others)
        and not (info.before and info.before.value == value)
    }
    values["dataset"] = dataset_digest
    return identity_of(values)
