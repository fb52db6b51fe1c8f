"""What came of an export."""

from sweep.display.console import show_lines
from sweep.exporting.export import Exported


def show_exported(exported: Exported) -> None:
    """Print how an exported network answers, and where it is."""
    if found := exported.comparison:
        show_lines(
            f"{found.by} beside {found.reference}, {found.images}: {_classes(found.differing)}"
            f"largest difference of a score {found.difference:.1e}"
        )
    else:
        show_lines("Not compared: MXNet, which would tell what is right, is not installed here")
    show_lines(f"Written: {exported.file}")


def _classes(differing: int | None) -> str:
    if differing is None:  # a model that predicts numbers
        return ""
    if differing <= 1:
        return f"{'one' if differing else 'no'} other class, "
    return f"{differing:,} other classes, "
