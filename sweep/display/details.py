"""One run or one sweep, on the terminal."""

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

from sweep.config.metrics import LEARNING_RATE, OF_A_RUN, SPLITS, is_at_best
from sweep.display.console import console, count, show_lines
from sweep.display.overview import in_words, local_time
from sweep.display.sparkline import sparkline
from sweep.display.tables import show_table
from sweep.results.values import metric_text
from sweep.tracking import (
    BUNDLE,
    DATASET_DIGEST,
    EPOCHS_TAKEN_OVER,
    FAILURE,
    GOES_ON_FROM,
    Details,
    RunInfo,
    kept_value,
)
from sweep.uris import record_options, redacted

CURVE_WIDTH = 40
MOST_FILES = 30
MIB = 2**20


def show_run(run: Details, sweep_name: str | None, overrides: Sequence[str] | None) -> None:
    """Print what is recorded of a run.

    Args:
        run: that is shown.
        sweep_name: that of its sweep; None for a run of none, or of one that is not there any more.
        overrides: with which it is trained again; None if they do not tell all.
    """
    _show_head(run, "run")
    if sweep_name is not None:
        show_lines(f"Sweep:      {sweep_name} (sweep show {run.info.sweep_id})")
    _show_configuration(run.info.params)
    _show_metrics(run)
    _show_curves(run)
    _show_files(run)
    again = ["sweep", "reproduce", run.info.run_id, *record_options(run.uri)]
    show_lines("", "Train it again, and compare every bit:", f"  {shlex.join(again)}")
    if overrides is not None:
        show_lines("The same configuration:", f"  {shlex.join(['sweep', *overrides])}")


def show_sweep(sweep: Details, runs: Mapping[str, int]) -> None:
    """Print what is recorded of a sweep but the leaderboard of its runs.

    Args:
        sweep: that is shown.
        runs: how many are in which state.
    """
    _show_head(sweep, "sweep")
    show_lines(f"Runs:       {in_words(runs)}")
    _show_files(sweep)
    if sweep.command:
        show_lines("", "The command, which trains what is missing of it:", f"  {sweep.command}")
    report = ["sweep", "report", "--sweep", sweep.info.run_id, *record_options(sweep.uri)]
    show_lines("", "Its report:", f"  {shlex.join(report)}", "")


def _show_head(details: Details, kind: str) -> None:
    info = details.info
    began = datetime.fromtimestamp(details.start_ms / 1000, timezone.utc)
    seconds = None if details.end_ms is None else (details.end_ms - details.start_ms) / 1000
    took = "" if seconds is None else f", {timedelta(seconds=round(max(seconds, 0)))} long"
    show_lines(
        info.name,
        f"{kind.capitalize() + ':':12}{info.run_id}",
        f"State:      {info.state}{_reason(info)}",
        f"Began:      {local_time(began)}{took}",
        f"Experiment: {details.experiment} of {redacted(details.uri)}",
        f"Code:       commit {details.commit}",
    )
    if digest := info.tags.get(DATASET_DIGEST):
        show_lines(f"Images:     {info.params.get('dataset.name', '')} {digest[:16]}")
    if info.fingerprint:
        show_lines(f"Identity:   fingerprint {info.fingerprint}")
    if bundle := info.tags.get(BUNDLE):
        show_lines(f"Bundle:     taken in from {bundle[:16]}, and trained elsewhere")
    if source := info.tags.get(GOES_ON_FROM):
        show_lines(f"Goes on:    from run {source}, after epoch {info.tags[EPOCHS_TAKEN_OVER]}")
    if tags := details.own_tags:
        show_lines(f"Tags:       {', '.join(f'{key}={value}' for key, value in tags.items())}")
    if text := details.note:
        show_lines("Note:", *(f"  {line}" for line in text.splitlines()))


def _reason(info: RunInfo) -> str:
    return f": {info.tags[FAILURE]}" if FAILURE in info.tags else ""


def _show_configuration(params: Mapping[str, str]) -> None:
    if params:
        cells = {"field": list(params), "value": list(params.values())}
        show_table("Configuration", cells)


def _show_metrics(run: Details) -> None:
    names = [name for name in run.info.metrics if not is_at_best(name)]
    if not names:
        return
    cells = {
        "metric": names,
        "of the kept epoch": [metric_text(name, kept_value(run.info, name)) for name in names],
        "last": [metric_text(name, run.info.metrics[name]) for name in names],
    }
    show_table("Metrics", cells, ["of the kept epoch", "last"])


def _show_curves(run: Details) -> None:
    """Print a line for each metric of a split, and for the learning rate."""
    shown = {
        name: points
        for name, points in run.curves.items()
        if len(points) > 1 and name not in OF_A_RUN
        if name == LEARNING_RATE or (name.partition("/")[0] in SPLITS)
    }
    if not shown:
        return
    plain = console().options.ascii_only
    ordered = {name: [points[epoch] for epoch in sorted(points)] for name, points in shown.items()}
    cells = {
        "metric": list(ordered),
        "first": [metric_text(name, values[0]) for name, values in ordered.items()],
        "curve": [sparkline(values, CURVE_WIDTH, plain) for values in ordered.values()],
        "last": [metric_text(name, values[-1]) for name, values in ordered.items()],
    }
    epochs = max(len(values) for values in ordered.values())
    show_table(f"Curves of {count(epochs, 'epoch')}", cells, ["first", "last"])


def _show_files(details: Details) -> None:
    files = details.files
    if not files:
        return
    total = sum(files.values()) / MIB
    show_lines("", f"Files: {len(files):,}, {total:.2f} MiB" + _models(details))
    shown = list(files.items())[:MOST_FILES]
    show_lines(*(f"  {size:>10,}  {path}" for path, size in shown))
    if more := len(files) - len(shown):
        show_lines(f"  ... and {more:,} more")


def _models(details: Details) -> str:
    named = [f"models:/{each}" for each in details.models]
    return f"; model {', '.join(named)}" if named else ""
