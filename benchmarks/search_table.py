"""Record the curves of 256 random configurations, once, to replay searches on: see replay.py.

    python benchmarks/search_table.py --root FOLDER      # with the files of Fashion-MNIST

The space, the network and the images are those of ``search.py lenet``. Each configuration is
trained for all epochs, one after the other, with one thread; after each, the table is written, so
that this may be stopped and started again at any time. About three core-hours in all. Rows can be
trained on several machines, with ``--first`` and ``--last`` and each into its own ``--table``;
``--fold OTHER.csv`` takes rows over from there. Writes
``results/search-table.csv``: see curve_table.py.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import optuna
from curve_table import DIVERGED, IMAGES, NAMES, TABLE, Row, folded, is_trained, read, write
from search import DATASET, NETWORKS, SPACE

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.ranges import parse_overrides
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.errors import Diverged
from sweep.search.space import space_of
from sweep.training.session import Training

CONFIGURATIONS, SEED = 256, 0


def drawn() -> list[Row]:
    """Return all rows, with nothing but their values."""
    space = space_of(parse_overrides(SPACE))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=SEED))
    trials = [study.ask(space.distributions) for _ in range(CONFIGURATIONS)]
    return [{name: str(trial.params[name]) for name in NAMES} for trial in trials]


def known(table: Path) -> list[Row]:
    """Return the rows of a table; those that are drawn, if there is none yet."""
    return read(table) if table.exists() else drawn()


def configuration(row: Row, root: str) -> Config:
    """Return the run of a row."""
    values = [f"{name}={row[name]}" for name in NAMES]
    return load(*NETWORKS["lenet"], *DATASET, f"dataset.root={root}", "context=cpu", *values)


def measured(config: Config, dataset: Dataset) -> Row:
    """Train, and return how many of the images that are held out were right after each epoch."""
    found: Row = {}
    try:
        for snapshot in Training(config, dataset, mx.cpu()).epochs():
            last = snapshot.records[-1]
            right = round(last.metrics["val/accuracy"] * len(dataset.val))
            found[f"right_{last.epoch}"] = str(right)
    except Diverged as diverged:
        found[DIVERGED] = str(diverged.epoch)
    return found


def record(table: Path, root: str, numbers: range) -> None:
    """Train the rows with these numbers that are missing, and write the table after each."""
    rows = known(table)
    dataset = load_dataset(configuration(rows[0], root).dataset)
    assert len(dataset.val) == IMAGES
    for number in numbers:
        if is_trained(rows[number]):
            continue
        rows[number] |= measured(configuration(rows[number], root), dataset)
        write(rows, table)
        trained = sum(map(is_trained, rows))
        print(f"{number}: {rows[number]}; {trained} of {len(rows)} are trained", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Record what is missing, or take it over from another table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--root", help="the folder with the files of Fashion-MNIST")
    what.add_argument("--fold", type=Path, metavar="OTHER.csv", help="a table to take rows from")
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--last", type=int, default=CONFIGURATIONS - 1)
    given = parser.parse_args(arguments)
    if given.fold:
        write(folded(known(given.table), read(given.fold)), given.table)
    else:
        record(given.table, os.path.abspath(given.root), range(given.first, given.last + 1))


if __name__ == "__main__":
    main()
