"""A model's answers to pictures, with what they are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sweep.data.photographs.judgement import Judgement
from sweep.data.photographs.pictures import Picture


@dataclass(frozen=True)
class Answer:
    """What a model takes a picture for.

    Attributes:
        picture: as the network was given it.
        name: of the class: its number, and its name if it has one.
        probability: that this is right, calibrated.
        doubts: why it may well be wrong; empty if nothing speaks for that.
    """

    picture: Picture
    name: str
    probability: float
    doubts: tuple[str, ...]


def answers(pictures: Sequence[Picture], table: pd.DataFrame, judgement: Judgement) -> list[Answer]:
    """Return the answer to each picture.

    Args:
        pictures: as the network was given them.
        table: as :meth:`sweep.carried.serving.Classifier.predict` returns it for them.
        judgement: of the model.
    """
    columns = [each for each in table.columns if str(each).startswith("probability_")]
    probabilities = judgement.calibrated(table[columns].to_numpy(np.float64))
    found = []
    rows = zip(pictures, table.to_dict("records"), probabilities, strict=True)
    for picture, row, of_classes in rows:
        probability = float(of_classes[int(row["class"])])
        name = f"{row['class']} {row.get('name', '')}".strip()
        doubts = judgement.doubts(picture.pixels, probability)
        found.append(Answer(picture, name, probability, doubts))
    return found
