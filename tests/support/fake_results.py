"""Results of runs that are written down in a test, without a record."""

import pandas as pd

from sweep.results.importance import NotComputed
from sweep.results.results import Results

START = pd.Timestamp("2024-01-01", tz="UTC")


def results_of(runs, curves=(), metric="val/accuracy", direction="max", parameters=("lr",)):
    """Return results of runs in their ranks' order; ids are a, b, c, …; a rank of 0 is none."""
    table = pd.DataFrame(runs)
    table["rank"] = table["rank"].astype("Int64").replace(0, pd.NA)
    table["run_id"] = list("abcdefghijklmnopqrstuvwxyz"[: len(table)])
    defaults = {"status": "FINISHED", "run": table["run_id"], "start_time": START}
    for name, value in {**defaults, "duration_seconds": 1.0}.items():
        if name not in table:
            table[name] = value
    table.attrs["parameters"] = list(parameters)
    history = pd.DataFrame(curves) if len(curves) else pd.DataFrame(columns=["run_id", "epoch"])
    return Results(
        *("sweep", None, None, metric, direction, table, table),
        [name for name in table if "/" in name],
        history,
        parameters,
        dict.fromkeys(parameters, ()),
        NotComputed("these are few"),
        next(iter(parameters), None),
    )
