"""Recorded runs by the values of some fields: how many, how good, and the best of each."""

from collections.abc import Sequence

import pandas as pd

from sweep.config.metrics import Direction
from sweep.errors import UserError, nearest
from sweep.results.leaderboard import is_ascending
from sweep.results.runs import RecordedRuns


def grouped(
    runs: RecordedRuns, names: Sequence[str], metric: str, direction: Direction | None
) -> pd.DataFrame:
    """Return one row for each combination of values, the one with the best run first.

    Columns: the fields; ``runs``, how many are FINISHED; the best of the metric, under its name;
    ``mean`` and ``std`` (of a sample) of it over these runs; ``run`` and ``run_id`` of the best.

    Args:
        runs: all that are recorded.
        names: of fields, as ``model.name``; or ``tags.NAME``.
        metric: by which runs are ranked.
        direction: None to know it by the metric's name.

    Raises:
        UserError: there is no such field, or no finished run has that metric.
    """
    asked, names = names, list(dict.fromkeys(names))  # one that is given twice counts once
    fields = pd.concat([runs.params, runs.tags.add_prefix("tags.")], axis=1)
    for name in names:
        if name not in fields:
            raise UserError(
                f"--group-by {','.join(asked)}: {name} is no field of these runs"
                f"{nearest(name, map(str, fields))}"
            )
    score = runs.of_finished(metric)
    table = pd.concat([fields[names], runs.ends[["run", "run_id"]]], axis=1)
    table = table.assign(score=score)[score.notna()]
    ordered = table.sort_values(
        ["score", "run_id"], ascending=[is_ascending(runs, metric, direction), True]
    )
    groups = ordered.groupby(names, dropna=False, sort=False)
    found = groups["score"].agg(["size", "first", "mean", "std"])
    found = found.join(groups[["run", "run_id"]].first()).reset_index()
    result = found.rename(columns={"size": "runs", "first": metric})
    result.attrs["measured"] = [metric, "mean", "std"]
    return result
