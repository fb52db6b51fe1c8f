"""Bundles of sweeps that nobody trained, and the files of them in pieces."""

import zipfile
from dataclasses import asdict
from pathlib import Path

import yaml

from sweep.bundling.contents import members_of, write_bundle
from sweep.bundling.layout import (
    MANIFEST,
    Bundle,
    BundledRun,
    BundledSweep,
    Curve,
    digest,
    manifest_of,
    to_json,
)
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.params import params
from sweep.config.recorded import to_yaml
from sweep.own_modules import identity

BEGIN = 1_700_000_000_000
IMAGES = "5" * 64
SOURCE = {"my_nets.py": b"raise SystemExit('it ran')\n", "parts/layers.py": b"SIZE = 3\n"}
ENVIRONMENT = {"sweep": "0.2.0", "python": "3.12.1", "cores": 2, "packages": {"mxnet": "1.9.1"}}
NAME = digest(to_json(ENVIRONMENT))[:16]


def a_run(number, score, *overrides, source=None, **changes):
    """Return a run with this validation accuracy after its second epoch, which it kept."""
    config = load(*overrides, "context=cpu", "figures=false", "epochs=2")
    key = fingerprint(config, IMAGES)
    values = {
        "run_id": f"{number:032x}",
        "name": f"run {number}",
        "status": "FINISHED",
        "start_ms": BEGIN + 1000 * number,
        "end_ms": BEGIN + 1000 * number + 500,
        "params": params(config),
        "tags": {"fingerprint": key, "dataset.digest": IMAGES, "device": "cpu(0)"},
        "curves": {
            "val/accuracy": Curve([1, 2], [0.25, score]),
            "val_at_best/accuracy": Curve([2], [score]),
            "val/loss": Curve([1, 2], [1 / 3, "nan"]),
        },
        "config": yaml.safe_load(to_yaml(config)),
        "places": [],
        "environment": NAME,
        "commit": "not known",
        "source": identity(source) if source else None,
        "dataset_source": None,
    }
    return BundledRun(**{**values, **changes})


def a_bundle(*runs, sources=None, **changes):
    """Return a bundle of these runs."""
    sweep = {
        "run_id": "f" * 32,
        "name": "optim.lr=0.1,0.2",
        "experiment": "sweep",
        "status": "FINISHED",
        "start_ms": BEGIN,
        "end_ms": BEGIN + 100_000,
        "params": {},
        "tags": {},
        "metric": "val/accuracy",
        "direction": "max",
    }
    return Bundle(
        sweep=BundledSweep(**{**sweep, **changes}),
        runs=list(runs),
        environments={NAME: ENVIRONMENT},
        sources=sources or {},
        leaderboard=b"rank\n1\n",
        report=b"<p>well</p>\n",
    )


def two_runs():
    """Return a bundle of two runs, one of which has modules of a user's."""
    one = a_run(1, 0.5, "optim.lr=0.1", source=SOURCE)
    return a_bundle(one, a_run(2, 0.75, "optim.lr=0.2"), sources={identity(SOURCE): SOURCE})


def written(folder, bundle=None):
    """Write a bundle to a file; return the file."""
    file = Path(folder, "sweep.zip")
    write_bundle(file, bundle or two_runs())
    return file


def rewritten(file, members):
    """Write members, whatever they are, with a manifest that fits them; return the file."""
    listed = {name: content for name, content in members.items() if name != MANIFEST}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**listed, MANIFEST: manifest_of("somebody's", listed)}.items():
            archive.writestr(name, content)
    return file


def in_members(bundle=None):
    """Return the members of a bundle."""
    return members_of(bundle or two_runs())


def plain(bundle):
    """Return all of a bundle as something that can be compared."""
    return asdict(bundle)
