"""What is about to be trained, printed before the first run begins."""

from collections.abc import Iterable, Mapping, Sequence

from sweep.config.params import varying
from sweep.display.console import count, show_lines


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
        datasets: a line for each; equal ones are the same images, given to networks otherwise.
        record: where the runs are recorded.
        device: what trains them.
    """
    lines = [*runs, *(f"  {dataset}" for dataset in dict.fromkeys(datasets))]
    if any(each["test_every_epoch"] == "true" for each in params):
        lines.append("  measured on the test set after every epoch (test_every_epoch=true)")
    epochs = " or ".join(dict.fromkeys(each["epochs"] for each in params))
    lines += [f"  up to {count(epochs, 'epoch')}, on {device}", f"  recorded in {record}"]
    show_lines(*lines)


def show_notes(notes: Iterable[str]) -> None:
    """Print what should be known of the networks, each line once; empty ones are none."""
    show_lines(*(f"  {each}" for each in dict.fromkeys(notes) if each))


def show_prior_runs(repeated: int, trained: int, begun: int) -> None:
    """Print how many runs are the same as others, are trained already, or were begun."""
    if repeated:
        show_lines(f"  {repeated} the same as others, and trained once")
    if trained:
        show_lines(f"  {trained} trained already, found in the record (rerun=true trains again)")
    if begun:
        show_lines(f"  {begun} begun before: what is missing is trained")
