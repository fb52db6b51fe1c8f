"""What was predicted beside what is true, drawn by matplotlib: a cloud around a line."""

from matplotlib.figure import Figure

from sweep.plotting.style import BLUE, VERMILION
from sweep.runs.figures import Predicted

DPI = 100
SIDE = 4.6  # of one plot, in inches
MARGIN = 0.05
MOST_PLOTS = 6


def draw_predicted(predicted: list[Predicted], title: str) -> Figure:
    """Draw a plot for each number that is predicted, of which only the first few are shown.

    Args:
        predicted: what was predicted, and what is true.
        title: above them all.
    """
    shown = predicted[:MOST_PLOTS]
    figure = Figure(figsize=(SIDE * len(shown), SIDE + 0.3), dpi=DPI, layout="constrained")
    figure.suptitle(title, fontsize=10, parse_math=False)
    for axes, each in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        axes.plot(each.truth, each.answer, ".", color=BLUE, markersize=4, alpha=0.6)
        low, high = each.limits
        margin = MARGIN * (high - low) or 0.5
        limits = (low - margin, high + margin)
        axes.plot(limits, limits, color=VERMILION, linewidth=1)
        axes.set(xlim=limits, ylim=limits, xlabel="true", ylabel="predicted", aspect="equal")
        name = f"number {each.number}: " if len(predicted) > 1 else ""
        axes.set_title(f"{name}R² {each.explained:.3f}", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
    return figure
