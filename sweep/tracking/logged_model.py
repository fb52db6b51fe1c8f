"""A run's network as an MLflow model: what MLflow wants to know of it, and where it is kept."""

import sweep.tracking.mlflow_loaded  # noqa: F401 - before MLflow

# isort: split
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus, Run
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, Schema
from numpy.typing import NDArray

MODEL = "model"  # its name, as in runs:/RUN_ID/model
DATA, CODE = "data", "code"  # folders in it
PYTHON_ENV = "python_env.yaml"
EXAMPLE, SERVING_EXAMPLE = "input_example.json", "serving_input_example.json"


@dataclass(frozen=True)
class Pyfunc:
    """A model that MLflow can load.

    Attributes:
        folder: has what the loader needs in ``data``, and itself in ``code``.
        loader: the module in ``code`` that loads it.
        columns: of its answers, each with MLflow's name for its type.
        example: a few images that it can be given.
        requirements: what must be installed, as pip has it.
        python: the version of Python.
        about: whatever else is worth knowing.
    """

    folder: Path
    loader: str
    columns: Mapping[str, str]
    example: NDArray[Any]
    requirements: Sequence[str]
    python: str
    about: Mapping[str, str]


def log_model_again(client: MlflowClient, run_id: str, pyfunc: Pyfunc, epoch: int) -> None:
    """Keep a model as :func:`log_model`, whatever became of that before: there is only one."""
    run = client.get_run(run_id)
    if (model := begun(client, run, MODEL)) is None:
        log_model(client, run, run.data.params, pyfunc, epoch)
        return
    _keep(client, model, run_id, pyfunc)
    if model.model_id not in outputs(run):
        client.log_outputs(run_id, [LoggedModelOutput(model.model_id, epoch)])


def log_model(
    client: MlflowClient, run: Run, params: Mapping[str, str], pyfunc: Pyfunc, epoch: int
) -> None:
    """Keep a model as an output of a run that has none, after this epoch.

    Args:
        client: MLflow's.
        run: MLflow's.
        params: of the run.
        pyfunc: the model.
        epoch: which it is the network after.
    """
    run_id, experiment = run.info.run_id, run.info.experiment_id
    model = client.create_logged_model(experiment, MODEL, run_id, params=dict(params))
    _keep(client, model, run_id, pyfunc)
    client.log_outputs(run_id, [LoggedModelOutput(model.model_id, epoch)])


def _keep(client: MlflowClient, model: LoggedModel, run_id: str, pyfunc: Pyfunc) -> None:
    _describe(pyfunc, model, run_id)
    client.log_model_artifacts(model.model_id, str(pyfunc.folder))
    client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)


def outputs(run: Run) -> list[str]:
    """Return the ids of the models that belong to a run."""
    return [each.model_id for each in run.outputs.model_outputs] if run.outputs else []


def find_model(client: MlflowClient, run: Run) -> LoggedModel | None:
    """Return the model of its network that a run has logged; None if it has none.

    Raises:
        MlflowException: it was deleted.
    """
    deleted = None
    for each in outputs(run):
        try:
            known = client.get_logged_model(each)
        except MlflowException as error:  # another of the run's may be there
            deleted = error
        else:
            if known.name == MODEL:
                return known
    if deleted:
        raise deleted
    return None


def begun(client: MlflowClient, run: Run, name: str) -> LoggedModel | None:
    """Return the model of this name that a run has logged already, whole or not."""
    condition = f"source_run_id = '{run.info.run_id}' AND name = '{name}'"
    found = client.search_logged_models([run.info.experiment_id], condition, max_results=1)
    return next(iter(found), None)


def _describe(pyfunc: Pyfunc, model: LoggedModel, run_id: str) -> None:
    """Write what MLflow wants beside ``data`` and ``code``.

    As ``mlflow.pyfunc.save_model`` does, without its search through all installed packages, and
    without what only conda reads: https://mlflow.org/docs/latest/ml/model/#mlflow-model-storage-format
    The signature has no inputs: MLflow's would allow one shape and one type of images, and refuse
    the others before the model, which checks them itself, can take them.
    """
    folder = pyfunc.folder
    example = pyfunc.example.tolist()
    (folder / EXAMPLE).write_text(json.dumps(example))
    (folder / SERVING_EXAMPLE).write_text(json.dumps({"inputs": example}))
    (folder / "requirements.txt").write_text("\n".join(pyfunc.requirements) + "\n")
    python = {
        "python": pyfunc.python,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": ["-r requirements.txt"],
    }
    (folder / PYTHON_ENV).write_text(yaml.safe_dump(python, sort_keys=False))
    described = Model(
        artifact_path=model.artifact_location,
        run_id=run_id,
        model_id=model.model_id,
        model_uuid=model.model_id,
        signature=ModelSignature(
            outputs=Schema([ColSpec(kind, name) for name, kind in pyfunc.columns.items()])
        ),
        saved_input_example_info={
            "artifact_path": EXAMPLE,
            "serving_input_path": SERVING_EXAMPLE,
            "type": "ndarray",
        },
        metadata=dict(pyfunc.about),
        model_size_bytes=sum(each.stat().st_size for each in folder.rglob("*") if each.is_file()),
    )
    described.add_flavor(
        "python_function",
        loader_module=pyfunc.loader,
        python_version=pyfunc.python,
        data=DATA,
        code=CODE,
        env={"virtualenv": PYTHON_ENV},
    )
    described.save(str(folder / "MLmodel"))
