"""Records that several processes write at once, in a file and on a server."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from kept_parameters import kept
from mlflow import MlflowClient
from mlflow.entities import Metric
from record import new_record
from workplace import Server, Workplace

from sweep.tracking import histories, read_histories, read_runs

WRITERS = """
import multiprocessing, sys
from sweep.training.selection import EpochRecord
from sweep.tracking import Tracker, import_stores

def write(name, barrier):
    barrier.wait(60)
    with Tracker(sys.argv[1], "together").open_run(name, {}, {}, parent=None) as record:
        for epoch in range(1, 41):
            record.log_epoch(EpochRecord(epoch, {key: epoch * float(name) for key in "abc"}))

import_stores()
context = multiprocessing.get_context("fork")
barrier = context.Barrier(6)
writers = [context.Process(target=write, args=(name, barrier)) for name in "123456"]
for each in writers:
    each.start()
for each in writers:
    each.join()
sys.exit(sum(each.exitcode != 0 for each in writers))
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    uri = new_record(tmp_path)
    client = MlflowClient(uri)
    client.create_experiment("together")
    command = [sys.executable, "-c", WRITERS, uri]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    number = client.get_experiment_by_name("together").experiment_id
    runs = client.search_runs([number])
    assert sorted(run.info.run_name for run in runs) == list("123456")
    for run in runs:
        assert run.info.status == "FINISHED"
        expected = [(epoch, epoch * float(run.info.run_name)) for epoch in range(1, 41)]
        for key in "abc":
            points = client.get_metric_history(run.info.run_id, key)
            assert [(point.step, point.value) for point in points] == expected


def test_commands_that_use_a_record_for_the_first_time_at_once(tmp_path):
    """None is there: no record, no experiment, no images in it, no folder of checkpoints."""
    workplace = Workplace.without_record(tmp_path)
    common = ("model.hidden=[8]", "epochs=1", "figures=false", "context=cpu")
    commands = [workplace.start(*common, f"optim.lr=0.{number}") for number in range(1, 5)]
    for each in commands:
        _, errors = each.communicate(timeout=300)
        assert (each.returncode, errors) == (0, "")
    parents, runs = workplace.runs("sweep")
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    inputs = [{each.dataset.digest for each in run.inputs.dataset_inputs} for run in runs]
    assert inputs == inputs[:1] * 4
    assert len(inputs[0]) == 3
    assert parents == []


# --- a tracking server ---


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a real MLflow server with a store of its own."""
    with Server(tmp_path_factory.mktemp("server")) as server:
        yield server.address


@pytest.mark.parametrize(
    "by", ["config", pytest.param("environment", marks=pytest.mark.nightly)]
)  # make test has the environment in test_server.py
def test_a_server_takes_the_record(server, sweep_command, monkeypatch, tmp_path, by):
    overrides = ["model.hidden=[8]", "epochs=1", f"tracking.experiment={by}"]
    if by == "config":
        overrides.append(f"tracking.uri={server}")
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    done = sweep_command(*overrides)
    assert done.returncode == 0, done.stderr
    assert f"Browse: {server}" in done.stdout.splitlines()
    assert not (tmp_path / "mlflow.db").exists()
    assert not (tmp_path / "mlruns").exists()

    client = MlflowClient(server)
    (run,) = client.search_runs([client.get_experiment_by_name(by).experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["model.hidden"] == "[8]"
    assert run.data.tags["mlflow.source.name"].endswith("__main__.py")
    assert 0.2 < run.data.metrics["test/accuracy"] < 1
    assert len(run.inputs.dataset_inputs) == 3
    assert len(kept(client, run.info.run_id)) > 4 * (784 * 8 + 8 + 8 * 10 + 10)
    assert list(read_runs(server, by, None)["run_id"]) == [run.info.run_id]


def test_a_sweep_keeps_its_report_on_the_server(server, sweep_command, tmp_path):
    where = (f"tracking.uri={server}", "tracking.experiment=reported")
    done = sweep_command("model.hidden=[8]", "epochs=1", "seed=0,1", *where, "--multirun")
    assert (done.returncode, done.stderr) == (0, "")
    client = MlflowClient(server)
    number = client.get_experiment_by_name("reported").experiment_id
    (parent,) = client.search_runs([number], "tags.`sweep.kind` = 'sweep'")
    page = Path(client.download_artifacts(parent.info.run_id, "report.html", str(tmp_path)))
    assert "<h1>model.hidden=[8] epochs=1 seed=0,1</h1>" in page.read_text()
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("Report:")]
    options = f"--sweep {parent.info.run_id} --tracking-uri {server}"
    assert line.endswith(f"python -m sweep.report {options}")


def test_histories_of_a_server(server, monkeypatch):
    client = MlflowClient(server)
    number = client.create_experiment("histories")
    ids = [client.create_run(number).info.run_id for _ in range(3)]
    for place, run_id in enumerate(ids[:2]):
        points = [("val/loss", place / 3, 2), ("val/loss", 1e-30, 1), ("train/loss", 2.0**place, 1)]
        metrics = [Metric(key, value, 1000 + step, step) for key, value, step in points]
        client.log_batch(run_id, [*metrics, Metric("val/loss", float("nan"), 2000, 3)])
    asked = ids[::-1], ["train/loss", "val/loss", "nothing"]
    table = read_histories(server, *asked)
    nan = float("nan")
    expected = [(ids[1], 1, 2.0, 1e-30), (ids[1], 2, nan, 1 / 3), (ids[1], 3, nan, nan)]
    expected += [(ids[0], 1, 1.0, 1e-30), (ids[0], 2, nan, 0.0), (ids[0], 3, nan, nan)]
    columns = ["run_id", "epoch", "train/loss", "val/loss"]
    expected = pd.DataFrame(expected, columns=columns)
    pd.testing.assert_frame_equal(table, expected, check_exact=True)
    monkeypatch.setattr(histories, "RUNS_A_REQUEST", 2)
    pd.testing.assert_frame_equal(read_histories(server, *asked), expected, check_exact=True)
    monkeypatch.setattr(histories, "MOST_VALUES", 3)  # then answers may have been cut
    pd.testing.assert_frame_equal(read_histories(server, *asked), expected, check_exact=True)
