"""How many runs a record takes, and what one costs it: SQLite, a server, PostgreSQL, passwords.

    python benchmarks/record.py

One run is trained (the MLP, 20 epochs). Then writers, a process each, record it again and again
without training: whatever a run asks and sends, through the same code, its metrics in one call an
epoch. They do it for some seconds against

- an SQLite file,
- a server on an SQLite file,
- a server on PostgreSQL,
- the same with passwords, and with passwords but without the cache for them,
- a server of two processes with passwords.

Runs a minute are what this machine managed with writers, server and database all on it. The
processor's seconds of server and database for each run say more about another one: a core that is
theirs alone takes 60 / seconds runs a minute. PostgreSQL must be installed; here it does not wait
for its disk, as a real one does. Writes record.md.
"""

import argparse
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

from measuring import CORES, HERE, run
from overheads import family

sys.path.insert(0, str(HERE.parent / "tests" / "support"))  # servers, PostgreSQL

EPOCHS, EXPERIMENT = 20, "record"
TICKS = os.sysconf("SC_CLK_TCK")
FORKS = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Trained:
    """What one run left behind.

    Attributes:
        params: as recorded.
        tags: as recorded, but those that belong to the run alone.
        epochs: the metrics of each epoch.
        folder: has ``files/`` (artifacts) and ``model/``.
    """

    params: dict[str, str]
    tags: dict[str, str]
    epochs: list[dict[str, float]]
    folder: str


def train() -> Trained:
    """Train a run in this folder, and read what it left."""
    from mlflow import MlflowClient, artifacts

    run([sys.executable, "-m", "sweep", f"epochs={EPOCHS}", "figures=false", "context=cpu"])
    client = MlflowClient("sqlite:///mlflow.db")
    number = client.get_experiment_by_name("sweep").experiment_id
    (found,) = client.search_runs([number])
    epochs: list[dict[str, float]] = [{} for _ in range(EPOCHS)]
    for key in found.data.metrics:
        for point in client.get_metric_history(found.info.run_id, key):
            epochs[point.step - 1][key] = point.value
    files, uri = os.path.abspath("files"), client.tracking_uri
    client.download_artifacts(found.info.run_id, "", files)
    model = f"models:/{found.outputs.model_outputs[0].model_id}"
    artifacts.download_artifacts(model, dst_path=os.path.abspath("model"), tracking_uri=uri)
    tags = {k: v for k, v in found.data.tags.items() if not k.startswith("mlflow.")}
    return Trained(found.data.params, tags, epochs, os.getcwd())


class Seconds:
    """How long steps take, by their names."""

    def __init__(self) -> None:
        """Start with none."""
        self.found: dict[str, list[float]] = {}

    @contextmanager
    def of(self, step: str) -> Iterator[None]:
        """Measure a step."""
        begin = time.perf_counter()
        yield
        self.found.setdefault(step, []).append(time.perf_counter() - begin)


def record(uri: str, trained: Trained, seconds: Seconds) -> None:
    """Record the run once more, as ``sweep/runs/execute.py`` does."""
    from sweep.config.compose import load
    from sweep.data.splits import load_dataset
    from sweep.tracking import Pyfunc, Tracker

    begin, folder = time.perf_counter(), Path(trained.folder)
    dataset = load_dataset(load().dataset)
    tracker = Tracker(uri, EXPERIMENT)
    tracker.find_runs(os.urandom(8).hex())
    opening = tracker.open_run("a run", trained.params, trained.tags, None)
    with opening as own, tempfile.TemporaryDirectory() as model:
        for name in ("config.yaml", "environment.yaml"):
            own.log_text((folder / "files" / name).read_text(), name)
        own.log_dataset(dataset)
        for epoch, metrics in enumerate(trained.epochs, 1):
            with seconds.of("epoch"):
                own.log_metrics(metrics, epoch)
                own.flush()
        for part in ("data", "code"):
            copytree(folder / "model" / part, Path(model) / part)
        example = dataset.test.images[:3]
        pyfunc = Pyfunc(
            Path(model), "gluon_sweep_model", {"a": "long"}, example, ["mlflow"], "3", {}
        )
        own.log_model(pyfunc, EPOCHS)
        own.log_files(folder / "files" / "parameters", "parameters")
    seconds.found.setdefault("run", []).append(time.perf_counter() - begin)


def write(
    uri: str,
    environment: dict[str, str],
    trained: Trained,
    limit: float,
    barrier: Any,
    results: Any,
) -> None:
    """Record runs for so many seconds, after a first one, and hand over what they took."""
    os.environ.update(environment)
    record(uri, trained, Seconds())
    barrier.wait()
    seconds, begin, cpu = Seconds(), time.monotonic(), time.process_time()
    while time.monotonic() < begin + limit:
        record(uri, trained, seconds)
    results.put((seconds.found, time.monotonic() - begin, time.process_time() - cpu))


@dataclass(frozen=True)
class Store:
    """A record that runs.

    Attributes:
        uri: MLflow's address.
        environment: what lets a writer in.
        servers: the processes that serve it, but those below them.
        size: returns the bytes of its database.
    """

    uri: str
    environment: dict[str, str]
    servers: list[int]
    size: Callable[[], int]


@dataclass
class Load:
    """What a number of writers got done.

    Attributes:
        runs_per_minute: of all of them.
        seconds: of each step, by its name.
        writers_cpu: the processor's seconds of the writers for each run.
        server_cpu: those of the server and its database; 0 if there is none.
        database_bytes: by which the database grew for each run.
    """

    runs_per_minute: float
    seconds: dict[str, list[float]]
    writers_cpu: float
    server_cpu: float
    database_bytes: float


def measure(store: Store, trained: Trained, writers: int, limit: float) -> Load:
    """Let writers record for so many seconds."""
    barrier, results = FORKS.Barrier(writers + 1), FORKS.Queue()
    arguments = (store.uri, store.environment, trained, limit, barrier, results)
    processes = [FORKS.Process(target=write, args=arguments) for _ in range(writers)]
    for each in processes:
        each.start()
    barrier.wait(300)
    served, size = cpu_seconds(store.servers), store.size()
    ended = [results.get(timeout=300 + limit) for _ in processes]
    served, size = cpu_seconds(store.servers) - served, store.size() - size
    for each in processes:
        each.join()
    seconds: dict[str, list[float]] = {}
    for own, _, _ in ended:
        for step, values in own.items():
            seconds.setdefault(step, []).extend(values)
    runs = len(seconds["run"])
    return Load(
        runs_per_minute=sum(60 * len(own["run"]) / took for own, took, _ in ended),
        seconds=seconds,
        writers_cpu=sum(cpu for _, _, cpu in ended) / runs,
        server_cpu=served / runs,
        database_bytes=size / runs,
    )


def cpu_seconds(roots: list[int]) -> float:
    """Return the processor's seconds of processes and of all below them, also those that ended."""
    total = 0.0
    for each in (process for root in roots for process in family(root)):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        total += sum(map(int, fields[11:15])) / TICKS
    return total


def sqlite(_: ExitStack) -> Store:
    """Give a file."""
    file = new_folder() / "mlflow.db"
    return Store(f"sqlite:///{file}", {}, [], lambda: file.stat().st_size)


def server_on_sqlite(held: ExitStack) -> Store:
    """Start a server on a file."""
    from workplace import Server

    server = Server(folder := new_folder())
    server.settings = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    held.enter_context(server)
    return Store(server.address, {}, [server.pid], lambda: (folder / "server.db").stat().st_size)


def server_on_postgresql(
    held: ExitStack, passwords: bool = True, cached: bool = True, workers: int = 1
) -> Store:
    """Start a server on PostgreSQL."""
    from postgres import AuthServer, PostgreSQL

    class Configured(AuthServer):  # type: ignore[misc]
        @property
        def command(self) -> list[str]:
            without = () if passwords else ("--app-name", "basic-auth")
            command = [part for part in super().command if part not in without]
            command[command.index("--workers") + 1] = str(workers)
            return command

    database = held.enter_context(PostgreSQL())
    server = Configured(new_folder(), database)
    if not cached:
        settings = Path(server.settings["MLFLOW_AUTH_CONFIG_PATH"])
        settings.write_text(settings.read_text().replace("auth_cache_ttl_seconds = 60", ""))
    held.enter_context(server)

    def size() -> int:
        return int(database.execute("SELECT pg_database_size('mlflow')")[0][0])

    return Store(server.address, server.environment, [server.pid, database.pid], size)


def new_folder() -> Path:
    """Return a new folder in this one."""
    return Path(tempfile.mkdtemp(dir=os.getcwd()))


UNCACHED = "the same, passwords not cached"
STORES: dict[str, Callable[[ExitStack], Store]] = {
    "SQLite file": sqlite,
    "server, SQLite": server_on_sqlite,
    "server, PostgreSQL": partial(server_on_postgresql, passwords=False),
    "the same with passwords": server_on_postgresql,
    UNCACHED: partial(server_on_postgresql, cached=False),
    "passwords, server of two processes": partial(server_on_postgresql, workers=2),
}


def report(found: list[tuple[str, int, Load]]) -> str:
    """Return a Markdown table of what was measured."""
    from sweep.environment import environment

    columns = (
        *(
            "record",
            "writers",
            "runs a minute",
            "metrics of an epoch, ms",
            "the slowest of 100, ms",
        ),
        *("a run, s", "processor of server and database, s a run", "of a writer, s a run"),
        "database, KiB a run",
    )
    lines = [f"| {' | '.join(columns)} |", f"| --- |{' ---: |' * (len(columns) - 1)}"]
    for name, writers, load in found:
        epochs = [1000 * each for each in sorted(load.seconds["epoch"])]
        slow, whole = epochs[int(0.99 * len(epochs))], statistics.median(load.seconds["run"])
        values = (
            *(f"{writers}", f"{load.runs_per_minute:.0f}", f"{statistics.median(epochs):.0f}"),
            *(f"{slow:.0f}", f"{whole:.1f}", f"{load.server_cpu:.2f}", f"{load.writers_cpu:.2f}"),
            f"{load.database_bytes / 1024:.0f}",
        )
        lines.append(f"| {name} | {' | '.join(values)} |")
    lines += [
        "",
        f"Of runs with {EPOCHS} epochs, without figures. Writers, server and database share "
        f"{environment()['processor']}, {CORES} cores, Python {platform.python_version()}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--output", type=os.path.abspath, default=str(HERE / "results"))
    given = parser.parse_args()
    FORKS.set_forkserver_preload(["sweep.tracking", "sweep.data.splits"])
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    found: list[tuple[str, int, Load]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        trained = train()
        from sweep.tracking import Tracker, probe

        for name, start in STORES.items():
            with ExitStack() as held:
                store = start(held)
                os.environ.update(store.environment)
                probe(store.uri)
                Tracker(store.uri, EXPERIMENT)
                # One writer has all of this one's server; sixteen would wait for minutes.
                for writers in given.writers[: 1 if name == UNCACHED else None]:
                    found.append((name, writers, measure(store, trained, writers, given.seconds)))
                    print(report(found[-1:]).splitlines()[2], flush=True)
    os.makedirs(given.output, exist_ok=True)
    (Path(given.output) / "record.md").write_text(text := report(found))
    print(text)


if __name__ == "__main__":
    main()
