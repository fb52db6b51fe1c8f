"""Which figures a report has, in which order, and what is said about them."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from sweep.reporting.axes import drawn_values
from sweep.reporting.colouring import colouring
from sweep.reporting.drawing import Look
from sweep.reporting.figures import (
    curves_figure,
    gap_figure,
    heat_map_figure,
    importance_figure,
    parameter_figure,
    time_figure,
)
from sweep.reporting.heatmaps import MOST_PAIRS, heat_map, parameter_pairs
from sweep.reporting.matrices import MOST_SHOWN
from sweep.reporting.palette import Palette
from sweep.reporting.panels import (
    curve_panels,
    gap_panel,
    parameter_panel,
    train_val_panel,
)
from sweep.reporting.parallel import parallel_figure, parallel_panel
from sweep.reporting.recall_figure import MOST_CLASSES, recall_figure
from sweep.reporting.time_panels import duration_panel, throughput_panel
from sweep.reporting.two_runs import best_two, two_runs_figure
from sweep.results.importance import FOLDS, Importance
from sweep.results.results import MOST_CURVES, Results


@dataclass(frozen=True)
class Illustration:
    """A figure.

    Attributes:
        name: of its files.
        label: what it shows, for those who cannot see it.
        draw: draws it, as runs look.
    """

    name: str
    label: str
    draw: Callable[[Look], Figure]


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes:
        name: of the part, in addresses and styles.
        title: of the part.
        text: what is said about the figures.
        illustrations: the figures; there may be none.
        hint: what can be done with them on the report's page.
    """

    name: str
    title: str
    text: str
    illustrations: tuple[Illustration, ...]
    hint: str = ""


def look_of(results: Results, palette: Palette) -> Look:
    """Return how runs look in all figures of a report."""
    numbers = {run_id: number for number, run_id in enumerate(results.runs["run_id"])}
    return Look(palette, colouring(results), numbers)


def sections(results: Results) -> list[Section]:
    """Return the parts of a report, without those that there is nothing to say in."""
    parts = [
        *(_curves, _two_runs, _parameters, _parallel, _importance, _pairs),
        *(_gap, _recall, _confusion, _time),
    ]
    return [section for part in parts if (section := part(results))]


def _curves(results: Results) -> Section | None:
    panels = curve_panels(results)
    if not panels:
        return None
    by = results.main_parameter
    there = len(results.runs)
    texts = [
        f"Some of {there:,} runs, of all ranks" if there > MOST_CURVES else "All runs",
        f", coloured by {by}" if by else "",
        ", which tells runs apart best" if len(results.parameters) > 1 else "",
        ". A cross is where a run failed or was stopped.",
    ]
    hint = "Point at a curve to see which run it is; click it to find its row."
    draw = Illustration("curves", "Learning curves", partial(curves_figure, panels))
    return Section("curves", "Learning curves", "".join(texts), (draw,), hint)


def _two_runs(results: Results) -> Section | None:
    best = best_two(results)
    if best is None:
        return None
    text = "The best two, and what they measured. Run B is dashed."
    hint = "Choose others to compare them, and see the fields in which they differ."
    draw = Illustration("two-runs", "Two runs", partial(two_runs_figure, results, best))
    return Section("two-runs", "Two runs side by side", text, (draw,), hint)


def _parameters(results: Results) -> Section | None:
    if not results.parameters or results.ranked.empty:
        return None
    figures = []
    for name in results.parameters:
        label, panel = f"{results.metric} against {name}", parameter_panel(results, name)
        figures.append(Illustration(f"parameter-{name}", label, partial(parameter_figure, panel)))
    together = [
        f" Always together with {name}: {', '.join(others)}."
        for name, others in results.together.items()
        if others
    ]
    text = "A dot is a run, a bar the mean; a cross is a run that failed or was stopped."
    return Section(
        "parameters",
        f"{results.metric} against each parameter",
        text + "".join(together) + _without_null(results.runs, results.parameters),
        tuple(figures),
    )


def _parallel(results: Results) -> Section | None:
    panel = parallel_panel(results)
    if panel is None:
        return None
    count = len(panel.lines)
    some = f"Some of {panel.runs:,} runs, of all ranks" if count < panel.runs else "A line is a run"
    text = (
        f"{some}: through the values of its parameters to its {results.metric}, whose colour "
        "it has. The best run's line is the widest."
    )
    if panel.left_out:
        text += f" Of the parameters, {len(panel.axes)} are shown; not {', '.join(panel.left_out)}."
    draw = Illustration("parallel", "Parallel coordinates", partial(parallel_figure, panel))
    return Section("parallel", "All parameters at once", text, (draw,))


def _importance(results: Results) -> Section | None:
    found, title = results.importance, "Which parameter mattered"
    if len(results.parameters) < 2:
        return None
    if not isinstance(found, Importance):
        return Section("importance", title, f"Not computed: {found.reason}.", ())
    text = (
        "Permutation importance of a random forest, as scikit-learn computes it (L. Breiman, "
        "Random Forests, Machine Learning 45, 2001): how much worse "
        f"the forest predicts {results.metric} of runs that it has not seen when one parameter is "
        f"shuffled among them ({found.runs:,} runs in {FOLDS} folds; lines: standard deviation). "
    )
    if found.explained > 0:
        text += f"The forest explains {found.explained:.0%} of the variance (R²) of such runs."
    else:
        text += "The forest predicts such runs no better than their mean: do not trust the bars."
    return Section(
        "importance",
        title,
        text,
        (Illustration("importance", title, partial(importance_figure, found)),),
    )


def _pairs(results: Results) -> Section | None:
    pairs = parameter_pairs(results)
    if not pairs:
        return None
    figures = []
    for x, y in pairs[:MOST_PAIRS]:
        draw = partial(heat_map_figure, heat_map(results, x, y), results.direction)
        figures.append(Illustration(f"pair-{x}-{y}", f"Mean {results.metric} by {x} and {y}", draw))
    text = f"Mean {results.metric} over all other parameters; the brighter, the better."
    text += _without_null(results.ranked, dict.fromkeys(itertools.chain(*pairs[:MOST_PAIRS])))
    if len(pairs) > MOST_PAIRS:
        text += f" {MOST_PAIRS} of {len(pairs):,} pairs, those of the most important parameters."
    return Section("pairs", "Pairs of parameters", text, tuple(figures))


def _without_null(runs: pd.DataFrame, names: Iterable[str]) -> str:
    """Say of which parameters ``null`` is not drawn."""
    lacking = [name for name in names if drawn_values(runs[name]).count() < runs[name].count()]
    return f" Runs where it is null have no place by {', '.join(lacking)}." if lacking else ""


def _gap(results: Results) -> Section | None:
    gap, both = gap_panel(results), train_val_panel(results)
    if not gap or not both or not both.points:
        return None
    text = (
        "How much better a run is in training than in validation, epoch by epoch; what rises "
        "overfits. (Training is measured while an epoch goes on, so early gaps are negative.)"
    )
    if len(both.points) < 2:
        both = None
    else:
        text += " Right: both at the epoch that was kept; on the dashed line there is no gap."
    draw = Illustration("gap", "Gap to training", partial(gap_figure, gap, both))
    return Section("gap", "Training against validation", text, (draw,))


def _recall(results: Results) -> Section | None:
    if not results.recalls:
        return None
    title = "Recall of each class"
    text = "Which part of the test images of each class the best run got right; the worst on top."
    if len(results.recalls) > MOST_CLASSES:
        text += f" {MOST_CLASSES} of {len(results.recalls)} classes."
    draw = Illustration("recall", title, partial(recall_figure, results.recalls))
    return Section("recall", title, text, (draw,))


def _confusion(results: Results) -> Section | None:
    if not results.confusions:
        return None
    text = (
        "How many test images of each class (row) were taken for which (column). What is wrong is "
        f"the redder, the more there are. {_whose(len(results.confusions))}"
    )
    if (classes := len(results.confusions[0].names)) > MOST_SHOWN:
        text += f" {MOST_SHOWN} of {classes} classes, those with most mistakes of the best."
    return Section("confusion", "Confusion matrices", text, ())


def _whose(runs: int) -> str:
    """Say which runs' matrices there are."""
    return "Of the best run." if runs == 1 else f"Of the best run, or of one of the {runs} best."


def _time(results: Results) -> Section | None:
    duration, throughput = duration_panel(results), throughput_panel(results)
    if not duration or len(duration.points) < 2:
        return None
    text = f"Left: {results.metric} against how long each run took."
    if throughput:
        text += " Right: when each run trained, and on how many images a second (training alone)."
    draw = Illustration("time", "Time", partial(time_figure, duration, throughput))
    return Section("time", "Time and throughput", text, (draw,))
