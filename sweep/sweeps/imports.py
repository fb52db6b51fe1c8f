"""What shows and draws a sweep's results, imported while its runs train."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from threading import Timer

from sweep.execution.foreign import AnyLauncher

SHOWS = ("scipy.special", "sweep.display.leaderboard", "sweep.sweeps.description")
DRAWS = ("sweep.results.results", "sweep.reporting.page", "matplotlib.backends.backend_svg")
LATER_SECONDS = 2.0  # the first runs are started before


@contextmanager
def imported_meanwhile(launcher: AnyLauncher, draws: bool) -> Iterator[None]:
    """Import what the end of a sweep needs, in a thread: a second that nobody then waits for.

    Args:
        launcher: trains the runs. One that may fork this process meanwhile gets no such thread: a
            fork would have the locks of what is half imported, and nobody who lets go of them.
        draws: whether there will be a report.
    """
    if launcher.may_fork:
        yield
        return
    importing = Timer(LATER_SECONDS, _import, [[*SHOWS, *(DRAWS if draws else ())]])
    importing.daemon = True
    importing.start()
    try:
        yield
    finally:
        importing.cancel()  # if it has not begun: who needs it imports it now


def _import(modules: Sequence[str]) -> None:
    for each in modules:
        with suppress(Exception):  # whoever needs it imports it again, and says what is wrong
            import_module(each)
