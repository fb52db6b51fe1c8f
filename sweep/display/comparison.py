"""A comparison of a recorded run with the same run trained again, printed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from sweep.display.console import console, count, show_lines

if TYPE_CHECKING:
    from sweep.runs.reproduce import Comparison


def show_comparisons(comparisons: "Sequence[Comparison]") -> None:
    """Print for each metric whether it came out identical, and where it did not."""
    table = Table(title=Text("Trained again"), title_justify="left", title_style="bold")
    table.box = box.SIMPLE_HEAD
    for name in ("metric", "values", "", "first at epoch", "recorded", "now", "largest difference"):
        table.add_column(name, justify="left" if name in ("metric", "") else "right")
    for each in comparisons:
        row = [each.metric, str(each.epochs)]
        if each.first is None:
            row.append("identical")
        else:
            epoch, recorded, now = each.first
            shown = "missing" if now is None else repr(now)
            row += ["not identical", str(epoch), repr(recorded), shown, f"{each.largest:.1e}"]
        table.add_row(*map(Text, row))
    console().print(table)
    same = sum(each.first is None for each in comparisons)
    show_lines(f"{same:,} of {count(len(comparisons), 'metric')} identical to the last bit")


def show_environment(differences: Mapping[str, tuple[str, str]]) -> None:
    """Print what is not as it was; each key with the recorded value and the one now."""
    if not differences:
        show_lines("The environment is the recorded one: same versions, processor and commit.")
        return
    table = Table(title=Text("Environment"), title_justify="left", title_style="bold")
    table.box = box.SIMPLE_HEAD
    for name in ("", "recorded", "now"):
        table.add_column(name, overflow="fold")
    for key, (then, now) in differences.items():
        table.add_row(Text(key), Text(then), Text(now))
    console().print(table)
