"""Recorded models written in other formats, and sweeps as plain files."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import click

from sweep.commands.cli import tracking_option
from sweep.config.metrics import DIRECTIONS, Direction
from sweep.display.console import show_lines
from sweep.display.exported import show_exported
from sweep.environment import pinned
from sweep.errors import UserError
from sweep.exporting.export import export as export_as
from sweep.exporting.export import tags_begin
from sweep.exporting.format import EXPORTS, check_file
from sweep.exporting.recorded import drawn_images, read_model, tested_images
from sweep.exporting.reference import reference_of
from sweep.results.folder import export_to_folder
from sweep.tracking import log_onnx, prepare_mlflow, record_export, run_of_model

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
REQUIRED = ("mlflow", "numpy", "onnx", "onnxruntime")  # by a model that MLflow serves


def format_options(command: Decorated) -> Decorated:
    """Add an option for each format, with the file to write."""
    for name in reversed(EXPORTS.names()):
        chosen = EXPORTS[name]
        command = click.option(
            f"--{name}",
            metavar=f"FILE{chosen.suffix}",
            type=Path,
            help=chosen.summary,
        )(command)
    return command


@click.command()
@click.argument("what")
@format_options
@click.option("--to", metavar="FOLDER", type=Path, help="A sweep or a run as CSV and JSON.")
@click.option("--with-scaling", is_flag=True, help="Let the network take bytes, 0 to 255.")
@click.option("--with-softmax", is_flag=True, help="Let the network answer probabilities.")
@click.option("--mlflow", "in_mlflow", is_flag=True, help="Record the ONNX file as a model, too.")
@click.option("--dataset-root", metavar="FOLDER", help="Where the image files are now.")
@click.option("--random-images", is_flag=True, help="Try it with drawn images, not the test set.")
@click.option("--metric", help="Of the leaderboard in FOLDER. Default: as leaderboard ranks.")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="Which end of it is better.")
@tracking_option
def export(
    what: str,
    to: Path | None,
    with_scaling: bool,
    with_softmax: bool,
    in_mlflow: bool,
    dataset_root: str | None,
    random_images: bool,
    metric: str | None,
    direction: Direction | None,
    tracking_uri: str | None,
    **files: Path | None,
) -> None:
    """Write a trained network in another format, or a sweep as plain files.

    WHAT is a run, or an address of MLflow's, as models:/NAME@champion; with --to, a run or a sweep.
    Runs and sweeps have ids, of which the beginning is enough, and names. A network is tried on the
    test set before its file gets its name.

    \b
    sweep export RUN_ID --onnx net.onnx --with-scaling --with-softmax
    sweep export RUN_ID --numpy net.npz
    sweep export SWEEP_ID --to results
    """
    names = {name.replace("-", "_").lower(): name for name in EXPORTS.names()}  # as click does
    asked = {names[key]: file for key, file in files.items() if file}  # in the order given
    if not asked and not to:
        options = ", ".join(f"--{name}" for name in EXPORTS.names())
        raise UserError(f"nothing to write: allowed are {options} and --to, one or several")
    if in_mlflow and "onnx" not in asked:
        raise UserError("--mlflow: records what --onnx FILE.onnx writes; name that, too")
    if random_images and dataset_root:
        raise UserError("--random-images needs no --dataset-root; allowed is one of them")
    of_files = {
        "--with-scaling": with_scaling,
        "--with-softmax": with_softmax,
        "--dataset-root": dataset_root,
        "--random-images": random_images,
    }
    of_folder = {"--metric": metric, "--direction": direction}
    _refuse_useless(of_files, asked, " or ".join(f"--{name}" for name in EXPORTS.names()))
    _refuse_useless(of_folder, to, "--to")
    for name, file in asked.items():
        check_file(name, file)
        EXPORTS[name].check()
    prepare_mlflow()
    if to:
        written = export_to_folder(what, to, metric, direction, tracking_uri)
        show_lines(*(f"Written: {each}" for each in written))
    if asked:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            model = read_model(tracking_uri, what, folder)
            graph = model.wrapped(with_scaling, with_softmax)
            for name in asked:
                EXPORTS[name].covers(graph)
            run_id = run_of_model(tracking_uri, what)
            images = (
                drawn_images(model)
                if random_images
                else tested_images(tracking_uri, run_id, dataset_root, stack)
            )
            reference = reference_of(model)
            show_lines(f"Trying it with {images.told}")
            tags = {}
            for name, file in asked.items():
                exported = export_as(name, graph, file, images, reference)
                show_exported(exported)
                tags[name] = exported.tags(name)
            _record(tracking_uri, run_id, tags)
            if in_mlflow:
                takes = (graph.takes, graph.shape)
                address = log_onnx(
                    tracking_uri, run_id, asked["onnx"], pinned(REQUIRED), takes, graph.answers
                )
                show_lines(f"Recorded: {address}")


def _refuse_useless(options: Mapping[str, object], served: object, by: str) -> None:
    """Refuse options that change nothing, because what they are about is not asked for."""
    if useless := [] if served else [name for name, value in options.items() if value]:
        raise UserError(f"{', '.join(useless)}: does nothing without {by}; name that, too")


def _record(uri: str | None, run_id: str, tags: Mapping[str, Mapping[str, str]]) -> None:
    """Tag a run with what was exported; who can only read a record has the files all the same."""
    try:
        for name, those in tags.items():
            record_export(uri, run_id, tags_begin(name), those)
    except UserError as error:
        click.echo(f"Written, but not recorded: {error}", err=True)
