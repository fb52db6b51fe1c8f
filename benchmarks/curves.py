"""Curves of runs that were never trained, from the table of those that were: see search_table.py.

    python benchmarks/curves.py [--table FILE.csv]

prints how far each surrogate is from rows that it was not fitted to. It needs scikit-learn alone,
and nothing of this program, so that others can be measured with the same curves.
"""

import argparse
import warnings
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from curve_table import EPOCHS, TABLE, accuracies, is_trained, read
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.neighbors import KNeighborsRegressor, NearestNeighbors
from threadpoolctl import threadpool_limits  # scikit-learn brings it

FULL_RUNS = 32
LOGARITHMIC = {"optim.lr": (1e-3, 1.0), "optim.wd": (1e-6, 1e-2)}
LINEAR = {"optim.momentum": (0.0, 0.95)}
CHOICES = {"model.activation": ("tanh", "relu", "sigmoid"), "batch_size": (50, 100, 200, 400)}
LEAST_ROWS = 64
FOLDS, NEAREST = 10, 10
LEAST_ERROR = 0.01  # share of the images; less than any run's

Floats = NDArray[np.float64]
Values = Mapping[str, Any]  # of a run, by its names
Curve = Callable[[Values], Sequence[float]]  # what a run with these values reaches, by the epoch

SURROGATES: dict[str, BaseEstimator] = {
    "nearest neighbours": KNeighborsRegressor(5, weights="distance"),
    "extra trees": ExtraTreesRegressor(200, random_state=0),
    "Gaussian process": GaussianProcessRegressor(
        ConstantKernel() * Matern(np.ones(7), (0.01, 1e6), nu=1.5) + WhiteKernel(0.01, (1e-8, 1)),
        normalize_y=True,
        random_state=0,
    ),
}
CHOSEN = "Gaussian process"  # main() tells whose error is the smallest


def features(values: Values) -> list[float]:
    """Return where values are in the space, each from 0 to 1: (7,)."""
    found = []
    for name, (low, high) in LOGARITHMIC.items():
        found.append(np.log(float(values[name]) / low) / np.log(high / low))
    for name, (low, high) in LINEAR.items():
        found.append((float(values[name]) - low) / (high - low))
    found.append(np.log2(float(values["batch_size"]) / 50) / 3)
    found += [float(values["model.activation"] == each) for each in CHOICES["model.activation"]]
    return found


def random_values(random: np.random.Generator) -> dict[str, Any]:
    """Return values drawn as a random search draws them."""
    found: dict[str, Any] = {}
    for name, (low, high) in LOGARITHMIC.items():
        found[name] = float(np.exp(random.uniform(np.log(low), np.log(high))))
    for name, (low, high) in LINEAR.items():
        found[name] = float(random.uniform(low, high))
    for name, choices in CHOICES.items():
        found[name] = choices[int(random.integers(len(choices)))]
    return found


class Curves:
    """What runs reach after each epoch, whatever their values, by a surrogate.

    Attributes:
        rows: how many of the table it is made from.
        errors: how far it is from accuracies of rows that it was not fitted to, (rows, epochs).
        is_good: which rows are in the best third, among which searches end, (rows,).
    """

    @threadpool_limits.wrap(limits=1)  # matrices are small: threads only wait for each other
    def __init__(self, table: Path = TABLE, surrogate: str = CHOSEN) -> None:
        """Fit it to the rows that are trained.

        Raises:
            SystemExit: there are too few.
        """
        rows = [each for each in read(table) if is_trained(each)] if table.exists() else []
        if len(rows) < LEAST_ROWS:
            raise SystemExit(
                f"{table}: {len(rows)} rows are trained, and at least {LEAST_ROWS} are needed; "
                "python benchmarks/search_table.py trains more"
            )
        self.rows = len(rows)
        places, reached = np.array(list(map(features, rows))), np.array(list(map(accuracies, rows)))
        # The scale on which those that have learnt differ most, and those that have not hardly do:
        # the step between the two makes a surrogate go beyond what any run has reached.
        model = TransformedTargetRegressor(
            SURROGATES[surrogate], func=_per_error, inverse_func=_accuracy, check_inverse=False
        )
        folds = KFold(FOLDS, shuffle=True, random_state=0)
        with warnings.catch_warnings():  # length scales at their ends: as good as 0 or infinity
            warnings.simplefilter("ignore", ConvergenceWarning)
            predicted = cross_val_predict(model, places, reached, cv=folds)
            self._model = model.fit(places, reached)
        self.errors: Floats = np.abs(predicted - reached)
        best = reached.max(axis=1)
        self.is_good: NDArray[np.bool_] = best >= np.quantile(best, 2 / 3)
        self._residuals = _per_error(reached) - _per_error(predicted)
        self._alike = NearestNeighbors(n_neighbors=NEAREST).fit(_per_error(predicted))

    def smooth(self, seed: int) -> Curve:
        """Return what gives the accuracies of a run's epochs, as the surrogate has them.

        Args:
            seed: of the search; all have the same curves.
        """
        return self._predicted

    def rough(self, seed: int) -> Curve:
        """Return the same, with what the surrogate missed of one of the rows it takes for alike.

        Of which, follows from the values: the same have the same curve. Each search has its own,
        or else all would be lucky or not together who try the same values, as the space's middle.
        """
        return partial(self._roughened, seed=seed)

    def _predicted(self, values: Values) -> list[float]:
        return [float(each) for each in self._model.predict([features(values)])[0]]

    def _roughened(self, values: Values, seed: int) -> list[float]:
        place = np.array(features(values))
        curve = _per_error(self._model.predict([place]))
        alike = self._alike.kneighbors(curve, return_distance=False)[0]
        # Rounded, since another NumPy's logarithm has another last digit.
        known = zlib.crc32(place.round(6).tobytes())
        drawn = alike[np.random.default_rng([seed, known]).integers(NEAREST)]
        return [float(each) for each in _accuracy(curve[0] + self._residuals[drawn])]


def _per_error(accuracy: Floats) -> Floats:
    """Return among how many images one is wrong."""
    found: Floats = 1 / (1 - accuracy.clip(0, 1 - LEAST_ERROR))
    return found


def _accuracy(per_error: Floats) -> Floats:
    found: Floats = 1 - 1 / per_error.clip(1, 1 / LEAST_ERROR)
    return found


def target(curve: Curve, seed: int) -> float:
    """Return the best that a random search of full runs reaches, after any epoch."""
    random = np.random.default_rng([seed, 1])
    return max(max(curve(random_values(random))) for _ in range(FULL_RUNS))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each surrogate's error, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", type=Path, default=TABLE)
    given = parser.parse_args(arguments)
    fitted = {name: Curves(given.table, name) for name in SURROGATES}
    epochs = " | ".join(f"epoch {epoch}" for epoch in range(1, EPOCHS + 1))
    rows = fitted[CHOSEN].rows
    print(f"Median error in {FOLDS}-fold cross-validation: {rows} rows, and their best third\n")
    print(f"| surrogate | of | {epochs} |\n| --- | --- |{' ---: |' * EPOCHS}")
    for name, curves in fitted.items():
        for which, errors in (("all", curves.errors), ("best", curves.errors[curves.is_good])):
            middle = " | ".join(f"{each:.4f}" for each in np.median(errors, axis=0))
            print(f"| {name} | {which} | {middle} |")


if __name__ == "__main__":
    main()
