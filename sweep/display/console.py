"""What is printed on the terminal: the plan of what will be trained, and plain lines."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper

from rich.console import Console

from sweep.config.params import varying

PLAIN_WIDTH = 200


def console() -> Console:
    """Return the terminal's width and colours, or a wide colourless page where there is none."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what its encoding lacks, ± say, becomes a ?
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


@contextmanager
def silent() -> Iterator[None]:
    """Keep from the terminal what libraries, and programs that they start, write as errors."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def listed(params: Sequence[Mapping[str, str]]) -> list[str]:
    """Return how many runs there are, and in what they differ.

    Args:
        params: of each run, one key a field.
    """
    lines = [f"{count(len(params), 'run')}:"]
    for key in varying(params):
        values = dict.fromkeys(each[key] for each in params if key in each)
        lines.append(f"  {key}: {', '.join(values)}")
    return lines


def show_plan(
    runs: Sequence[str],
    params: Sequence[Mapping[str, str]],
    datasets: Sequence[str],
    record: str,
    device: str,
) -> None:
    """Print what is about to be trained.

    Args:
        runs: lines that say which runs.
        params: of some of them, which all others are like but for what these lines say.
        datasets: a line for each.
        record: where the runs are recorded.
        device: what trains them.
    """
    lines = [*runs, *(f"  {dataset}" for dataset in datasets)]
    if any(each["test_every_epoch"] == "true" for each in params):
        lines.append("  measured on the test set after every epoch (test_every_epoch=true)")
    epochs = " or ".join(dict.fromkeys(each["epochs"] for each in params))
    lines += [f"  up to {count(epochs, 'epoch')}, on {device}", f"  recorded in {record}"]
    show_lines(*lines)


def show_standings(repeated: int, trained: int, begun: int) -> None:
    """Print how many runs are the same as others, are trained already, or were begun."""
    if repeated:
        show_lines(f"  {repeated} the same as others, and trained once")
    if trained:
        show_lines(f"  {trained} trained already, found in the record (rerun=true trains again)")
    if begun:
        show_lines(f"  {begun} begun before: what is missing is trained")


def show_lines(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, markup=False, soft_wrap=True)  # a wrapped command cannot be pasted


def count(number: int | str, noun: str) -> str:
    """Return ``1 run`` or ``2 runs``."""
    return f"{number} {noun}" if str(number) == "1" else f"{number} {noun}s"
