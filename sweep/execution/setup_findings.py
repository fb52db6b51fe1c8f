"""What else training needs: images, the record, and what extras bring."""

from collections.abc import Iterator
from importlib.util import find_spec

from sweep.data.published import cifar, download
from sweep.data.published.sets import PUBLISHED
from sweep.environment import environment
from sweep.errors import UserError
from sweep.execution.findings import Finding
from sweep.optional import installing
from sweep.tracking import database_file, existing, server_version
from sweep.uris import is_server, redacted, resolve_uri

EXTRAS = {  # what each is for, and a module that it brings
    "ray": ("hydra/launcher=ray", "ray"),
    "slurm": ("hydra/launcher=submitit_slurm or submitit_local", "submitit"),
    "optuna": ("hydra/sweeper=optuna", "optuna"),
    "gp": ("search.sampler=gp", "torch"),
    "server": ("MLflow's server with users", "psycopg2"),
    "onnx": ("sweep export --onnx", "onnx"),
    "jpeg": ("decoding JPEG files faster", "simplejpeg"),
}


def setup_findings(uri: str | None) -> Iterator[Finding]:
    """Yield what was found, one thing after another.

    Args:
        uri: of the record; None for the default one.
    """
    yield from _images()
    yield _record(resolve_uri(uri))
    for extra, (use, module) in EXTRAS.items():
        about = f"extra {extra}"
        if find_spec(module):
            yield Finding(about, "ok", f"installed, for {use}")
        else:
            advice = f'{installing()} "gluon-sweep[{extra}]"'
            yield Finding(about, "note", f"not installed; {use} needs it", advice)


def _images() -> Iterator[Finding]:
    places = {name: download.usual_place(each) for name, each in PUBLISHED.items()}
    places |= {name: cifar.usual_place(each) for name, each in cifar.CIFAR.items()}
    yield Finding("dataset=mnist_5k", "ok", "comes with this package")
    for name, place in places.items():
        if place:
            yield Finding(f"dataset={name}", "ok", f"in {place}")
        else:
            advice = f"it is downloaded when it is needed; or dataset={name} dataset.root=FOLDER"
            yield Finding(f"dataset={name}", "note", "not in a usual place", advice)


def _record(uri: str) -> Finding:
    file = database_file(uri)
    if file and not file.is_file():
        return Finding("record", "ok", f"{uri} is not there yet; the first sweep makes it")
    ours = environment()["packages"].get("mlflow", "not installed")
    try:
        if not is_server(uri):
            return Finding("record", "ok", f"{redacted(existing(uri))} answers; MLflow {ours}")
        theirs = server_version(uri)
    except UserError as error:
        return Finding("record", "wrong", str(error), "or set MLFLOW_TRACKING_URI to another one")
    found = f"{redacted(uri)} answers: MLflow {theirs}; here {ours}"
    if theirs.split(".")[:2] != ours.split(".")[:2]:
        advice = "another version may not understand all; the same on both sides is what is tested"
        return Finding("record", "note", found, advice)
    return Finding("record", "ok", found)
