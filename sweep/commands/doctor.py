"""Whether runs can be trained and recorded here."""

import json
from dataclasses import asdict

import click

from sweep.commands.cli import tracking_option
from sweep.display.console import show_lines
from sweep.display.findings import show_finding
from sweep.execution.machine_findings import machine_findings
from sweep.execution.setup_findings import setup_findings
from sweep.tracking import prepare_mlflow


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All of it, for other programs.")
@tracking_option
def doctor(as_json: bool, tracking_uri: str | None) -> int:
    """Say whether runs can be trained and recorded here, and what to do if not.

    The exit code is 1 if something is wrong.

    \b
    sweep doctor --json
    """
    prepare_mlflow()
    found = []
    for find in (machine_findings(), setup_findings(tracking_uri)):
        for each in find:
            found.append(each)
            if not as_json:
                show_finding(each.about, each.state, each.found, each.advice)
    wrong = [each.about for each in found if each.state == "wrong"]
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=2))
    else:
        show_lines(f"Wrong: {', '.join(wrong)}" if wrong else "Nothing is wrong.")
    return 1 if wrong else 0
