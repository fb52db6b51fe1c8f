"""A page on which a sweep is watched while it trains."""

from functools import partial
from pathlib import Path

import click

from sweep.commands.cli import checkpoint_option, tracking_option
from sweep.display.console import show_lines
from sweep.runs.asking import steer
from sweep.tracking import prepare_mlflow
from sweep.uris import resolve_uri

PORT = 8090
ONLY_HERE = "127.0.0.1"


@click.command()
@click.argument("sweep", required=False)
@click.option("--port", type=int, default=PORT, show_default=True, help="0: any that is free.")
@click.option(
    "--host",
    default=ONLY_HERE,
    show_default=True,
    metavar="ADDRESS",
    help="To listen on. At any other, whoever can reach it sees the page: there is no login.",
)
@click.option(
    "--control", is_flag=True, help="Add buttons to steer it, for whoever has the printed address."
)
@click.option("--experiment", help="In MLflow. Default: any.")
@checkpoint_option
@tracking_option
def watch(
    sweep: str | None,
    port: int,
    host: str,
    control: bool,
    experiment: str | None,
    checkpoint_dir: Path,
    tracking_uri: str | None,
) -> None:
    """Show a sweep on a page of this machine while it trains, and after.

    SWEEP is an id, the beginning of one, or a name; without it, the newest. Nothing is changed,
    unless by what the page has with --control. Ctrl-C ends it.

    \b
    sweep watch SWEEP --port 9000
    sweep watch SWEEP --control
    """
    prepare_mlflow()
    # They take a while to import, and no other command needs them.
    from sweep.watching.app import application
    from sweep.watching.control import control_routes, new_token
    from sweep.watching.hosts import LOOPBACK, check_is_here
    from sweep.watching.serving import address_of, listen, serve
    from sweep.watching.serving import watch as watched
    from sweep.watching.snapshot import find_watched

    found = find_watched(tracking_uri, sweep, experiment)
    uri = resolve_uri(tracking_uri)
    seen = watched(uri, found.run_id, checkpoint_dir)
    with listen(host, port) as listener:
        at = listener.getsockname()[0]
        if control:
            check_is_here(host, at)
            token = new_token()
            more = control_routes(partial(steer, uri, found.run_id, checkpoint_dir), token)
            # Not by a name: that may lead to another address first, where somebody else listens.
            address = f"{address_of(listener, at)}#token={token}"
        else:
            if host not in LOOPBACK:
                show_lines(f"--host {host}: whoever can reach it sees the page")
            more, address = [], address_of(listener, host)
        show_lines(f"Watching {found.name} ({found.run_id})", f"Open:    {address}")
        serve(application(seen, host, at, more), listener)
