"""A network that was taken over from files, on the terminal."""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sweep.config.overrides import written
from sweep.display.console import show_lines
from sweep.display.tables import show_table

if TYPE_CHECKING:
    from sweep.runs.adopted import Adopted
    from sweep.runs.adoption import Recorded

Row = tuple[str, str, str, str]  # a layer's name, what it does, its shape, its parameters


def show_layers(rows: Sequence[Row]) -> None:
    """Print a network's layers.

    Args:
        rows: a layer each, the sum last.
    """
    heads = ("layer", "what", "returns", "parameters")
    columns = zip(*rows, strict=True)
    cells = {head: list(column) for head, column in zip(heads, columns, strict=True)}
    show_table("Layers", cells, right=("returns", "parameters"))


def show_adopted(
    adopted: "Adopted",
    classes: Sequence[str],
    digests: Mapping[str, str],
    metrics: Mapping[str, float],
) -> None:
    """Print what is known of the network.

    Args:
        adopted: the network.
        classes: their names; none where numbers are predicted.
        digests: the SHA-256 of each file, by its name.
        metrics: measured on test images; none if nothing was.
    """
    images = "×".join(map(str, adopted.shape))
    answers = f"{adopted.outputs} numbers"
    if classes:
        more = ", ..." * (len(classes) > 5)
        answers = f"{adopted.outputs} classes: {', '.join(classes[:5])}{more}"
    show_lines(f"Takes:    images of {images}", f"Answers:  {answers}")
    for name, digest in digests.items():
        show_lines(f"SHA-256:  {digest}  {name}")
    if metrics:
        told = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        show_lines(f"Measured: {told}")


def show_next(
    adopted: "Adopted", recorded: "Recorded", name: str, tracking_uri: str | None
) -> None:
    """Print where the network is, and what can be done with it.

    Args:
        adopted: the network.
        recorded: its run.
        name: that was asked for.
        tracking_uri: the record's, if it was given.
    """
    from sweep.runs.adoption import GRAPH  # it imports MXNet

    run_id = recorded.run_id
    what = "Recorded as run" if recorded.is_new else "Was adopted before, as run"
    show_lines(f"{what} {run_id}")
    if recorded.name != name:
        show_lines(f"It keeps the name that it has, {recorded.name}")
    if recorded.without_model:
        show_lines(recorded.without_model)
    if adopted.shape[:2] != (1, 1):
        show_lines(f"Try it:     sweep predict {run_id} image.png")
    if adopted.graph:
        fields = vars(adopted.network)
        file, output = fields["file"], fields["output"]
        if adopted.is_completed:  # the user's own file lacks shapes
            file, output = recorded.graph or GRAPH, None
            if recorded.graph is None:
                show_lines(f"First:      mlflow artifacts download -r {run_id} -a {GRAPH} -d .")
        own = [f"model.file={written(str(file))}"]
        own += [f"model.output={written(output)}"] if output else []
        own += [f"model.{key}={written(fields[key])}" for key in ("mean", "std") if fields[key]]
        own += [f"model.white={written(fields['white'])}"] if fields["white"] != 1 else []
        words = " ".join(shlex.quote(each) for each in own)
        show_lines(f"Fine-tune:  sweep model=symbol {words} init_from={run_id} dataset=...")
    if tracking_uri:
        show_lines("with the same tracking.uri, or MLFLOW_TRACKING_URI")
