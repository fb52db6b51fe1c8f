"""What each run measured in each epoch, as a pandas table."""

import pandas as pd

from sweep.config.metrics import OF_A_RUN
from sweep.results.runs import recorded_runs, varying_columns
from sweep.tracking import read_histories


def load_curves(
    experiment: str | None = None,
    sweep: str | None = None,
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return one row a run and epoch: the newest run first, its epochs in order.

    Columns: ``run_id``, ``run``, ``dataset.name`` and the parameters in which runs differ (as
    numbers where all are numbers), ``epoch`` (int64, from 1), then the metrics (float64), which are
    NaN in an epoch in which they were not measured; ``attrs["parameters"]`` names the parameters'
    columns. One line plots them, with the ids since runs may share a name::

        load_curves().pivot_table("val/accuracy", "epoch", ["run", "run_id"]).plot()

    Args:
        experiment: MLflow's experiment; None for that of the sweep, or else ``sweep``.
        sweep: the run id of a sweep's parent; None for all runs of the experiment.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Raises:
        UserError: there is no such record, or no run in it.
    """
    runs = recorded_runs(tracking_uri, experiment, sweep)
    parameters = varying_columns(runs.params)
    about = pd.concat([runs.ends[["run_id", "run"]], runs.params[parameters]], axis=1)
    measured = [str(name) for name in runs.metrics if name not in OF_A_RUN]
    table = read_histories(tracking_uri, list(about["run_id"]), measured)
    metrics = table.columns.drop(["run_id", "epoch"])
    table = about.merge(table, on="run_id")[[*about, "epoch", *metrics]]
    table.attrs["parameters"] = parameters
    return table
