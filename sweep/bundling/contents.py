"""A bundle and its members: each made of the other, and checked that its parts fit together."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath

from sweep import __version__
from sweep.bundling.archive import read_archive, write_archive
from sweep.bundling.layout import (
    ALWAYS,
    ENVIRONMENTS,
    LEADERBOARD,
    MANIFEST,
    REPORT,
    RUNS,
    SOURCES,
    SWEEP,
    Bundle,
    BundledRun,
    BundledSweep,
    Environment,
    digest,
    from_json,
    manifest_of,
    to_json,
)
from sweep.bundling.private import cleaned, is_given_away
from sweep.config.choices import CHOSEN
from sweep.config.metrics import METRICS
from sweep.errors import UserError
from sweep.own_modules import identity


def write_bundle(file: Path, bundle: Bundle) -> str:
    """Write a bundle to a file; return what identifies it: the SHA-256 of its manifest.

    Raises:
        OSError: it cannot be written.
        UserError: :func:`read_bundle` would refuse it.
    """
    members = members_of(bundle)
    try:
        bundle_of(members)
        write_archive(file, members)
    except UserError as error:
        raise UserError(f"{file}: is not written, since nobody could read it: {error}") from error
    return digest(members[MANIFEST])


def members_of(bundle: Bundle) -> dict[str, bytes]:
    """Return the members of a bundle, with its manifest."""
    members = {
        SWEEP: to_json(asdict(bundle.sweep)),
        LEADERBOARD: bundle.leaderboard,
        REPORT: bundle.report,
    }
    for number, run in enumerate(bundle.runs, 1):
        members[f"{RUNS}/{number:04d}.json"] = to_json(asdict(run))
    for name, environment in bundle.environments.items():
        members[f"{ENVIRONMENTS}/{name}.json"] = to_json(environment)
    for name, files in bundle.sources.items():
        members |= {f"{SOURCES}/{name}/{place}": content for place, content in files.items()}
    return {**members, MANIFEST: manifest_of(f"gluon-sweep {__version__}", members)}


def read_bundle(file: Path) -> tuple[Bundle, str]:
    """Return a bundle, and what identifies it: the SHA-256 of its manifest.

    Nothing in it is run, imported or unpickled, and nothing is written.

    Raises:
        UserError: it is no bundle, was changed or cut, or has what no bundle has.
    """
    members = read_archive(file)
    try:
        return bundle_of(members), digest(members[MANIFEST])
    except UserError as error:
        raise UserError(f"{file}: is refused: {error}") from error


def bundle_of(members: Mapping[str, bytes]) -> Bundle:
    """Return the bundle of these members, which are those of its manifest.

    Raises:
        UserError: one is missing, has a wrong value, or does not fit the others.
    """
    if missing := [name for name in ALWAYS if name not in members]:
        raise UserError(f"has no {missing[0]}")
    numbered = numbered_runs(members)
    bundle = Bundle(
        sweep=from_json(SWEEP, members[SWEEP], BundledSweep),
        runs=[from_json(name, members[name], BundledRun) for name in numbered],
        environments={
            Path(name).stem: from_json(name, content, Environment)
            for name, content in members.items()
            if name.startswith(f"{ENVIRONMENTS}/")
        },
        sources=_sources(members),
        leaderboard=members[LEADERBOARD],
        report=members[REPORT],
    )
    for name, run in zip(numbered, bundle.runs, strict=True):
        _check_run(name, run)
    _check_direction(bundle.sweep)
    if wrong := [key for key in bundle.sweep.tags if not is_given_away(key)]:
        raise UserError(f"{SWEEP}: tags: {wrong[0]} means something here, and nothing elsewhere")
    _check_references(bundle)
    return bundle


def numbered_runs(members: Iterable[str]) -> list[str]:
    """Return the names of the files of runs among these members, in the order of their numbers.

    Raises:
        UserError: there are none, or they are not numbered from 0001 on.
    """
    found = [name for name in members if name.startswith(f"{RUNS}/")]
    found.sort(key=lambda name: (len(name), name))  # 10000.json after 9999.json
    if found != [f"{RUNS}/{number:04d}.json" for number in range(1, len(found) + 1)]:
        raise UserError(f"the files in {RUNS}/ are not numbered from 0001 on")
    if not found:
        raise UserError("has no runs")
    return found


def _sources(members: Mapping[str, bytes]) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = {}
    for name in sorted(members):
        kind, _, rest = name.partition("/")
        if kind == SOURCES:
            key, _, place = rest.partition("/")
            found.setdefault(key, {})[place] = members[name]
    for key, files in found.items():
        folders = {str(folder) for place in files for folder in PurePosixPath(place).parents}
        if both := sorted(folders & files.keys()):
            raise UserError(f"{SOURCES}/{key}/{both[0]} is a file and a folder")
        if identity(files) != key:
            raise UserError(f"{SOURCES}/{key}: these files are {identity(files)}, not {key}")
    return found


def _check_run(name: str, run: BundledRun) -> None:
    if run.end_ms < run.start_ms:
        raise UserError(f"{name}: end_ms={run.end_ms}: is before start_ms={run.start_ms}")
    if wrong := [key for key in run.tags if not is_given_away(key)]:
        raise UserError(f"{name}: tags: {wrong[0]} means something here, and nothing elsewhere")
    if run.config is None:
        return
    # OmegaConf would look up what such a text names, in the environment even.
    if b"${" in to_json(run.config):
        raise UserError(f"{name}: config: refers to something outside of it, with ${{")
    try:
        is_clean = cleaned(run.config).config == run.config
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{name}: config: is none") from error
    if wrong := [group for group in CHOSEN if not isinstance(run.config.get(group, {}), dict)]:
        raise UserError(f"{name}: config: {wrong[0]} is no group of fields")
    if not is_clean:
        raise UserError(f"{name}: config: names a place on a machine, or how a run is launched")


def _check_direction(sweep: BundledSweep) -> None:
    """Check that its best is what is best of this metric, if that is known here."""
    known = METRICS.get(sweep.metric.rpartition("/")[2])
    if known and known.direction != sweep.direction:
        raise UserError(
            f"{SWEEP}: direction={sweep.direction}: allowed is {known.direction}, which is better "
            f"of {sweep.metric}"
        )


def _check_references(bundle: Bundle) -> None:
    """Check that what runs refer to is there, and nothing else."""
    named = {each.environment for each in bundle.runs} - {None}
    if named != set(bundle.environments):
        raise UserError(f"{ENVIRONMENTS}/ has not what the runs name")
    named = {key for each in bundle.runs for key in (each.source, each.dataset_source)} - {None}
    if named != set(bundle.sources):
        raise UserError(f"{SOURCES}/ has not what the runs name")
    ids = [each.run_id for each in bundle.runs]
    if len(set(ids)) < len(ids):
        raise UserError("has a run twice")
