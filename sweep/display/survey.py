"""What images there are, on the terminal."""

from collections import Counter
from collections.abc import Sequence

from sweep.data.looking.survey import Seen, Survey
from sweep.display.console import count, show_lines
from sweep.display.tables import show_table

MOST_LINES = 20  # of what is broken, and of what is there twice
MOST_SIZES = 5


def show_survey(found: Survey, parts: Sequence[str], classes: Sequence[str]) -> None:
    """Print what was found.

    Args:
        found: the images.
        parts: in their order.
        classes: their names, in their order.
    """
    for part in parts:
        images = count(sum(found.classes(part).values()), "image")
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in found.kinds(part).items())
        what = f"{kinds}; {_sizes(found.sizes(part))}" if kinds else "none can be read"
        show_lines(f"{part}: {images}: {what}")
    columns = {part: found.classes(part) for part in parts}
    cells = {"class": list(classes)}
    cells |= {part: [f"{counts[name]:,}" for name in classes] for part, counts in columns.items()}
    show_table("Images of each class", cells, right=parts)
    _show_broken(found.broken)
    _show_repeated(found.repeated())


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    named = [f"{number:,} of {w}×{h}" for (h, w), number in sizes.most_common(MOST_SIZES)]
    others = len(sizes) - MOST_SIZES
    return ", ".join([*named, *([f"and {count(others, 'other size')}"] if others > 0 else [])])


def _show_broken(broken: Sequence[Seen]) -> None:
    show_lines(f"Broken: {len(broken):,}" if broken else "Broken: none")
    show_lines(*_first([f"  {each.where}: {each.broken}" for each in broken]))


def _show_repeated(groups: Sequence[Sequence[Seen]]) -> None:
    show_lines(f"There more than once: {len(groups):,}" if groups else "There more than once: none")
    lines = []
    for group in groups:
        notes = []
        if len({each.part for each in group}) > 1:
            notes.append("in several parts")
        if len({each.label for each in group}) > 1:
            notes.append("in several classes")
        where = " = ".join(each.where for each in group)
        lines.append(f"  {where}" + (f" ({' and '.join(notes)})" if notes else ""))
    show_lines(*_first(lines))


def _first(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"  and {more:,} more"] if more > 0 else [])]
