"""Several commands at once that are the first to use a record: whether all of their runs finish.

    nice python benchmarks/first_use.py --rounds 20

A round begins with nothing: an empty folder, with its own record, a fresh MLflow server on SQLite,
or a fresh one on PostgreSQL. It starts four single runs at once; and, with nothing again, three
sweeps and two searches. Prints how all runs and their sweeps ended, and the words of the commands
that failed. PostgreSQL must be installed for its rounds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "support"))  # servers, PostgreSQL

TINY = ("model=mlp", "model.hidden=[8]", "epochs=1", "figures=false", "context=cpu", "n_jobs=1")
SEARCH = ("hydra/sweeper=optuna", "search.n_trials=2", "--multirun")
AT_ONCE: dict[str, list[tuple[str, ...]]] = {
    "4 single runs": [(f"optim.lr=0.{each}",) for each in (1, 2, 3, 4)],
    "3 sweeps and 2 searches": [
        *((f"optim.lr=0.{each},0.{each + 1}", "--multirun") for each in (1, 2, 3)),
        *((f"seed={each}", "optim.lr=interval(0.01,0.5)", *SEARCH) for each in (1, 2)),
    ],
}


@contextmanager
def own_record(folder: Path) -> Iterator[str | None]:
    """Give no address: the commands make a record in their folder."""
    yield None


@contextmanager
def server(folder: Path, store: str | None = None) -> Iterator[str | None]:
    """Give the address of a fresh server, of two processes, on SQLite or on this database."""
    from workplace import Server

    class Fresh(Server):
        settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        command = (
            "server",
            "--workers=2",
            f"--backend-store-uri={store or f'sqlite:///{folder}/server.db'}",
            f"--artifacts-destination={folder / 'artifacts'}",
        )

    with Fresh(folder) as started:
        yield started.address


@contextmanager
def server_on_postgresql(folder: Path) -> Iterator[str | None]:
    """Give the address of a fresh server on PostgreSQL."""
    from postgres import PostgreSQL

    with PostgreSQL() as database, server(folder, database.url) as address:
        yield address


RECORDS: dict[str, Callable[[Path], AbstractContextManager[str | None]]] = {
    "folder": own_record,
    "server": server,
    "postgresql": server_on_postgresql,
}


def begin(overrides: tuple[str, ...], folder: Path, address: str | None) -> subprocess.Popen[str]:
    """Start one command."""
    where = [f"tracking.uri={address}"] if address else []
    return subprocess.Popen(
        [sys.executable, "-m", "sweep", *TINY, *where, *overrides],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def endings(
    commands: list[tuple[str, ...]], record: Callable[[Path], AbstractContextManager[str | None]]
) -> Counter[str]:
    """Do all of them at once, with nothing there before; count how runs and sweeps ended."""
    from mlflow import MlflowClient

    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="first-use-")))
        beside = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="first-use-server-")))
        address = held.enter_context(record(beside))
        for process in [begin(each, folder, address) for each in commands]:
            output, _ = process.communicate(timeout=600)
            if process.returncode:
                print(f"{' '.join(process.args)}: exit code {process.returncode}\n{output}")
        client = MlflowClient(address or f"sqlite:///{folder}/mlflow.db")
        experiment = client.get_experiment_by_name("sweep")
        runs = client.search_runs([experiment.experiment_id]) if experiment else []
        return Counter(each.info.status for each in runs)


def main() -> None:
    """Do all rounds, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--records", nargs="+", choices=RECORDS, default=list(RECORDS))
    parser.add_argument("--at-once", nargs="+", choices=AT_ONCE, default=list(AT_ONCE))
    given = parser.parse_args()
    found: dict[tuple[str, str], Counter[str]] = {}
    for number in range(1, given.rounds + 1):
        for name in given.records:
            for what in given.at_once:
                ended = endings(AT_ONCE[what], RECORDS[name])
                total = found.setdefault((name, what), Counter())
                total.update(ended)
                words = f"round {number}, {name}, {what}: {dict(ended)}"
                print(f"{time.strftime('%H:%M:%S')} {words}; in all {dict(total)}", flush=True)


if __name__ == "__main__":
    main()
