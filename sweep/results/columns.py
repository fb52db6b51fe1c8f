"""What is recorded of runs, under its own names: parameters as they were trained, metrics, tags."""

from contextlib import suppress

import pandas as pd

from sweep.config.choices import CHOSEN
from sweep.config.metrics import CPU_SECONDS, PEAK_MEMORY, at_best, is_at_best
from sweep.config.recorded import before
from sweep.results.values import as_numbers, as_whole
from sweep.tracking import is_reserved

METRICS = (
    "val/accuracy",
    "test/accuracy",
    "val/loss",
    "test/loss",
    "train/accuracy",
    "train/loss",
    "best_epoch",
    "epoch_seconds",
    "images_per_second",
    CPU_SECONDS,
    PEAK_MEMORY,
)


def params_of(runs: pd.DataFrame, own: "pd.Series[bool]") -> pd.DataFrame:
    """Return the parameters; of our own runs also those that older versions did not record yet.

    Args:
        runs: as :func:`sweep.tracking.read_runs` returns them.
        own: which of them this program has trained.
    """
    table = _having(runs, "params.")
    named = [f"{group}.name" for group in CHOSEN]
    chosen = table.reindex(columns=named, fill_value="")[own].fillna("")
    for names, those in chosen.groupby(named, sort=False):
        pairs = zip(CHOSEN, names, strict=True)
        known = {group: str(name) for group, name in pairs if name}
        is_one = table.index.isin(those.index)
        for key, value in before(known).items():
            if key in table:
                table[key] = table[key].mask(table[key].isna() & is_one, value)
    for name in table:
        with suppress(ValueError, TypeError):  # what is no number stays text
            table[name] = as_numbers(table[name])
    return table


def metrics_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return what was measured: of the epoch that each run kept, where that is known."""
    logged = _having(runs, "metrics.")
    curves = [str(name) for name in logged if not is_at_best(str(name))]
    table = logged[sorted(curves, key=lambda name: (*METRICS, *curves).index(name))].copy()
    for name in curves:
        if at_best(name) in logged:
            table[name] = logged[at_best(name)].fillna(logged[name])
    if "best_epoch" in table:  # of another program's run it may be any number
        table["best_epoch"] = as_whole(table["best_epoch"])
    return table


def tags_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the tags that users have given."""
    found = _having(runs, "tags.")
    return found[[name for name in found if not is_reserved(str(name))]]


def _having(runs: pd.DataFrame, prefix: str) -> pd.DataFrame:
    found = runs[[name for name in runs if str(name).startswith(prefix)]]
    return found.rename(columns=lambda name: name.removeprefix(prefix))
