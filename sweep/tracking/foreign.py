"""Sweeps that were recorded elsewhere, taken into a record here: all of one, or nothing.

Whoever is killed while taking one in leaves a half: its parent has a tag of its own, and gets the
one by which a whole sweep is found when all of it is there. The next who takes the same in removes
the half, unless it got a sign of life just now.
"""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import logging
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.validation import MAX_METRICS_PER_BATCH, MAX_PARAMS_TAGS_PER_BATCH

from sweep.errors import UserError
from sweep.tracking.connection import explained_errors
from sweep.tracking.mlflow_import import quiet_mlflow
from sweep.tracking.names import BUNDLE, FINGERPRINT, KIND, MLFLOW_PARENT_RUN_ID, SWEEP
from sweep.tracking.parts import in_parts
from sweep.tracking.run_info import Curves, as_name, search
from sweep.tracking.tracker import Tracker

ORIGINAL = "bundle.run_id"  # tag: the id that a run had where it was trained
HALF = "bundle.unfinished"  # tag of a parent: what is being taken in, until all of it is there
SIGN = "bundle.sign_of_life"  # tag of it: when whoever takes it in was last seen, in seconds
SIGN_SECONDS, LONGEST_SECONDS = 5.0, 60.0  # between two signs; without one, until nobody is there
LEFT = "runs that cannot be removed stay until the same is taken in again (%s): %s"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ForeignRun:
    """A run, or a sweep, that was recorded elsewhere, and is to be recorded here.

    Attributes:
        name: MLflow's.
        status: FINISHED, FAILED or KILLED.
        start_ms: since 1970.
        end_ms: since 1970.
        params: by name.
        tags: by name.
        curves: of each metric, the values by epoch.
        texts: artifacts, by their paths.
        folders: artifacts of a folder, by its path: the files by their places in it.
    """

    name: str
    status: str
    start_ms: int
    end_ms: int
    params: Mapping[str, str]
    tags: Mapping[str, str]
    curves: Curves = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


class ForeignSweeps:
    """Sweeps from elsewhere in an experiment of a record."""

    def __init__(self, uri: str | None, experiment: str) -> None:
        """Take the record, and the experiment, which is made if there is none of this name.

        Raises:
            UserError: nothing can be recorded there.
        """
        tracker = Tracker(uri, experiment)
        tracker.check_artifacts()
        self.uri = tracker.uri
        self._client, self._experiment_id = tracker._client, tracker._experiment_id
        self._signed = time.monotonic()

    def find(self, bundle: str) -> str | None:
        """Return the id of the sweep that was taken in from a bundle; None if it was not."""
        with explained_errors(self.uri):
            found = list(self._parents(BUNDLE, bundle))
        return found[0].info.run_id if found else None

    def add(self, bundle: str, sweep: ForeignRun, runs: Sequence[ForeignRun]) -> str:
        """Record a sweep with its runs, all of them or none; return its id.

        What is left of one who began with the same, and was killed, is removed first.

        Args:
            bundle: by which the sweep is found from then on.
            sweep: the parent.
            runs: of it.

        Raises:
            UserError: they cannot be recorded, or somebody else takes the same in.
        """
        created: list[str] = []
        try:
            with explained_errors(self.uri), quiet_mlflow():
                # Whoever looks for what was trained by its fingerprint leaves out bundles.
                late = {key: text for key, text in sweep.tags.items() if key == FINGERPRINT}
                half = {key: text for key, text in sweep.tags.items() if key not in late}
                half |= {KIND: SWEEP, HALF: bundle, SIGN: _now()}
                sweep_id = self._create(sweep, half, created)
                self._be_alone(bundle, sweep_id)
                for run in runs:
                    tags = {**run.tags, BUNDLE: bundle, MLFLOW_PARENT_RUN_ID: sweep_id}
                    run_id = self._create(run, tags, created)
                    self._give_sign(sweep_id)
                    self._fill(run, run_id)
                self._fill(sweep, sweep_id)
                late |= {BUNDLE: bundle}
                self._client.log_batch(sweep_id, tags=[RunTag(*each) for each in late.items()])
                for tag in (HALF, SIGN):
                    self._client.delete_tag(sweep_id, tag)
        except BaseException:  # an interrupt, too: nothing half is left
            self._remove(created)
            raise
        return sweep_id

    def _parents(self, tag: str, bundle: str) -> Iterator[Run]:
        return search(
            self._client,
            [self._experiment_id],
            f"tags.`{tag}` = '{bundle}' AND tags.`{KIND}` = '{SWEEP}'",
        )

    def _be_alone(self, bundle: str, sweep_id: str) -> None:
        """Remove what others have left of a bundle; refuse if one of them is still at it.

        Two who begin at once see each other, since each comes after its own parent is recorded.
        """
        others = [
            each
            for tag in (HALF, BUNDLE)
            for each in self._parents(tag, bundle)
            if each.info.run_id != sweep_id
        ]
        for each in others:
            seconds = time.time() - float(each.data.tags.get(SIGN, "0"))
            if BUNDLE in each.data.tags or seconds < LONGEST_SECONDS:
                raise UserError(
                    f"bundle {bundle[:16]}: somebody else takes it in, as sweep "
                    f"{each.info.run_id}; allowed is once: if nobody does any more, try again in "
                    f"{LONGEST_SECONDS:.0f} seconds"
                )
        for each in others:
            condition = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{each.info.run_id}'"
            runs = search(self._client, [self._experiment_id], condition)
            self._remove([each.info.run_id, *(run.info.run_id for run in runs)])

    def _remove(self, run_ids: Sequence[str]) -> None:
        """Remove a parent and its runs, the parent last, by which they are found."""
        left: list[str] = []
        why = ""
        for run_id in reversed(run_ids):
            try:
                # A record that was moved is not mended while anything in it is RUNNING.
                self._client.set_terminated(run_id, "KILLED")
                if left and run_id == run_ids[0]:
                    left.append(run_id)
                else:
                    self._client.delete_run(run_id)
            except Exception as error:  # whatever it is, what failed first counts
                left.append(run_id)
                why = " ".join(str(error).split())
        if left:
            log.warning(LEFT, why, ", ".join(left))

    def _give_sign(self, sweep_id: str) -> None:
        if time.monotonic() - self._signed > SIGN_SECONDS:
            self._client.set_tag(sweep_id, SIGN, _now())
            self._signed = time.monotonic()

    def _create(self, run: ForeignRun, tags: Mapping[str, str], created: list[str]) -> str:
        made = self._client.create_run(
            self._experiment_id,
            start_time=run.start_ms,
            tags=dict(tags),
            run_name=as_name(run.name),
        )
        created.append(made.info.run_id)
        return str(made.info.run_id)

    def _fill(self, run: ForeignRun, run_id: str) -> None:
        params = [Param(key, value) for key, value in run.params.items()]
        for some in in_parts(params, MAX_PARAMS_TAGS_PER_BATCH):
            self._client.log_batch(run_id, params=some)
        metrics = [
            Metric(key, value, run.end_ms, epoch)
            for key, points in run.curves.items()
            for epoch, value in points.items()
        ]
        for batch in in_parts(metrics, MAX_METRICS_PER_BATCH):
            self._client.log_batch(run_id, metrics=batch)
        for path, text in run.texts.items():
            self._client.log_text(run_id, text, path)
        for path, files in run.folders.items():
            with tempfile.TemporaryDirectory() as place:
                for name, content in files.items():
                    file = Path(place, name)
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                self._client.log_artifacts(run_id, place, path)
        self._client.set_terminated(run_id, run.status, run.end_ms)


def _now() -> str:
    return f"{time.time():.0f}"
