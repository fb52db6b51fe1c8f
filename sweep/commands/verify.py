"""A bundle checked: some of its runs trained again here."""

import secrets
from pathlib import Path

import click

from sweep.bundling.collecting import own_files
from sweep.bundling.contents import read_bundle
from sweep.bundling.sample import chosen, sampled
from sweep.bundling.verifying import (
    commit_of,
    environment_of,
    largest_differences,
    ranking_stands,
)
from sweep.bundling.verifying import verify as verify_runs
from sweep.display.bundles import show_own_files, show_verified
from sweep.display.comparison import show_environment
from sweep.display.console import count, show_lines
from sweep.display.run import RunDisplay
from sweep.environment import differences
from sweep.errors import UserError
from sweep.signals import let_the_second_end_the_process
from sweep.tracking import prepare_mlflow

SEEDS = 2**32


@click.command()
@click.argument("file", type=Path)
@click.argument("overrides", nargs=-1)
@click.option(
    "--sample", default=3, show_default=True, help="How many runs; the best is one of them."
)
@click.option("--seed", type=int, help="Draws the others. Default: a new one each time.")
@click.option("--dataset-root", metavar="FOLDER", help="Where the image files are here.")
@click.option("--trust", is_flag=True, help="Let modules in the bundle run on this machine.")
def verify(
    file: Path,
    overrides: tuple[str, ...],
    sample: int,
    seed: int | None,
    dataset_root: str | None,
    trust: bool,
) -> int:
    """Train some runs of a bundle again on this machine, and compare them with what it says.

    OVERRIDES say where things are here that are not in the bundle, as init_from=NET.params. Nothing
    is recorded. The exit code is 0 if all curves are equal to the last bit, or the ranking stands;
    1 otherwise.

    \b
    sweep verify results.zip --sample 3
    """
    if sample < 1:
        raise UserError(f"--sample {sample}: allowed is 1 or more")
    prepare_mlflow()
    bundle, key = read_bundle(file)
    # Whoever makes a bundle must not know which of its runs are trained again.
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    runs = sampled(bundle, chosen(bundle, sample, seed), overrides, dataset_root)
    show_lines(
        f"{file}: {count(len(bundle.runs), 'run')} of the sweep {bundle.sweep.name}",
        f"SHA-256 of its manifest: {key}",
        f"Trained again: {count(len(runs), 'run')}, the best and others drawn by --seed {seed}",
    )
    if any(each.runs_code for each in runs):
        if files := own_files(bundle.sources):
            show_own_files(files, "Modules in the bundle")
        if not trust:
            raise UserError(
                f"{file}: the runs need code that is not of this program "
                f"({', '.join(sorted({name for each in runs for name in each.targets}))}); look at "
                "it, and if it may run on this machine: --trust"
            )
    let_the_second_end_the_process()
    verified = verify_runs(bundle, runs, RunDisplay)
    stands = ranking_stands(bundle, verified)
    show_verified(verified, bundle.sweep.metric, largest_differences(verified), stands)
    if not all(each.is_equal for each in verified):
        recorded = environment_of(bundle, verified)
        show_environment(differences(recorded, commit_of(verified)))
    return 0 if stands else 1
