"""What is exported of a run, recorded with it."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import Schema, TensorSpec

from sweep.errors import UserError
from sweep.tracking.connection import explained_errors, words_of
from sweep.tracking.first_use import unless_others_were_faster
from sweep.tracking.logged_model import begun, outputs
from sweep.tracking.queries import existing, find_run
from sweep.tracking.registry import model_at
from sweep.uris import redacted

ONNX = "onnx"  # the name of the exported model, as in runs:/RUN_ID/onnx
ONE_THREAD = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}


def run_of_model(uri: str | None, model: str) -> str:
    """Return the id of the run that has logged a model.

    Args:
        uri: of the record.
        model: a run's id, or an address of MLflow's.

    Raises:
        UserError: there is no such model.
    """
    uri = existing(uri)
    try:
        return str(MlflowClient(uri).get_logged_model(model_at(uri, model)).source_run_id)
    except MlflowException as error:
        what = f"no such model in {redacted(uri)}: {words_of(error)}"
        raise UserError(f"{model}: {what}") from error


def record_export(uri: str | None, run_id: str, begin: str, tags: Mapping[str, str]) -> None:
    """Tag a run with what is known of an export, and with nothing that was true of an earlier one.

    Args:
        uri: of the record.
        run_id: of the run.
        begin: what all tags of such an export begin with.
        tags: what is known.

    Raises:
        UserError: the record cannot be written.
    """
    uri = existing(uri)
    client = MlflowClient(uri)
    with explained_errors(uri):
        for key in client.get_run(run_id).data.tags:
            if key.startswith(begin) and key not in tags:
                client.delete_tag(run_id, key)
        for key, value in tags.items():
            client.set_tag(run_id, key, value)


def log_onnx(
    uri: str | None,
    run_id: str,
    file: Path,
    requirements: Sequence[str],
    takes: tuple[str, Sequence[int]],
    answers: str,
) -> str:
    """Keep an ONNX file as a model of a run, which MLflow serves without MXNet; return its address.

    One that is whole stays as it is, since it may be registered: the next export is another model,
    and the address is that of the newest.

    Args:
        uri: of the record.
        run_id: of the run.
        file: the ONNX file.
        requirements: what must be installed, as pip has it.
        takes: the type of its images, and the shape of one.
        answers: the name of what it answers.

    Raises:
        UserError: the record cannot be written.
    """
    uri = existing(uri)
    client, run = MlflowClient(uri), find_run(uri, run_id)
    with explained_errors(uri):
        model = begun(client, run, ONNX)
        if model is None or model.status == LoggedModelStatus.READY:
            params = dict(run.data.params)
            model = client.create_logged_model(run.info.experiment_id, ONNX, run_id, params=params)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / ONNX
        described = Model(
            artifact_path=model.artifact_location,
            run_id=run_id,
            model_id=model.model_id,
            model_uuid=model.model_id,
            signature=_signature(takes, answers),
        )
        _save(file, folder, described, requirements)
        with explained_errors(uri):
            client.log_model_artifacts(model.model_id, str(folder))
            client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
            if model.model_id not in outputs(run):
                output = LoggedModelOutput(model.model_id, 0)
                unless_others_were_faster(lambda: client.log_outputs(run_id, [output]))
    return f"runs:/{run_id}/{ONNX}"


def _signature(takes: tuple[str, Sequence[int]], answers: str) -> ModelSignature:
    kind, shape = takes
    images = TensorSpec(np.dtype(kind), (-1, *shape))
    return ModelSignature(
        inputs=Schema([images]),
        outputs=Schema([TensorSpec(np.dtype(np.float32), (-1, -1), answers)]),
    )


def _save(file: Path, folder: Path, described: Model, requirements: Sequence[str]) -> None:
    # Extras, and slow to import.
    import mlflow.onnx
    import onnx

    save: Any = mlflow.onnx.save_model  # it has no types
    save(
        onnx.load(str(file)),
        str(folder),
        mlflow_model=described,
        pip_requirements=list(requirements),  # or it would load the model to find them
        onnx_execution_providers=["CPUExecutionProvider"],
        onnx_session_options=ONE_THREAD,
    )
