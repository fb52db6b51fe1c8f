"""A network that was trained elsewhere, taken into the record."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sweep.commands.cli import tracking_option
from sweep.config.compose import load
from sweep.config.metrics import metrics_for
from sweep.config.overrides import quoted, written
from sweep.config.own_metrics import own_metrics
from sweep.display.adopted import show_adopted, show_layers, show_next
from sweep.display.console import show_lines
from sweep.errors import UserError

if TYPE_CHECKING:
    from sweep.config.images import Shape
    from sweep.config.networks import Network
    from sweep.config.schema import Config
    from sweep.data.splits import Dataset
    from sweep.runs.adopted import Adopted, Understood
    from sweep.runs.adopted_files import Files
    from sweep.runs.adoption import Recorded

MOST_PIXELS = 4096  # of a side
FILES = (".json", ".params")
OF_SYMBOLS = ("output", "mean", "std", "white")
NO_NETWORK = "{}: has parameters, and no network; allowed is NET-symbol.json beside it, or --model"


@click.command()
@click.argument("words", metavar="FILE... [OVERRIDE]...", nargs=-1, required=True)
@click.option("--model", metavar="NAME", help="The network, where no symbol file has it.")
@click.option("--name", help="What to call the run. Default: as the files are called.")
@click.option("--classes", type=Path, metavar="FILE", help="The classes' names, a line each.")
@click.option(
    "--size", metavar="H,W", help="Height and width of images, where the network does not say."
)
@click.option("--mean", metavar="M,...", help="What was taken from the pixels of each channel.")
@click.option("--std", metavar="S,...", help="What they were divided by then.")
@click.option("--white", type=float, help="What white was in these numbers. Default: 1.")
@click.option("--output", metavar="NAME", help="Which output, if there are several.")
@click.option("--register", "registered", metavar="NAME", help="Also register the model.")
@tracking_option
def adopt(
    words: tuple[str, ...],
    model: str | None,
    name: str | None,
    classes: Path | None,
    size: str | None,
    mean: str | None,
    std: str | None,
    white: float | None,
    output: str | None,
    registered: str | None,
    tracking_uri: str | None,
) -> None:
    """Take a network over that was trained elsewhere: check it, measure it, record it.

    FILE is NET-symbol.json and NET-0010.params, of a Module or of HybridBlock.export; or .params
    alone, with the network as --model. With an override dataset=... it is measured.

    \b
    sweep adopt NET-symbol.json NET-0010.params --classes names.txt
    sweep adopt NET-symbol.json NET-0010.params dataset=mnist
    sweep adopt NET.params --model lenet dataset=mnist model.activation=relu
    """
    overrides = [each for each in words if not _is_file(each)]
    given = [Path(each) for each in words if _is_file(each)]
    numbers = {"mean": _numbers("mean", mean), "std": _numbers("std", std)}
    asked: dict[str, Any] = {"output": output, "white": white, **numbers}
    sides = _sides(size)
    if model:
        overrides.append(f"model={model}")
    if tracking_uri:
        overrides.append(f"tracking.uri={quoted(tracking_uri)}")
    is_measured = any(each.lstrip("+").startswith("dataset=") for each in overrides)
    _refuse_alone(overrides, is_measured)
    config = load(*overrides)
    if own := own_metrics(config.metrics, None, None):
        raise UserError(
            f"{own.field}: sweep adopt measures by none of your own; allowed is a list of "
            f"{', '.join(metrics_for(config.dataset.task))}"
        )
    os.environ["OMP_NUM_THREADS"] = str(config.threads_per_run)
    # They import MLflow and MXNet, which takes seconds, and reads its number of threads.
    from sweep.data.splits import load_dataset
    from sweep.runs.adopted import adopt_symbol, check_dataset, layer_rows
    from sweep.runs.adopted_files import digests, outputs_of, read_files
    from sweep.runs.adoption import record_adopted
    from sweep.runs.class_names import class_names
    from sweep.tracking import prepare_mlflow
    from sweep.tracking.run_info import as_name

    prepare_mlflow()
    files = read_files(given)
    # Files are read before a dataset, which may have to be fetched first.
    read = _understood(files, overrides, asked) if files.graph else None
    if read is None:
        _refuse_without_graph(files, asked)
        if not any(each.startswith("model=") for each in overrides):
            raise UserError(NO_NETWORK.format(files.parameters))
        outputs_of(files)
    dataset = load_dataset(config.dataset) if is_measured else None
    if sides is None and dataset:
        sides = dataset.shape[1:]
    if read:
        adopted = adopt_symbol(read, sides)
    else:
        adopted = _of_network(files, config, classes, sides, dataset)
    if dataset:
        check_dataset(adopted, dataset)
    names = class_names(classes, adopted, dataset)
    run = as_name(name or given[0].stem.removesuffix("-symbol"))
    recorded = record_adopted(adopted, files, run, names, config, dataset)
    if rows := layer_rows(adopted):
        show_layers(rows)
    show_adopted(adopted, names, digests(files), recorded.metrics)
    if registered:
        _register(registered, recorded, config)
    show_next(adopted, recorded, run, tracking_uri)


def _is_file(word: str) -> bool:
    """Return whether an argument is a file: its path may have ``=`` in it, as overrides do."""
    return "=" not in word or (word.endswith(FILES) and Path(word).is_file())


def _refuse_alone(overrides: list[str], is_measured: bool) -> None:
    for each in overrides:
        if each.lstrip("+~").startswith("dataset.") and not is_measured:
            raise UserError(
                f"{each}: is for a dataset, and none is given; allowed is dataset=NAME with it"
            )


def _understood(files: "Files", overrides: list[str], asked: dict[str, Any]) -> "Understood":
    """Return what is known of the network of a symbol file."""
    from sweep.networks.families.symbol import Symbol
    from sweep.runs.adopted import understood

    if wrong := [each for each in overrides if each.lstrip("+").startswith("model")]:
        raise UserError(f"{wrong[0]}: {files.graph} says what the network is; leave it out")
    chosen = {"file": str(files.graph), **asked}
    fields = [f"model.{key}={written(each)}" for key, each in chosen.items() if each is not None]
    network = load("model=symbol", *fields).model
    assert isinstance(network, Symbol)
    return understood(files, network)


def _refuse_without_graph(files: "Files", asked: dict[str, Any]) -> None:
    for option in OF_SYMBOLS:
        if asked[option] is not None:
            raise UserError(
                f"--{option}: is for networks in a symbol file, and {files.parameters} has none "
                "beside it; allowed is dataset=NAME with dataset.normalize, as the network was "
                "trained with"
            )


def _of_network(
    files: "Files",
    config: "Config",
    classes: Path | None,
    sides: tuple[int, int] | None,
    dataset: "Dataset | None",
) -> "Adopted":
    """Return a network of this program's, or of the user's."""
    from sweep.runs.adopted import adopt_parameters, possible_shapes
    from sweep.runs.adopted_files import outputs_of
    from sweep.runs.class_names import read_lines
    from sweep.runs.own_networks import folder_of_copies

    if sides is None:
        raise UserError(
            f"{files.parameters}: does not tell the size of images; allowed is --size H,W, or a "
            "dataset"
        )
    shapes = [dataset.shape] if dataset else possible_shapes(sides)
    outputs = outputs_of(files)
    if classes:
        outputs = len(read_lines(classes))
    if dataset:
        outputs = dataset.outputs
    network = config.model
    if network.is_unknown:
        network, shapes = _tried(network, shapes, outputs, folder_of_copies(config))
    task = dataset.task if dataset else config.loss.task
    return adopt_parameters(files, network, shapes, outputs, task)


def _tried(
    network: "Network", shapes: "list[Shape]", outputs: int, keep: Path
) -> "tuple[Network, list[Shape]]":
    """Return a user's network as it is tried, and the shapes from the first that it takes on."""
    from sweep.runs.own_networks import Request, tried

    reasons = list[UserError]()
    for place, shape in enumerate(shapes):
        try:
            return tried(Request(network, shape, outputs, keep)).network, shapes[place:]
        except UserError as error:
            reasons.append(error)
    raise reasons[0]


def _sides(size: str | None) -> tuple[int, int] | None:
    if size is None:
        return None
    words = size.replace("x", ",").replace("×", ",").split(",")
    numbers = [int(each) for each in words if each.isdecimal() and len(each) < 6]
    are_two = len(numbers) == len(words) and len(numbers) in (1, 2)
    if not are_two or not all(0 < each <= MOST_PIXELS for each in numbers):
        raise UserError(
            f"--size {size}: allowed is a height and a width in pixels, as in 28,28, up to "
            f"{MOST_PIXELS}"
        )
    return numbers[0], numbers[-1]


def _numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError as error:
        raise UserError(
            f"--{option} {text}: allowed is a number for each channel, as in 0.49,0.48,0.45"
        ) from error


def _register(name: str, recorded: "Recorded", config: "Config") -> None:
    from sweep.tracking import CHAMPION, register

    tags = {"run_id": recorded.run_id, "run": recorded.name}
    version = register(config.tracking.uri, recorded.run_id, name, tags)
    show_lines(f"Registered: version {version} of {name}: models:/{name}@{CHAMPION}")
