"""A recorded sweep as a bundle: what others need to check it, and nothing of this machine's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pandas as pd

from sweep.bundling.layout import (
    MOST_LETTERS,
    Bundle,
    BundledRun,
    BundledSweep,
    Curve,
    Environment,
    digest,
    explained,
    to_json,
)
from sweep.bundling.places import Places
from sweep.bundling.private import cleaned, has_password, is_given_away, short, without_private
from sweep.bundling.texts import CONTROL, LINE_ENDS
from sweep.errors import UserError, in_full
from sweep.own_modules import identity
from sweep.reporting.page import render
from sweep.results.leaderboard import rank_configurations
from sweep.results.results import results_of
from sweep.results.runs import RecordedRuns, runs_of_table
from sweep.tracking import (
    KeptRun,
    existing,
    read_about,
    read_kept,
    read_points,
    read_runs,
    refuse_running,
    whole_id,
)

PARAMS, NAMES, TAGS = "params.", "run", "tags."  # what columns begin with that have texts of people


def collect(tracking_uri: str | None, given: str) -> Bundle:
    """Return a sweep as a bundle.

    Args:
        tracking_uri: of the record; None for the default one.
        given: the id of the sweep's parent run, the beginning of it, or its name.

    Raises:
        UserError: there is no such sweep, it is still running, or something in it cannot be given
            away.
    """
    about = read_about(tracking_uri, whole_id(existing(tracking_uri), given))
    if not about.is_sweep:
        raise UserError(f"{given}: is a run; allowed is a sweep, as `sweep list` shows them")
    parent = read_kept(tracking_uri, about.run_id)
    table = read_runs(tracking_uri, about.experiment, about.run_id)
    kept = [read_kept(tracking_uri, run_id) for run_id in table["run_id"]]
    kept.sort(key=lambda each: (each.start_ms, each.info.run_id))
    refuse_running([parent, *kept])
    places = {each.info.run_id: Places(each.info.params, each.config) for each in kept}
    of_all = Places(about.params, [(each.info.params, each.config) for each in kept])
    experiment = _name(about.experiment, of_all)
    clean = _without_private(table, places)
    recorded = runs_of_table(clean, tracking_uri, experiment, about.run_id)
    metric = recorded.usual_metric
    curves = _curves(recorded, table)
    environments = {identity_of(each.environment): each.environment for each in kept}
    sources = {
        identity(files): files
        for each in kept
        for files in (each.source, each.dataset_source)
        if files
    }
    _check_sources(sources)
    name = _name(about.name, of_all)
    ended_ms = max(each.end_ms or 0 for each in (parent, *kept))
    with explained(f"sweep {about.run_id}: cannot be given away"):
        return Bundle(
            sweep=BundledSweep(
                run_id=about.run_id,
                name=name,
                experiment=experiment,
                status=_status(parent),
                start_ms=parent.start_ms,
                end_ms=ended_ms,
                params=_params(about.params),
                tags=_tags(about.tags, of_all),
                metric=metric,
                direction=recorded.direction(metric),
            ),
            runs=[
                _bundled(each, curves.get(each.info.run_id, {}), places[each.info.run_id])
                for each in kept
            ],
            environments={key: _environment(each) for key, each in environments.items() if each},
            sources={key: dict(files) for key, files in sources.items()},
            leaderboard=rank_configurations(recorded, metric, None).to_csv(index=False).encode(),
            report=_report(recorded, metric, name, ended_ms),
        )


def _bundled(kept: KeptRun, curves: Mapping[str, Curve], places: Places) -> BundledRun:
    clean = cleaned(kept.config) if kept.config else None
    with explained(f"run {kept.info.run_id}: cannot be given away"):
        return BundledRun(
            run_id=kept.info.run_id,
            name=_name(kept.info.name, places),
            status=_status(kept),
            start_ms=kept.start_ms,
            end_ms=max(kept.end_ms or 0, kept.start_ms),
            params=_params(kept.info.params),
            tags=_tags(kept.info.tags, places),
            curves=dict(curves),
            config=dict(clean.config) if clean else None,
            places=list(clean.places) if clean else [],
            environment=identity_of(kept.environment) if kept.environment else None,
            commit=_words(kept.commit),
            source=identity(kept.source) if kept.source else None,
            dataset_source=identity(kept.dataset_source) if kept.dataset_source else None,
        )


def _status(kept: KeptRun) -> Any:
    return kept.info.status


def identity_of(environment: Mapping[str, Any] | None) -> str:
    """Return 16 hex digits that identify what a run ran on; nothing if that is not known."""
    return digest(to_json(_environment(environment)))[:16] if environment else ""


def _environment(recorded: Mapping[str, Any]) -> Environment:
    return {
        key: _texts(value)
        if isinstance(value, Mapping)
        else value
        if value is None or type(value) is int
        else _words(str(value))
        for key, value in recorded.items()
    }


def _words(text: str) -> str:
    """Return a text without what is private, and without what a bundle does not take."""
    return _taken(without_private(text))


def _taken(text: str) -> str:
    return CONTROL.sub(" ", text)[:MOST_LETTERS]


def _param(text: str) -> str:
    return _taken(short(text))


def _tag(text: str, places: Places) -> str:
    return _taken(places.taken_out(text))


def _name(text: str, places: Places) -> str:
    return LINE_ENDS.sub(" ", _tag(text, places))


def _texts(texts: Mapping[str, Any]) -> dict[str, str]:
    return {key: _words(str(text)) for key, text in texts.items()}


def _params(params: Mapping[str, str]) -> dict[str, str]:
    return {key: _param(text) for key, text in params.items()}


def _tags(tags: Mapping[str, str], places: Places) -> dict[str, str]:
    """Return the tags that mean something elsewhere: what became of it, and what users gave it."""
    return {key: _tag(text, places) for key, text in tags.items() if is_given_away(key)}


def _without_private(table: pd.DataFrame, places: Mapping[str, Places]) -> pd.DataFrame:
    """Return runs as they are recorded, with what can be given away of their texts.

    Args:
        table: a row each.
        places: of each run, by its id.
    """
    clean = table.copy()
    known = [places[run_id] for run_id in table["run_id"]]
    for name in map(str, table):
        if name.startswith(PARAMS):
            clean[name] = table[name].map(_param, na_action="ignore")
        elif name == NAMES or name.startswith(TAGS):
            told = _name if name == NAMES else _tag
            clean[name] = [
                text if pd.isna(text) else told(text, each)
                for text, each in zip(table[name], known, strict=True)
            ]
    return clean


def _curves(recorded: RecordedRuns, table: pd.DataFrame) -> dict[str, dict[str, Curve]]:
    """Return what each run measured, of each metric all values."""
    metrics = [str(name).removeprefix("metrics.") for name in table if "metrics." in str(name)]
    found: dict[str, dict[str, dict[int, float]]] = {}
    for run_id, epoch, metric, value in read_points(recorded.uri, list(table["run_id"]), metrics):
        found.setdefault(run_id, {}).setdefault(metric, {})[epoch] = value
    return {
        run_id: {
            metric: Curve(sorted(points), [_number(points[epoch]) for epoch in sorted(points)])
            for metric, points in curves.items()
        }
        for run_id, curves in found.items()
    }


def _number(value: float) -> Any:
    is_finite = abs(value) < float("inf")  # and no nan
    return float(value) if is_finite else in_full(value)


def _check_sources(sources: Mapping[str, Mapping[str, bytes]]) -> None:
    for files in sources.values():
        for place, content in files.items():
            if has_password(content):
                raise UserError(
                    f"{place}: has an address with a password or a token in it, and would be given "
                    "away with the sweep; allowed is a module that reads it from elsewhere, and a "
                    "sweep that was trained with that"
                )


def _report(recorded: RecordedRuns, metric: str, name: str, ended_ms: int) -> bytes:
    """Return the report, as it was when the sweep ended: the same whenever it is asked for."""
    results = replace(results_of(recorded, metric), name=name)
    return render(results, datetime.fromtimestamp(ended_ms / 1000, timezone.utc)).encode()


def own_files(sources: Mapping[str, Mapping[str, bytes]]) -> Sequence[tuple[str, int, str]]:
    """Return the users' files of a bundle: the name, the size in bytes and the SHA-256 of each."""
    return [
        (f"{key}/{place}", len(content), digest(content))
        for key, files in sorted(sources.items())
        for place, content in sorted(files.items())
    ]
