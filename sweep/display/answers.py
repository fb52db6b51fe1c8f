"""What a model answers to image files, printed."""

from collections.abc import Sequence

import pandas as pd
from rich import box
from rich.bar import Bar
from rich.table import Table
from rich.text import Text

from sweep.data.pictures import Picture
from sweep.display.console import console

BAR_WIDTH = 20


def show_answers(pictures: Sequence[Picture], answers: pd.DataFrame) -> None:
    """Print each file with its class, how probable that is, and what was done to the image.

    Args:
        pictures: as the network was given them.
        answers: as :meth:`sweep.carried.serving.Classifier.predict` returns them.
    """
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("file", overflow="fold")
    table.add_column("class")
    table.add_column("probability", justify="right")
    table.add_column("", width=BAR_WIDTH)
    table.add_column("the image was", overflow="fold")
    for picture, answer in zip(pictures, answers.to_dict("records"), strict=True):
        probability = answer[f"probability_{answer['class']}"]
        name = f"{answer['class']} {answer.get('name', '')}".strip()
        table.add_row(
            Text(str(picture.file)),
            Text(name),
            f"{probability:.4f}",
            Bar(1, 0, probability, width=BAR_WIDTH),
            Text(", ".join(picture.steps) or "taken as it is"),
        )
    console().print(table)
