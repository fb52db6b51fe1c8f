"""What is to be removed, on the terminal."""

from sweep.display.console import show_lines
from sweep.display.tables import show_table
from sweep.results.removal import Piece, Removal, size

MB = 1e6


def show_removal(removal: Removal) -> bool:
    """Print what is to be removed, and how large it is; return whether there is anything."""
    show_lines(*(f"Kept: {line}" for line in removal.lines))
    parts: dict[str, list[Piece]] = {}
    for item in removal.items.values():
        for piece in item.pieces:
            parts.setdefault(piece.what, []).append(piece)
    if not parts:
        show_lines("There is nothing to remove.")
        return False
    sizes = [sum(size(each.path) for each in those if each.path) / MB for those in parts.values()]
    cells = {
        "what": [*parts, "together"],
        "number": [*(f"{len(those):,}" for those in parts.values()), ""],
        "MB": [f"{each:,.1f}" for each in (*sizes, sum(sizes))],
    }
    show_table("To be removed", cells, ["number", "MB"])
    return True
