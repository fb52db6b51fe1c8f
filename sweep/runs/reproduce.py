"""Train a recorded run again, from nothing but its record, and compare.

python -m sweep.reproduce RUN_ID
"""

import argparse
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sweep import signals as interrupts
from sweep.config.compose import from_yaml
from sweep.config.schema import Config
from sweep.display.comparison import show_comparisons, show_environment
from sweep.display.console import show_lines
from sweep.display.run import RunDisplay
from sweep.environment import differences
from sweep.errors import RunFailed, UserError
from sweep.runs.events import Ended, Started
from sweep.tracking import FAILURE, RunRecord, read_record

TIMES = ("epoch_seconds", "images_per_second")  # of the machine, not of the run

Curves = Mapping[str, Mapping[int, float]]  # a metric's name: the epoch: the value


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
    """Return a comparison for each recorded metric but the times."""
    comparisons = []
    for metric, points in recorded.items():
        if metric in TIMES:
            continue
        new = again.get(metric, {})
        different = [epoch for epoch, value in sorted(points.items()) if new.get(epoch) != value]
        first = (different[0], points[different[0]], new.get(different[0])) if different else None
        gaps = [abs(points[epoch] - new[epoch]) for epoch in different if epoch in new]
        comparisons.append(Comparison(metric, len(points), first, max(gaps, default=0.0)))
    return comparisons


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


def train_again(record: RunRecord, config: Config) -> Again:
    """Train what is recorded; of a run that is not FINISHED, one epoch more than that.

    Raises:
        UserError: the images or the device are not there.
    """
    # MXNet reads its number of threads once, when it is loaded; so it is not imported above.
    os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
    from sweep.data.splits import load_dataset
    from sweep.runs.execute import resolve_device
    from sweep.training.session import Training

    context = resolve_device(config)
    dataset = load_dataset(config.dataset)
    show_lines(f"{record.name}, run {record.run_id}, {record.status}", f"  {dataset.describe()}")
    if (digest := record.tags.get("dataset.digest")) not in (None, dataset.digest):
        show_lines(f"  other images than recorded: {digest} then, {dataset.digest} now")
    training, again, tell = Training(config, dataset, context), Again(), RunDisplay()
    tell(Started("trained again", record.run_id, config.epochs))
    try:
        for snapshot in training.epochs():
            tell(snapshot.records[-1])
            again.add(snapshot.records[-1].metrics, snapshot.epoch)
            if record.status != "FINISHED" and snapshot.epoch > record.last_epoch:
                break
    except RunFailed as error:
        again.failure = str(error)
        tell(Ended("FAILED", again.failure))
        return again
    tell(Ended("FINISHED"))
    if record.status == "FINISHED":
        again.add(training.conclude(), training.chosen.epoch)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "net.params"
            training.net.save_parameters(str(file))
            again.parameters = file.read_bytes()
    return again


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.reproduce", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("run_id", metavar="RUN_ID", help="as the leaderboard shows it")
    parser.add_argument("--dataset-root", metavar="FOLDER", help="where the image files are now")
    parser.add_argument(
        "--tracking-uri", help="default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db"
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, and return the exit code.

    Returns:
        0 if all is identical, 1 if not, 2 for wrong input, 130 after an interrupt.
    """
    given = _arguments(argv)
    interrupts.let_none_be_lost()
    try:
        record = read_record(given.tracking_uri, given.run_id)
        config = from_yaml(record.config)
        if given.dataset_root:
            root = replace(config.dataset, root=given.dataset_root)
            config = replace(config, dataset=root)
        again = train_again(record, config)
    except UserError as error:
        print(error, file=sys.stderr)
        return UserError.exit_code
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return interrupts.EXIT_CODE
    comparisons = compare(record.curves, again.curves)
    if comparisons:
        show_comparisons(comparisons)
    same = [each.first is None for each in comparisons]
    if again.parameters and record.parameters:
        same.append(again.parameters == record.parameters)
        show_lines(f"Parameters: {'identical' if same[-1] else 'not identical'}")
    if again.failure:
        then = record.tags.get(FAILURE, "it did not fail")
        same.append(again.failure == then)
        show_lines(f"Failure: {again.failure}; recorded: {then}")
    if all(same):
        return 0
    show_environment(differences(record.environment, record.commit))
    return 1


if __name__ == "__main__":
    sys.exit(main())
