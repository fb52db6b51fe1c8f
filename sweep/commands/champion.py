"""The best run's model, put into MLflow's model registry."""

import pandas as pd

from sweep.display.console import show_lines
from sweep.errors import UserError
from sweep.uris import DEFAULT_URI, redacted, resolve_uri


def register_best(table: pd.DataFrame, metric: str, name: str, tracking_uri: str | None) -> None:
    """Make the model of the run of rank 1 the champion of this name, and say so.

    Args:
        table: as :func:`sweep.load_leaderboard` or ``load_leaderboard_by_seed`` returns it; of a
            row with several seeds it is the run of the best one.
        metric: by which it is ranked.
        name: in the registry; need not be there.
        tracking_uri: None for MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Raises:
        UserError: no run is ranked, the best has no model, or the name is none for a model.
    """
    from sweep.tracking import CHAMPION, register  # it imports MLflow, and few want it

    first = table[table["rank"] == 1]
    if first.empty:
        raise UserError(f"--register {name}: no run is ranked, so there is no best one")
    best = first.iloc[0]
    value, seeds = float(best[metric]), int(best.get("seeds", 1))
    tags = {"metric": metric, "value": repr(value), "run_id": best["run_id"], "run": best["run"]}
    tags["seeds"] = str(seeds)
    mean = f" (mean of {seeds} seeds)" if seeds > 1 else ""
    version = register(tracking_uri, best["run_id"], name, tags)
    address = f"models:/{name}@{CHAMPION}"
    show_lines(
        f"Registered: version {version} of {name}, alias {CHAMPION}: {best['run']} "
        f"(run {best['run_id']}), {metric} {value:.4f}{mean}",
        f'Load it:    mlflow.pyfunc.load_model("{address}")',
        f"Try it:     python -m sweep.predict {address} image.png",
    )
    if (uri := resolve_uri(tracking_uri)) != DEFAULT_URI:
        show_lines(f"with MLFLOW_TRACKING_URI={redacted(uri)}")
