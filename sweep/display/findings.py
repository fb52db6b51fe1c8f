"""What ``sweep doctor`` found, on the terminal."""

from sweep.display.console import show_lines

SIGNS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}


def show_finding(about: str, state: str, found: str, advice: str) -> None:
    """Print one thing that was looked at, and below it what to do about it.

    Args:
        about: what it was.
        state: ``ok``, ``note`` or ``wrong``.
        found: what was found.
        advice: what to do; may be nothing.
    """
    show_lines(f"{SIGNS[state]}  {about}: {found}")
    if advice:
        show_lines(f"       {advice}")
