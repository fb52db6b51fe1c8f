"""Classify image files with a model that a run has logged.

python -m sweep.predict RUN_ID image.png ...
python -m sweep.predict models:/NAME@champion image.png ...
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sweep.data.pictures import prepare, read
from sweep.display.answers import show_answers
from sweep.errors import UserError


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweep.predict", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add = parser.add_argument
    add("model", metavar="MODEL", help="a run id, or an address of MLflow's: models:/NAME@champion")
    add("files", metavar="FILE", nargs="+", type=Path, help="images of any size and colour")
    add("--tracking-uri", help="default: MLFLOW_TRACKING_URI, or else sqlite:///mlflow.db")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the class of each image. Return the exit code: 2 for wrong input, or else 0."""
    given = _arguments(argv)
    try:
        pictures = [read(file) for file in given.files]
        # These import MLflow and MXNet, which takes seconds: not before the files are known.
        from sweep.backend import mxnet  # noqa: F401 - says what is missing if it cannot be loaded
        from sweep.carried import serving
        from sweep.tracking import fetch_model

        with tempfile.TemporaryDirectory() as folder:
            data = fetch_model(given.tracking_uri, given.model, serving.LOADER, Path(folder))
            classifier = serving.load(data)
        prepared = [prepare(picture, classifier.dataset) for picture in pictures]
        answers = classifier.predict(np.stack([picture.grey for picture in prepared]))
    except UserError as error:
        print(error, file=sys.stderr)
        return UserError.exit_code
    show_answers(prepared, answers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
