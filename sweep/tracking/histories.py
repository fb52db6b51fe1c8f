"""What runs measured in each epoch, of many runs at once."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import select

from sweep.tracking.connection import explained_errors
from sweep.tracking.database import METRICS, connected
from sweep.tracking.mlflow_import import client_of
from sweep.tracking.parts import VALUES_AT_ONCE, in_parts
from sweep.tracking.run_info import as_measured
from sweep.uris import is_database, is_server, resolve_uri

BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"  # as MLflow's own pages ask for curves
MOST_VALUES = 25_000  # in one answer of a server
RUNS_A_REQUEST = 50  # more would not fit the 4,094 bytes that gunicorn allows a request's line


class Point(NamedTuple):
    """One value of a metric."""

    run_id: str
    metric: str
    epoch: int
    timestamp_ms: int
    value: float


def read_histories(uri: str | None, run_ids: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """Return one row a run and epoch: ``run_id``, ``epoch`` (int64), then the metrics (float64).

    Runs come in the given order, epochs from the first to the last. A metric without any value has
    no column; one that an epoch lacks is NaN there. Of values logged twice, the last counts.

    MLflow's client asks for one metric of one run at a time, which takes minutes for hundreds of
    runs; so databases are asked directly, and servers as MLflow's own pages ask them.

    Args:
        uri: of the store; None for the default one.
        run_ids: of the runs.
        metrics: their names.

    Raises:
        UserError: the store cannot be used.
    """
    points = _points(uri, run_ids, metrics)
    order = {run_id: place for place, run_id in enumerate(run_ids)}
    rows: dict[tuple[int, int], dict[str, str | int | float]] = {}
    for point in sorted(points, key=lambda point: point.timestamp_ms):
        epoch = (order[point.run_id], point.epoch)
        row = rows.setdefault(epoch, {"run_id": point.run_id, "epoch": point.epoch})
        row[point.metric] = as_measured(point.value)
    logged = {point.metric for point in points}
    kinds = {name: "float64" for name in metrics if name in logged}
    table = pd.DataFrame([rows[epoch] for epoch in sorted(rows)], None, ["run_id", "epoch", *kinds])
    return table.astype({"epoch": "int64", **kinds})


def read_points(
    uri: str | None, run_ids: Sequence[str], metrics: Sequence[str]
) -> list[tuple[str, int, str, float]]:
    """Return each value that was logged, with its run's id, its epoch and its metric.

    Order and arguments are those of :func:`read_histories`; of an epoch, metrics are in the given
    order. What was measured and is no number is there, what was not measured is not.

    Raises:
        UserError: the store cannot be used.
    """
    runs = {run_id: place for place, run_id in enumerate(run_ids)}
    last = {
        (runs[each.run_id], each.epoch, metrics.index(each.metric)): each.value
        for each in sorted(_points(uri, run_ids, metrics), key=lambda each: each.timestamp_ms)
    }
    return [
        (run_ids[run], epoch, metrics[metric], as_measured(last[run, epoch, metric]))
        for run, epoch, metric in sorted(last)
    ]


def _points(uri: str | None, run_ids: Sequence[str], metrics: Sequence[str]) -> list[Point]:
    uri = resolve_uri(uri)
    with explained_errors(uri):
        if is_database(uri):
            return list(_from_database(uri, run_ids, metrics))
        if is_server(uri):
            return list(_from_server(uri, run_ids, metrics))
        return list(_one_by_one(uri, run_ids, metrics))


def _from_database(uri: str, run_ids: Sequence[str], metrics: Sequence[str]) -> Iterator[Point]:
    own = METRICS.c
    columns = select(own.run_uuid, own.key, own.step, own.timestamp, own.value, own.is_nan)
    with connected(uri) as connection:
        for some in in_parts(run_ids, VALUES_AT_ONCE):
            # By run alone: SQLite would search by metric, through the runs of all experiments.
            asked = columns.where(own.run_uuid.in_(some))
            for run_id, metric, step, when, value, is_nan in connection.execute(asked).all():
                if metric in metrics:
                    yield Point(run_id, metric, step, when, float("nan") if is_nan else value)


def _from_server(uri: str, run_ids: Sequence[str], metrics: Sequence[str]) -> Iterator[Point]:
    client = client_of(uri)
    from mlflow.utils.rest_utils import http_request_safe

    request: Any = http_request_safe  # it has no types
    credentials = client._tracking_client.store.get_host_creds()
    for metric in metrics:
        for some in in_parts(run_ids, RUNS_A_REQUEST):
            asked = [("metric_key", metric), *(("run_id", each) for each in some)]
            found = request(credentials, BULK, "GET", params=asked).json()["metrics"]
            if len(found) == MOST_VALUES:  # there may be more
                yield from _one_by_one(uri, some, [metric])
                continue
            for each in found:
                yield Point(
                    each["run_id"], metric, each["step"], each["timestamp"], float(each["value"])
                )


def _one_by_one(uri: str, run_ids: Sequence[str], metrics: Sequence[str]) -> Iterator[Point]:
    client = client_of(uri)
    for run_id in run_ids:
        for metric in metrics:
            for each in client.get_metric_history(run_id, metric):
                yield Point(run_id, metric, each.step, each.timestamp, each.value)
