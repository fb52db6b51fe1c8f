"""Of recorded runs those for which a condition holds, and further columns of a leaderboard."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from sweep.config.conditions import Condition
from sweep.errors import UserError, nearest
from sweep.results.aggregate import configurations, one_run_a_seed
from sweep.results.runs import RecordedRuns


def selected(runs: RecordedRuns, condition: Condition, by_seed: bool) -> RecordedRuns:
    """Return the runs for which a condition holds.

    Args:
        runs: all that are recorded.
        condition: on fields, metrics, ``run``, ``status`` and so on, and on ``tags.NAME``.
        by_seed: whether metrics are each run's own; or else the means of its configuration, so
            that no mean is of its better seeds alone.

    Raises:
        UserError: no name is there or one is not known, values cannot be compared, or no run is
            left.
    """
    if not condition.names:
        raise UserError(
            f"{condition.given}: names no column; allowed is a condition that does, as in "
            "optim.lr < 0.1, where the name is not in quotes"
        )
    columns = all_columns(runs)
    condition.check_names(list(map(str, columns)))
    if not by_seed:
        means = _means_of_rows(runs)
        columns = columns.assign(**{str(name): means[name] for name in means})
    asked = [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in columns[[*condition.names]].astype(object).to_dict("records")
    ]
    holds = np.array([condition(row) for row in asked], dtype=bool)
    if not holds.any():
        raise UserError(f"{condition.given}: holds for none of {len(holds):,} runs")
    return replace(
        runs,
        ends=runs.ends[holds],
        params=runs.params[holds],
        metrics=runs.metrics[holds],
        tags=runs.tags[holds],
        decided=_of_all_seeds(runs),
    )


def _means_of_rows(runs: RecordedRuns) -> pd.DataFrame:
    """Return for each run the metrics of its row in the leaderboard."""
    seeds = one_run_a_seed(runs)
    finished = seeds["configuration"][seeds["finished"]]
    means = runs.metrics.loc[finished.index].astype(float).groupby(finished).mean()
    rows = configurations(runs.params, runs.ends["run_id"])
    return means.reindex(rows).set_axis(rows.index)


def _of_all_seeds(runs: RecordedRuns) -> tuple[str, frozenset[str]] | None:
    """Return what was decided, by all runs of the rows that may be the best.

    The one that stands for its row may be left out, and the row is none the worse for that.
    """
    if runs.decided is None:
        return None
    by, keys = runs.decided
    fingerprints = runs.ends["fingerprint"]
    rows = configurations(runs.params, runs.ends["run_id"])
    tied = fingerprints.isin(keys).groupby(rows).transform("any")
    return by, frozenset(fingerprints[tied].dropna())


def all_columns(runs: RecordedRuns) -> pd.DataFrame:
    """Return all that is known of each run, of one name the first."""
    tables = [runs.ends, runs.params, runs.metrics, runs.tags.add_prefix("tags.")]
    together = pd.concat(tables, axis=1)
    return together.loc[:, ~together.columns.duplicated()]


def with_columns(table: pd.DataFrame, runs: RecordedRuns, names: Sequence[str]) -> pd.DataFrame:
    """Return a leaderboard with its rank and these columns alone.

    Args:
        table: as :func:`sweep.load_leaderboard` returns it.
        runs: that it is of; columns that it lacks are those of the run of each row.
        names: of the columns, in this order.

    Raises:
        UserError: there is no such column.
    """
    others = all_columns(runs)
    known = [*map(str, table), *(str(name) for name in others if name not in table)]
    for name in names:
        if name not in known:
            raise UserError(
                f"--columns {','.join(names)}: there is no column {name}{nearest(name, known)}; "
                f"there are: {', '.join(known)}"
            )
    by_id = others.set_index(runs.ends["run_id"])
    found = {
        name: table[name] if name in table else table["run_id"].map(by_id[name]) for name in names
    }
    chosen = pd.DataFrame({"rank": table["rank"], **found})
    chosen.attrs["measured"] = [name for name in names if name.removesuffix("_std") in runs.metrics]
    return chosen
