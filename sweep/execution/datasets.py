"""Datasets, read where a user's code may load what it likes: not in the process of a sweep."""

from functools import partial

from sweep.config.datasets import DatasetConfig
from sweep.config.schema import Config
from sweep.data.splits import Dataset, load_dataset
from sweep.errors import UserError
from sweep.execution import forks
from sweep.execution.local import fork_server


def read_apart(config: Config) -> Dataset:
    """Return what a run is trained on; read in a process with MXNet if a user's code makes it.

    Raises:
        UserError: it cannot be read, or ends its process.
    """
    dataset = config.dataset
    if not dataset.runs_code:
        return load_dataset(dataset)
    reads = partial(_read, dataset)
    try:
        return fork_server.call(reads, config.threads_per_run, seconds=None)
    except ChildProcessError as error:
        raise UserError(
            f"dataset={dataset.name}: cannot be read: {error}; allowed is a function that leaves "
            "its process alive"
        ) from error


def _read(dataset: DatasetConfig) -> Dataset:
    forks.begin()  # as in a run: the function may start processes
    return load_dataset(dataset)
