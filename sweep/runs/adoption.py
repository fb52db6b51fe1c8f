"""A network that was trained elsewhere becomes a run: measured, kept as a model, recorded."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sweep import tracking
from sweep.backend.mxnet import mx
from sweep.carried import serving
from sweep.config.images import shape_text
from sweep.config.metrics import measured_metric
from sweep.config.params import params
from sweep.config.schema import Config
from sweep.data.photographs.judgement import Judgement
from sweep.data.scaling import scaling
from sweep.data.splits import Dataset, Split
from sweep.environment import version_tags
from sweep.networks.blocks.eager import as_it_runs
from sweep.networks.blocks.scaled import scaled
from sweep.own_modules import identity
from sweep.runs.adopted import SEED, Adopted
from sweep.runs.adopted_files import Files, digests
from sweep.runs.figure_files import draw_network
from sweep.runs.locks import RunLocks
from sweep.runs.models import Built, example_of, interface_of, log_network
from sweep.runs.resume import prior_runs
from sweep.tracking import Tracker
from sweep.tracking.run_info import as_name
from sweep.training.loop import Evaluation, probabilities

GRAPH = "adopted/net-symbol.json"  # up to the scores, in the form of MXNet 1.9.1
# Params that say where the files were; what is in them is in others.
PLACES = ("model.file", "adopted.json", "adopted.params")


@dataclass(frozen=True)
class Recorded:
    """An adopted network's run.

    Attributes:
        run_id: MLflow's.
        name: of the run.
        is_new: whether it was recorded now; the same was adopted before otherwise.
        metrics: on the test images of a dataset, if there was one.
        graph: the file with the network as it was understood; None if it is from no graph's file,
            or its record is not on this machine.
        without_model: why no model was kept now; empty if one was.
    """

    run_id: str
    name: str
    is_new: bool
    metrics: Mapping[str, float]
    graph: Path | None
    without_model: str = ""


def record_adopted(
    adopted: Adopted,
    files: Files,
    name: str,
    classes: tuple[str, ...],
    config: Config,
    dataset: Dataset | None,
) -> Recorded:
    """Measure a network, and record it as a FINISHED run with a model; once.

    Args:
        adopted: the network.
        files: that it is from.
        name: of the run.
        classes: their names; none where numbers are predicted.
        config: where it is recorded, and how the dataset is read; its network is not looked at.
        dataset: to measure on; None for none.

    Raises:
        UserError: the record cannot be written.
    """
    config, name = replace(config, model=adopted.network), as_name(name)
    described = _described(config, adopted, files, dataset)
    result = {key: value for key, value in described.items() if key not in PLACES}
    fingerprint = identity({"adopted": json.dumps([result, classes]).encode()})
    tracker = Tracker(config.tracking.uri, config.tracking.experiment)
    tracker.check_artifacts()
    locks = RunLocks(Path(config.checkpoint_dir))
    with locks.hold(fingerprint, waiting=lambda: None):
        found = prior_runs(tracker.find_runs(fingerprint), locks.folder_id)
        if past := found.trained:
            graph = tracker.artifact_file(past.run_id, GRAPH) if adopted.graph else None
            return Recorded(past.run_id, past.name, False, past.metrics, graph)
        tags = version_tags() | {
            tracking.KIND: tracking.ADOPTED,
            tracking.FINGERPRINT: fingerprint,
            tracking.FOLDER: locks.folder_id,
        }
        # One whose process was killed is RUNNING, and goes on; its name stays.
        name = found.begun.name if found.begun else name
        with tracker.open_run(name, described, tags, None, found.begun) as record:
            metrics, why = _keep(adopted, classes, config, dataset, record)
            record.log_metrics(metrics, 0)
        graph = record.artifact_file(GRAPH) if adopted.graph else None
    return Recorded(record.run_id, name, True, metrics, graph, why)


def _described(
    config: Config, adopted: Adopted, files: Files, dataset: Dataset | None
) -> dict[str, str]:
    """Return the params of the run."""
    groups = ("model.", "dataset.", "loss.", "metrics") if dataset else ("model.",)
    found = {key: value for key, value in params(config).items() if key.startswith(groups)}
    found["adopted.images"] = shape_text(adopted.shape)
    found["adopted.outputs"] = str(adopted.outputs)
    if adopted.output:
        found["adopted.output"] = adopted.output
    for file in (files.graph, files.parameters):
        if file:
            kind = file.suffix.removeprefix(".")
            found[f"adopted.{kind}"] = file.name
            found[f"adopted.{kind}.sha256"] = digests(files)[file.name]
    if dataset:
        found[tracking.DATASET_DIGEST] = dataset.digest
    return found


def _keep(
    adopted: Adopted,
    classes: tuple[str, ...],
    config: Config,
    dataset: Dataset | None,
    record: tracking.Record,
) -> tuple[dict[str, float], str]:
    """Keep the network in its run; return what was measured, and why there is no model, if so."""
    found = scaling(config.dataset.normalize, dataset.train) if dataset else None
    model = scaled(as_it_runs(adopted.net), found, mx.cpu())
    built = Built(adopted.network, adopted.net, found, model, SEED)
    interface, example = _plain_interface(adopted, classes), _blank(adopted)
    metrics = {}
    if dataset:
        measured = [measured_metric(each) for each in config.metrics]
        evaluation = Evaluation(model, dataset.test, measured, mx.cpu(), config.loss)
        metrics = {f"test/{key}": value for key, value in evaluation.measure().items()}
        record.log_dataset(dataset)

        def answer(split: Split) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
            return probabilities(model, split, mx.cpu())

        interface = interface_of(dataset, config.dataset, answer)
        example = example_of(dataset.test, interface)
        interface = replace(interface, class_names=classes)
    if adopted.graph:
        record.log_text(adopted.graph, GRAPH)
    if source := adopted.network.source:
        record.log_files(source, tracking.SOURCE_FOLDER)
    why = log_network(built, interface, example, record, 0)
    with tempfile.TemporaryDirectory() as place:
        draw_network(adopted.network, adopted.shape, adopted.outputs, Path(place))
        record.log_files(Path(place), tracking.FIGURES_FOLDER)
    return metrics, why


def _plain_interface(adopted: Adopted, classes: tuple[str, ...]) -> serving.Interface:
    """Return what the model takes and answers, where no dataset tells."""
    are_numbers = adopted.shape[:2] == (1, 1)
    return serving.Interface(
        dataset=tracking.ADOPTED,
        shape=adopted.shape,
        class_names=classes,
        values="numbers" if are_numbers else "pixels",
        predicted=0 if classes else adopted.outputs,
        judgement=Judgement().plain() if classes and not are_numbers else {},
    )


def _blank(adopted: Adopted) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return a black image as people have it, or a row of zeros."""
    shape = adopted.shape[1:] if adopted.shape[0] == 1 else adopted.shape
    return np.zeros((1, *shape), np.uint8)
