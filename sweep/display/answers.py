"""What a model answers to image files, printed."""

from collections.abc import Sequence

from rich import box
from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from sweep.data.photographs.answers import Answer
from sweep.display.console import console

BAR_WIDTH = 20
DOUBTFUL = "doubtful"


def show_answers(answers: Sequence[Answer]) -> None:
    """Print each picture with its class, how probable that is, and what was done to the image."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("file", overflow="fold")
    table.add_column("class")
    table.add_column("probability", justify="right")
    table.add_column("", width=BAR_WIDTH)
    table.add_column("the image was", overflow="fold")
    for each in answers:
        steps = ", ".join(each.picture.steps) or "taken as it is"
        table.add_row(
            Text(each.picture.name),
            Text(f"{DOUBTFUL}: {each.name}?" if each.doubts else each.name),
            f"{each.probability:.4f}",
            Bar(1, 0, each.probability, width=BAR_WIDTH),
            Text("; ".join([steps, *each.doubts])),
        )
    console().print(table)
