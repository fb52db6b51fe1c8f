"""How a model of MNIST's digits reads photographs and scans: pictures made of its test digits.

    python benchmarks/photos.py MODEL --root FOLDER_WITH_MNIST

MODEL is what ``sweep predict`` takes. Each kind of ``perturbed.py`` is drawn of so many digits, at
each of its levels, written to a file, and read as ``sweep predict`` reads it. Right is a picture of
which one digit is named, and that is it; confidently wrong is one that is answered otherwise with
more than 0.9, and not called doubtful.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from perturbed import KINDS, Kind

from sweep.backend import mxnet  # noqa: F401 - sees that it can be loaded
from sweep.carried import serving
from sweep.commands.predict import given_of, judgement_of
from sweep.config.compose import load
from sweep.data.photographs.answers import Answer, answers
from sweep.data.photographs.pictures import read
from sweep.data.scaling import as_bytes
from sweep.data.splits import Split, load_dataset
from sweep.errors import UserError
from sweep.tracking import fetch_model, prepare_mlflow

SURE = 0.9


@dataclass
class Counts:
    """How many pictures were answered, and how."""

    pictures: int = 0
    right: int = 0
    doubtful: int = 0
    surely_wrong: int = 0

    def add(self, found: Sequence[Answer], truth: str) -> None:
        """Count a picture; ``found`` is empty if it was refused."""
        self.pictures += 1
        self.right += [each.name for each in found] == [truth]
        self.doubtful += not found or any(each.doubts for each in found)
        sure = [each.name for each in found if each.probability > SURE and not each.doubts]
        self.surely_wrong += bool(sure) and sure != [truth]

    def row(self, *names: object) -> str:
        """Return it as a row of a Markdown table."""
        shares = (self.right, self.doubtful, self.surely_wrong)
        cells = [*map(str, names), *(f"{each / self.pictures:.3f}" for each in shares)]
        return f"| {' | '.join(cells)} |"


class Reader:
    """A model that answers image files, as ``sweep predict`` does."""

    def __init__(self, model: str, tracking_uri: str | None) -> None:
        """Fetch the model."""
        prepare_mlflow()
        with tempfile.TemporaryDirectory() as folder:
            loaders = {serving.LOADER: serving.load}
            self._classifier = fetch_model(tracking_uri, model, loaders, Path(folder))
        self.judgement = judgement_of(self._classifier.interface)

    def answers(self, file: Path) -> list[Answer]:
        """Return the answers to a picture; nothing if it is refused."""
        try:
            given = given_of(read(file), self._classifier.interface, self.judgement, one=False)
        except UserError:
            return []
        table = self._classifier.predict(np.stack([each.pixels for each in given]))
        return answers(given, table, self.judgement)


def measure(
    reader: Reader, kind: Kind, level: float, digits: Split, count: int, seed: int
) -> Counts:
    """Return how the first digits are read, drawn in this way."""
    counts, file = Counts(), Path("picture.png")
    for number in range(count):
        random = np.random.default_rng([seed, number, round(level * 1000)])
        kind.draw(as_bytes(digits.images[number, 0]), level, random).save(file)
        counts.add(reader.answers(file), str(digits.labels[number]))
    return counts


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--tracking-uri")
    parser.add_argument("--root", type=os.path.abspath, help="folder with the four files of MNIST")
    parser.add_argument("--digits", type=int, default=60, help="of each kind that was reported")
    parser.add_argument("--others", type=int, default=60, help="of each other kind")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    given = parser.parse_args()
    config = load("dataset=mnist", f"dataset.root={given.root or 'null'}")
    digits = load_dataset(config.dataset).test
    reader = Reader(given.model, given.tracking_uri)
    print(f"temperature {reader.judgement.temperature:.3f}, least {reader.judgement.least:.3f}")
    print("| pictures | level | right | doubtful | wrong with more than 0.9 |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in given.kinds:
            kind = KINDS[name]
            count = given.digits if kind.known else given.others
            for level in kind.levels:
                found = measure(reader, kind, level, digits, count, given.seed)
                print(found.row(f"**{name}**" if kind.known else name, f"{level:g}"))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
