"""The terminal: its width and colours, and plain lines."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from sweep.errors import printable

PLAIN_WIDTH = 200
NARROW = 64  # columns, below which there is room for a name and little else


class _Console(Console):
    """One on which no text can write all over the terminal.

    It leaves it to the program what becomes of it when its output is not read any more.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the pieces of what is printed, of which Rich's own may move the cursor."""
        for each in super().render(renderable, options):
            yield each if each.control else each._replace(text=printable(each.text))

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError that is being handled."""
        raise


def console() -> Console:
    """Return the terminal's width and colours, or a wide colourless page where there is none."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what its encoding lacks, ± say, becomes a ?
    found = _Console(highlight=False)
    return found if found.is_terminal else _Console(highlight=False, width=PLAIN_WIDTH)


@contextmanager
def silent() -> Iterator[None]:
    """Keep from the terminal what libraries, and programs that they start, write as errors."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def show_lines(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        console().print(line, markup=False, soft_wrap=True)  # a wrapped command cannot be pasted


def count(number: int | str, noun: str) -> str:
    """Return ``1 run``, ``2 runs`` or ``10,000 runs``; of ``5 or 10``, ``5 or 10 runs``."""
    told = number if isinstance(number, str) else f"{number:,}"
    return f"{told} {noun}" if told == "1" else f"{told} {noun}s"
