"""What is about to be trained, printed before the first run begins."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from sweep.display.console import count, show_lines

Values: TypeAlias = Mapping[str, Collection[str]]  # that runs have, in order, by the field's key


def listed(runs: int, values: Values) -> list[str]:
    """Return how many runs there are, and in what they differ.

    Args:
        runs: how many.
        values: that they have.
    """
    lines = [f"{count(runs, 'run')}:"]
    lines += [f"  {key}: {', '.join(each)}" for key, each in values.items() if len(each) > 1]
    return lines


def show_plan(
    runs: Sequence[str], values: Values, datasets: Sequence[str], record: str, device: str
) -> None:
    """Print what is about to be trained.

    Args:
        runs: lines that say which runs.
        values: that some of them have, which all others are like but for what these lines say.
        datasets: a line for each; equal ones are the same images, given to networks otherwise.
        record: where the runs are recorded.
        device: what trains them.
    """
    lines = [*runs, *(f"  {dataset}" for dataset in dict.fromkeys(datasets))]
    if "true" in values["test_every_epoch"]:
        lines.append("  measured on the test set after every epoch (test_every_epoch=true)")
    epochs = " or ".join(f"{int(each):,}" for each in values["epochs"])
    lines += [f"  up to {count(epochs, 'epoch')}, on {device}", f"  recorded in {record}"]
    show_lines(*lines)


def show_notes(notes: Iterable[str]) -> None:
    """Print what should be known of the networks, each line once; empty notes are none."""
    lines = dict.fromkeys(line for each in notes for line in each.splitlines())
    show_lines(*(f"  {each}" for each in lines))


def show_prior_runs(repeated: int, trained: int, begun: int) -> None:
    """Print how many runs are the same as others, are trained already, or were begun."""
    if repeated:
        show_lines(f"  {repeated:,} the same as others, and trained once")
    if trained:
        show_lines(f"  {trained:,} trained already, found in the record (rerun=true trains again)")
    if begun:
        show_lines(f"  {begun:,} begun before: what is missing is trained")


def show_work(runs: int, epochs: int, seconds: float | None, at_once: int | None) -> None:
    """Print what would be trained, and how long that may take.

    Args:
        runs: how many.
        epochs: of all of them at most.
        seconds: that they take one after another; None if that is not known.
        at_once: how many are trained at once; None if that is not known.
    """
    what = f"{count(runs, 'run')} to train, up to {count(epochs, 'epoch')} in all"
    show_lines(f"Dry run: {what}")
    if runs and seconds is None:
        show_lines("  how long that takes is not known: no run like these is recorded here")
    elif runs and seconds is not None:
        together = min(at_once or 1, runs)
        how = f"{together} at once" if at_once else "if they are trained one after another"
        taken = timedelta(seconds=math.ceil(seconds / together))
        told = f"about {taken}" if runs == 1 else f"about {taken}, {how}"
        show_lines(f"  {told}, as runs like these took here")
    show_lines("  nothing was trained, and nothing written")


def show_epochs(to_train: int, in_all: int) -> None:
    """Print how many epochs are to be trained, if these are fewer than the runs have."""
    if to_train < in_all:
        shared = "the others are shared, or trained already"
        show_lines(f"  {to_train:,} of {in_all:,} epochs to train: {shared}")
