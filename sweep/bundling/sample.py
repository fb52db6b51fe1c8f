"""Which runs of a bundle are trained again, and with what: chosen, completed, and checked."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from sweep.bundling.layout import MOST_LETTERS, Bundle, BundledRun
from sweep.bundling.private import without_private
from sweep.config.choices import CHOSEN
from sweep.config.fields import Role, declared, walk
from sweep.config.fingerprint import fingerprint
from sweep.config.metrics import at_best
from sweep.config.params import as_text
from sweep.config.recorded import from_yaml, targets_of
from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.tracking import DATASET_DIGEST, FINGERPRINT, Curves

ALWAYS_GIVEN = ("context",)  # fields that can be given besides those of places
DECISIVE = (Role.TRAJECTORY, Role.IDENTITY)
IN_BUNDLE = ("model.file",)  # places of what a bundle has, all the same


@dataclass(frozen=True)
class Sampled:
    """A run that is to be trained again.

    Attributes:
        run: as it is in the bundle.
        config: of it, with what was given for this machine.
        score: by which it is ranked.
    """

    run: BundledRun
    config: Config
    score: float

    @property
    def targets(self) -> list[str]:
        """What is named by a ``_target_``, or measures: a user's own code, or installed."""
        return targets_of(self.config)

    @property
    def runs_code(self) -> bool:
        """Whether code takes part that is not of this program."""
        return bool(self.targets or self.run.source or self.run.dataset_source)


def score_of(curves: Curves, metric: str) -> float | None:
    """Return a metric of the epoch that a run kept; None if it has none."""
    found = curves.get(at_best(metric)) or curves.get(metric)
    return found[max(found)] if found else None


def scores_of(bundle: Bundle) -> dict[str, float]:
    """Return the score of each run that is FINISHED and has one, by its id, the best first."""
    metric, is_better_below = bundle.sweep.metric, bundle.sweep.direction == "min"
    found = {}
    for run in bundle.runs:
        curves = {name: curve.points() for name, curve in run.curves.items()}
        score = score_of(curves, metric)
        if run.status == "FINISHED" and score is not None and score == score:
            found[run.run_id] = score
    return dict(sorted(found.items(), key=lambda item: item[1], reverse=not is_better_below))


def chosen(bundle: Bundle, number: int, seed: int) -> list[BundledRun]:
    """Return so many runs: the best, and others drawn by a seed; in the order of the bundle.

    Raises:
        UserError: none can be trained again, or the best cannot: the others say nothing of it.
    """
    trainable = {each.run_id: each for each in bundle.runs if each.config is not None}
    ids = list(scores_of(bundle))
    if not ids:
        raise UserError("no run in it has ended well, so none can be trained again")
    if ids[0] not in trainable:
        (name,) = [each.name for each in bundle.runs if each.run_id == ids[0]]
        raise UserError(
            f"run {name}: is the best by {bundle.sweep.metric}, and has no configuration in it, so "
            "what it says cannot be checked; allowed is a bundle whose best run has one"
        )
    others = sorted(trainable.keys() & ids[1:])
    drawn = random.Random(seed).sample(others, min(number - 1, len(others)))
    return [each for each in bundle.runs if each.run_id in (ids[0], *drawn)]


def sampled(
    bundle: Bundle,
    runs: Sequence[BundledRun],
    overrides: Sequence[str],
    dataset_root: str | None,
) -> list[Sampled]:
    """Return runs with what is needed to train them here.

    Args:
        bundle: that they are of.
        runs: some of it.
        overrides: as ``init_from=NET.params``: what lies elsewhere here.
        dataset_root: the folder with the images; None if they need none.

    Raises:
        UserError: something is missing, or is not what can be given; or a configuration is not
            the one that was trained.
    """
    given = _given(overrides, runs)
    scores = scores_of(bundle)
    configs = [_config(each, given, dataset_root) for each in runs]
    if dataset_root and not any(_has_images_elsewhere(each) for each in runs):
        configs = [replace(each, dataset=each.dataset.in_folder(dataset_root)) for each in configs]
    return [
        Sampled(run, config, scores[run.run_id]) for run, config in zip(runs, configs, strict=True)
    ]


def _given(overrides: Sequence[str], runs: Sequence[BundledRun]) -> dict[str, Any]:
    allowed = sorted({*ALWAYS_GIVEN, *(place for each in runs for place in each.places)})
    found = {}
    for each in overrides:
        name, equals, value = each.partition("=")
        if not equals or name not in allowed:
            raise UserError(
                f"{each}: allowed is --dataset-root FOLDER, or NAME=VALUE with one of "
                f"{', '.join(allowed)}"
            )
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UserError(f"{each}: the value cannot be read; allowed is a text in quotes") from (
                error
            )
    return found


def _has_images_elsewhere(run: BundledRun) -> bool:
    return any(_is_of_images(place) for place in run.places)


def _is_of_images(place: str) -> bool:
    return place.startswith("dataset.")


def _is_field(run: BundledRun, place: str) -> bool:
    """Return whether a place is a field of what is chosen, and no argument of a user's own code."""
    group, _, name = place.partition(".")
    chosen = (run.config or {}).get(group)
    schema = CHOSEN[group].get(str(chosen.get("name"))) if group in CHOSEN and chosen else None
    return schema is not None and name in declared(schema)


def _config(run: BundledRun, given: Mapping[str, Any], dataset_root: str | None) -> Config:
    values: dict[str, Any] = {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in (run.config or {}).items()
    }
    _check_given(run, given, dataset_root)
    own_arguments = False
    for place in (*ALWAYS_GIVEN, *run.places):
        if place in given:
            group, _, field = place.partition(".")
            if field:
                values[group][field] = given[place]
            else:
                values[group] = given[place]
            own_arguments |= group in ("model", "loss", "context")
    try:
        config = from_yaml(yaml.safe_dump(values))
    except UserError as error:
        raise UserError(f"run {run.name}: its configuration: {error}") from error
    if dataset_root and _has_images_elsewhere(run):
        config = replace(config, dataset=config.dataset.in_folder(dataset_root))
    recorded, digest = run.tags.get(FINGERPRINT), run.tags.get(DATASET_DIGEST)
    if not own_arguments and recorded and digest:
        found = fingerprint(config, digest)
        if found != recorded:
            raise UserError(
                f"run {run.name}: its configuration is not the one that was trained (fingerprint "
                f"{found}, recorded {recorded})"
            )
    _check_params(run, config)
    return config


def _check_params(run: BundledRun, config: Config) -> None:
    """Check that what a run is said to be is what is trained: leaderboards show its params.

    Only what decides its numbers; the images are compared by their digest.
    """
    given = (*ALWAYS_GIVEN, *run.places)
    for info, value in walk(config):
        key, recorded = info.key, run.params.get(info.key)
        is_given = any(place == key or place.startswith(f"{key}.") for place in given)
        if info.role not in DECISIVE or is_given or recorded is None:
            continue
        trained = as_text(value)
        if recorded != trained and _meaning(recorded) != _meaning(trained):
            raise UserError(
                f"run {run.name}: its params say {key}={recorded[:100]}, and its configuration "
                f"{key}={trained[:100]}; allowed is the same"
            )


def _meaning(text: str) -> Any:
    """Return what a param says, without what is private: that is shortened in other ways."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # it may be made for that
        return without_private(text)[:MOST_LETTERS]


def _check_given(run: BundledRun, given: Mapping[str, Any], dataset_root: str | None) -> None:
    """Check that there is something for each place, where images or parameters lay elsewhere."""
    in_folder = [each for each in run.places if _is_of_images(each) and _is_field(run, each)]
    missing = [
        place
        for place in run.places
        if place not in given
        and not (place in IN_BUNDLE and _is_field(run, place))
        and not (place in in_folder and dataset_root is not None)
    ]
    if missing:
        ways = [f"{place}=..." for place in missing if place not in in_folder]
        if others := [place for place in missing if place in in_folder]:
            ways = [f"--dataset-root FOLDER (or {others[0]}=...)", *ways]
        raise UserError(
            f"run {run.name}: {', '.join(missing)}: says where something lay that is not in the "
            f"bundle; give {' and '.join(ways)}"
        )
