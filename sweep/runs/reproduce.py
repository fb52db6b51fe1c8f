"""Training a recorded run again, from nothing but its record, and comparing the two."""

import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sweep.config.metrics import OF_THE_MACHINE
from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.networks.trained import GRAPH, PARAMETERS
from sweep.own_modules import identity, keep
from sweep.runs.events import Ended, Listener, Notice, Started
from sweep.tracking import DATASET_DIGEST, START_FOLDER, Curves, RunRecord, reason


@dataclass(frozen=True)
class Comparison:
    """A recorded metric beside the same one, trained again.

    Attributes:
        metric: its name.
        epochs: how many values are recorded.
        first: the first epoch that is not identical, with the recorded value and the new one, None
            where there is none; None if all are identical.
        largest: the largest difference.
    """

    metric: str
    epochs: int
    first: tuple[int, float, float | None] | None
    largest: float


def compare(recorded: Curves, again: Curves) -> list[Comparison]:
    """Return a comparison for each recorded metric but those of the machine."""
    comparisons = []
    for metric, points in recorded.items():
        if metric in OF_THE_MACHINE:
            continue
        new = again.get(metric, {})
        different = [
            epoch for epoch, value in sorted(points.items()) if _differs(new.get(epoch), value)
        ]
        first = (different[0], points[different[0]], new.get(different[0])) if different else None
        gaps = [abs(points[epoch] - new[epoch]) for epoch in different if epoch in new]
        comparisons.append(Comparison(metric, len(points), first, max(gaps, default=0.0)))
    return comparisons


def _differs(new: float | None, recorded: float) -> bool:
    """Return whether a value is another one; what is no number is the same once more."""
    return new is None or (new != recorded and not (math.isnan(new) and math.isnan(recorded)))


@dataclass
class Again:
    """A run that was trained again.

    Attributes:
        curves: what it measured.
        parameters: the file that a FINISHED run keeps.
        failure: the reason if it failed.
    """

    curves: defaultdict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    parameters: bytes | None = None
    failure: str | None = None

    def add(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Take in what was measured of an epoch."""
        for key, value in metrics.items():
            self.curves[key][epoch] = value


@contextmanager
def recorded_source(record: RunRecord, config: Config) -> Iterator[Config]:
    """Yield the configuration with all that is a user's made by the modules recorded, if any.

    They are in a temporary folder, whatever has become of the user's own.
    """
    with tempfile.TemporaryDirectory() as place:
        yield made_by(config, record.source, record.dataset_source, Path(place))


def made_by(
    config: Config, source: Mapping[str, bytes], dataset_source: Mapping[str, bytes], place: Path
) -> Config:
    """Return the configuration with all that is a user's made by these modules, if there are any.

    Args:
        config: as recorded.
        source: the modules of the network, the loss and the metrics, by their places.
        dataset_source: those of the dataset.
        place: a folder, which they are written to.
    """
    kept = keep(source, place)
    model, loss = config.model.built_from(kept), config.loss.built_from(kept)
    dataset = config.dataset
    if dataset_source:
        dataset = dataset.read_by(keep(dataset_source, place))
    folder = str(kept) if config.metrics_source else None
    return replace(config, model=model, loss=loss, dataset=dataset, metrics_folder=folder)


def _start(record: RunRecord, config: Config) -> Mapping[str, bytes]:
    """Return the trained parameters that a recorded run started from.

    Raises:
        UserError: the record has others, or none.
    """
    files = {name: each for name, each in record.start.items() if name in (PARAMETERS, GRAPH)}
    if config.init_from is not None and identity(files) != config.init_digest:
        raise UserError(
            f"init_digest={config.init_digest}: run {record.run_id} has started from these "
            f"parameters, and does not have them in {START_FOLDER}/ any more, so it cannot be "
            "trained again"
        )
    return files


def train_again(record: RunRecord, config: Config, tell: Listener) -> Again:
    """Train what is recorded; of a run that is not FINISHED, one epoch more than that.

    Args:
        record: of the run.
        config: as recorded; where its images lie may be another place.
        tell: is told how the run gets on.

    Raises:
        UserError: the images or the device are not there, or what the run started from.
    """
    # They load MXNet, which reads once with how many threads it computes.
    from sweep.data.splits import load_dataset
    from sweep.networks.blocks.eager import save_parameters
    from sweep.runs.prepare import resolve_device
    from sweep.training.session import Training

    context = resolve_device(config)
    dataset = load_dataset(config.dataset)
    tell(Notice(f"{record.name}, run {record.run_id}, {record.status}"))
    tell(Notice(f"  {dataset.describe()}"))
    if (digest := record.tags.get(DATASET_DIGEST)) not in (None, dataset.digest):
        tell(Notice(f"  other images than recorded: {digest} then, {dataset.digest} now"))
    training, again = Training(config, dataset, context, _start(record, config)), Again()
    tell(Started("trained again", record.run_id, config.epochs))
    try:
        for snapshot in training.epochs():
            tell(snapshot.records[-1])
            again.add(snapshot.records[-1].metrics, snapshot.epoch)
            if record.status != "FINISHED" and snapshot.epoch > record.last_epoch:
                break
    except UserError:
        raise
    except Exception as error:  # whatever the run itself may have raised, as a user's network
        again.failure = reason(error)
        tell(Ended("FAILED", again.failure))
        return again
    tell(Ended("FINISHED"))
    if record.status == "FINISHED":
        again.add(training.conclude(), training.chosen.epoch)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "net.params"
            save_parameters(training.net, str(file))
            again.parameters = file.read_bytes()
    return again
