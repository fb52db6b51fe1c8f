"""Training a sweep from Python, in a notebook say, by the command in a process of its own.

So this process keeps its environment, loggers and signal handlers, and loads no MXNet.
"""

import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from io import StringIO
from shutil import copyfileobj

import pandas as pd
from omegaconf import OmegaConf

from sweep import signals
from sweep.commands.flags import last_value
from sweep.config.overrides import quoted
from sweep.errors import RunFailed, UserError
from sweep.results.leaderboard import load_leaderboard

COMPARE = "Compare:"  # begins the line with the command that shows the sweep


def train(
    *overrides: str, experiment: str | None = None, tracking_uri: str | None = None
) -> pd.DataFrame:
    """Train every combination and return the sweep's leaderboard.

    ``train("model=lenet", "optim.lr=0.1,0.2")`` does what ``sweep model=lenet optim.lr=0.1,0.2
    --multirun`` does, in this folder, with its output printed here. What is trained already is not
    trained again. An interrupt stops the sweep as Ctrl-C does; the same call then goes on with it.

    Args:
        overrides: as on the command line.
        experiment: MLflow's; None for what the overrides say, or else ``sweep``.
        tracking_uri: where to record; None for what the overrides say, or else
            MLFLOW_TRACKING_URI, or else ``sqlite:///mlflow.db``.

    Returns:
        The table of :func:`load_leaderboard` with this sweep's runs, ranked by what they monitor;
        an empty one of a dry run.

    Raises:
        UserError: an override is wrong; nothing was trained.
        RunFailed: some runs failed; they and the others are recorded.
    """
    where = {"tracking.experiment": experiment, "tracking.uri": tracking_uri}
    given = [
        *overrides,
        *(f"{key}={quoted(value)}" for key, value in where.items() if value is not None),
    ]
    code, output, errors = _run([*given, "--multirun"])
    if code == UserError.exit_code:
        raise UserError(errors)
    if code == signals.EXIT_CODE:
        raise KeyboardInterrupt
    if code < 0:
        raise RunFailed(f"the sweep was killed by {signal.Signals(-code).name}")
    if code:
        raise RunFailed(errors)
    if not (printed := _options_of_comparison(output)):
        return pd.DataFrame()
    return load_leaderboard(
        sweep=printed["--sweep"],
        metric=printed.get("--metric"),
        # What is printed has no password.
        tracking_uri=_last_value("tracking.uri", given) or printed.get("--tracking-uri"),
    )


def _run(arguments: Sequence[str]) -> tuple[int, str, str]:
    """Run the command, print what it prints, and return its exit code, output and errors."""
    with subprocess.Popen(
        [sys.executable, "-m", "sweep", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        text=True,
        # Jupyter interrupts all processes of its group; this one is told below, and only once.
        start_new_session=True,
    ) as process:
        assert process.stdout and process.stderr
        output, errors = StringIO(), StringIO()
        collector = threading.Thread(target=copyfileobj, args=(process.stderr, errors))
        collector.start()
        interrupted = False
        while process.poll() is None:
            try:
                for line in process.stdout:
                    output.write(line)
                    print(line, end="", flush=True)
                process.wait()
            except KeyboardInterrupt:
                interrupted = True
                process.send_signal(signal.SIGINT)
        collector.join()
    if interrupted:
        raise KeyboardInterrupt
    return process.returncode, output.getvalue(), errors.getvalue().strip()


def _options_of_comparison(output: str) -> Mapping[str, str]:
    """Return the options of the command that the sweep printed, to compare its runs.

    A dry run has none to compare.
    """
    words = [
        word
        for line in output.splitlines()
        if line.startswith(COMPARE)
        for word in shlex.split(line)
    ]
    if not words:
        return {}
    first = words.index("--sweep")
    return dict(zip(words[first::2], words[first + 1 :: 2], strict=True))


def _last_value(key: str, overrides: Sequence[str]) -> str | None:
    """Return what the overrides make of a field; None if they do not name it, or set it to null."""
    value = last_value(key, overrides)
    resolved = OmegaConf.create({"value": value}).value  # a text can hide a reference from it
    return None if resolved is None else str(resolved)
