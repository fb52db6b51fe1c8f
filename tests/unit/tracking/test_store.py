"""Runs that tests write into MLflow's tables are as MLflow writes them."""

import math

import pytest
from mlflow.entities import Metric, Param
from store import Store

METRICS = {"val/loss": [1.5, math.nan, math.inf], "val/accuracy": 0.5, "seconds": [2, 1]}
TAGS = {"note": "it's", "mlflow.user": "somebody", "number": 3}


@pytest.mark.parametrize("status", ["FINISHED", "KILLED", "RUNNING"])
def test_a_run_is_as_mlflow_writes_it(tmp_path, status):
    store = Store(tmp_path)
    parent = store.run("some")
    found = store.client.get_run(store.run("some", status, {"lr": 0.1}, METRICS, parent, **TAGS))
    begin = found.info.start_time
    tags = {"sweep.kind": "run", "fingerprint": f"{1:016x}", "mlflow.parentRunId": parent, **TAGS}
    number = found.info.experiment_id
    run_id = store.client.create_run(number, begin, tags, "run 2").info.run_id
    lists = {key: each if isinstance(each, list) else [each] for key, each in METRICS.items()}
    points = [
        Metric(key, value, begin, step)
        for key, values in lists.items()
        for step, value in enumerate(values, 1)
    ]
    params = {"dataset.name": "mnist_5k", "model.name": "mlp", "lr": "0.1"}
    store.client.log_batch(run_id, points, [Param(*each) for each in params.items()])
    if status != "RUNNING":
        store.client.set_terminated(run_id, status, begin + 2500)
    assert rows_of(store, found.info.run_id) == rows_of(store, run_id)


def rows_of(store, run_id):
    """Return all that is in the database of a run, without its id."""
    with store.engine.connect() as connection:
        tables = ("runs", "tags", "params", "metrics", "latest_metrics")
        return {
            table: sorted(
                str([str(each).replace(run_id, "ID") for each in row])
                for row in connection.exec_driver_sql(
                    f"SELECT * FROM {table} WHERE run_uuid = ?", (run_id,)
                )
            )
            for table in tables
        }
