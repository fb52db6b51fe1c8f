"""A network that was taken over from files, on the terminal."""

from collections.abc import Mapping, Sequence

from sweep.display.console import show_lines
from sweep.display.tables import show_table

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
    images: str,
    answers: str,
    digests: Mapping[str, str],
    metrics: Mapping[str, float],
) -> None:
    """Print what is known of the network.

    Args:
        images: the shape of one.
        answers: what it answers.
        digests: the SHA-256 of each file, by its name.
        metrics: measured on test images; none if nothing was.
    """
    show_lines(f"Takes:    images of {images}", f"Answers:  {answers}")
    for name, digest in digests.items():
        show_lines(f"SHA-256:  {digest}  {name}")
    if metrics:
        told = ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())
        show_lines(f"Measured: {told}")
