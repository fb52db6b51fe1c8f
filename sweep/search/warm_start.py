"""What a sampler knows before a search begins: ``search.warm_start``, recorded runs that fit it.

A run fits if the search could train it: if its values, composed as the search composes them, make
the fingerprint that it is recorded with.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial

from sweep.config.choices import CHOSEN
from sweep.config.compose import GROUPS
from sweep.config.fields import Role, walk
from sweep.config.fingerprint import fingerprint
from sweep.config.params import as_text
from sweep.config.recorded import before
from sweep.config.schema import Config
from sweep.display.console import count
from sweep.errors import UserError
from sweep.search.space import Space
from sweep.tracking import BUNDLE, RunInfo, kept_value

# What else was measured changes nothing of what the search compares.
MEASURED_BESIDES = ("metrics", "metrics_source", "test_every_epoch")
OUTSIDE = "outside of what is searched"
NOTHING = as_text(None)

Known = Callable[[Sequence[str]], tuple[Config, str]]


@dataclass(frozen=True)
class KnownRun:
    """A run that was trained before the search, as its sampler is told of it.

    Attributes:
        run_id: MLflow's.
        params: the values that are searched, as Optuna suggests them.
        values: of the objectives.
        curve: what is monitored, by the epoch; empty if nothing is pruned by it.
    """

    run_id: str
    params: Mapping[str, Any]
    values: Sequence[float]
    curve: Mapping[int, float]

    def trial(self, space: Space) -> FrozenTrial:
        """Return it as a trial that was trained to its end."""
        return create_trial(
            state=TrialState.COMPLETE,
            values=list(self.values),
            params=dict(self.params),
            distributions={name: space.distributions[name] for name in self.params},
            intermediate_values=dict(self.curve),
        )


@dataclass(frozen=True)
class WarmStart:
    """What a search begins with.

    Attributes:
        runs: that are known, the oldest first.
        left_out: how many others there are, by why.
    """

    runs: Sequence[KnownRun]
    left_out: Mapping[str, int]

    def describe(self) -> str:
        """Say what was taken, and what was left out and why."""
        others = ", ".join(f"{number:,} {why}" for why, number in self.left_out.items())
        return f"{count(len(self.runs), 'run')} known{f'; left out: {others}' if others else ''}"

    def as_json(self) -> str:
        """Return it as a text, which :meth:`from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "WarmStart":
        """Return what :meth:`as_json` wrote."""
        known = json.loads(text)
        for each in known["runs"]:
            each["curve"] = {int(epoch): value for epoch, value in each["curve"].items()}
        return cls([KnownRun(**each) for each in known["runs"]], known["left_out"])


def fitting(
    given: str,
    runs: Sequence[RunInfo],
    space: Space,
    objectives: Sequence[str],
    known: Known,
    curves: Callable[[Sequence[str]], Mapping[str, Mapping[int, float]]],
) -> WarmStart:
    """Return those of recorded runs that a search begins with.

    Args:
        given: of which experiment or sweep they are.
        runs: the newest first.
        space: what is searched.
        objectives: metrics that the runs must have.
        known: returns the configuration of a run with these overrides, with all that is found out
            before it is trained, and the digest of its images.
        curves: returns what is monitored in each epoch, of runs by their ids.

    Raises:
        UserError: none fits.
    """
    found: dict[str, KnownRun] = {}
    left_out: Counter[str] = Counter()
    for run in runs:
        if run.fingerprint in found:
            left_out["the same as another"] += 1
            continue
        try:
            params = _params(run, space, known)
            values = _values(run, objectives)
        except _Unfit as why:
            left_out[str(why)] += 1
        else:
            found[str(run.fingerprint)] = KnownRun(run.run_id, params, values, {})
    most_first = sorted(left_out.items(), key=lambda why: (-why[1], why[0]))
    warm = WarmStart([], dict(most_first))
    if not found:
        raise UserError(
            f"search.warm_start={given}: none of {count(len(runs), 'run')} fits this search; "
            f"{warm.describe().partition('; ')[2]}; allowed is null, or an experiment or a sweep "
            "with finished runs that this search could train"
        )
    measured = curves([each.run_id for each in found.values()])
    ordered = [*found.values()][::-1]
    return replace(
        warm, runs=[replace(each, curve=measured.get(each.run_id, {})) for each in ordered]
    )


class _Unfit(Exception):
    """Why a run is left out."""


def _values(run: RunInfo, objectives: Sequence[str]) -> list[float]:
    for each in objectives:
        if not math.isfinite(kept_value(run, each) if each in run.metrics else math.nan):
            raise _Unfit(f"without {each}")
    return [kept_value(run, each) for each in objectives]


def _params(run: RunInfo, space: Space, known: Known) -> dict[str, Any]:
    """Return the values with which the search would train this run.

    Raises:
        _Unfit: there are none.
    """
    if BUNDLE in run.tags:
        raise _Unfit("taken in from a bundle")  # nobody here has seen it train
    if not run.finished:
        raise _Unfit("not finished")
    chosen = {group: run.params.get(f"{group}.name") for group in CHOSEN}
    named = {group: name for group, name in chosen.items() if name}
    recorded = {**before(named), **run.params}
    why, fewest = "", math.inf
    for params in _candidates(recorded, space):
        if isinstance(params, _Unfit):
            why = why or str(params)
            continue
        try:
            config, digest = known(space.overrides(params))
        except UserError:
            why = why or "that cannot be trained now"
            continue
        different = _differences(config, recorded)
        if not different and fingerprint(_measuring(config, recorded), digest) == run.fingerprint:
            return params
        if len(different) < fewest:
            fewest = len(different)
            why = (
                f"with another value of {different[0]}"
                if different
                else "of other images or other code"
            )
    raise _Unfit(why)


def _candidates(recorded: Mapping[str, str], space: Space) -> Iterator[dict[str, Any] | _Unfit]:
    """Yield what may be the values of a run, for each combination of choices.

    The names of choices are not recorded: a file of a user's may choose what another does.
    """
    groups = [each for each in space.dimensions if each.name in GROUPS]
    fields = [each for each in space.dimensions if each.name not in GROUPS]
    for chosen in product(*(each.values or () for each in groups)):
        params: dict[str, Any] = dict(zip((each.name for each in groups), chosen, strict=True))
        unfit = None
        for each in fields:
            if each.is_searched_with(params):
                value = each.suggested(_plain(recorded.get(each.name, "")))
                unfit = unfit or (_Unfit(f"with {each.name} {OUTSIDE}") if value is None else None)
                params[each.name] = value
        yield unfit or params


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _differences(config: Config, recorded: Mapping[str, str]) -> list[str]:
    """Return the fields in which a run is recorded with other values."""
    return [
        info.key
        for info, value in walk(config)
        if info.role in (Role.TRAJECTORY, Role.IDENTITY)
        and info.key not in MEASURED_BESIDES
        and recorded.get(info.key) != as_text(value)
    ]


def _measuring(config: Config, recorded: Mapping[str, str]) -> Config:
    """Return the configuration with what was measured besides."""
    known = {name: _plain(recorded[name]) for name in MEASURED_BESIDES if name in recorded}
    digest = recorded.get("metrics_source", NOTHING)  # one that reads as a number is none
    known["metrics_source"] = None if digest == NOTHING else digest
    return replace(config, **{**known, "metrics": tuple(known.get("metrics", config.metrics))})
