"""Terminals that are narrow, or cannot draw."""

import io

import pytest
from rich.console import Console

from sweep.display import console as terminal
from sweep.display import run as run_display
from sweep.display import sweep as sweep_display
from sweep.display.run import RunDisplay
from sweep.display.sweep import Row, SweepDisplay
from sweep.runs.events import Ended, EpochKept, Started
from sweep.training.selection import EpochRecord

NAME = "optim.lr=0.1 lenet tanh"
METRICS = {"train/loss": 1.0, "val/loss": 0.5, "val/accuracy": 0.25, "epoch_seconds": 2.0}
FIRST = EpochRecord(1, METRICS)
STORY = [Started(NAME, "id", 3), FIRST, EpochKept(FIRST, {}), Ended("FINISHED")]


@pytest.fixture
def page(request, monkeypatch):
    """A terminal of some kind and width, to which all is printed."""
    kind, width = getattr(request, "param", ("xterm", 100))
    environment = {"TERM": kind, "COLUMNS": str(width)}
    found = Console(
        file=io.StringIO(), force_terminal=True, width=width, _environ=environment, highlight=False
    )
    for module in (terminal, run_display, sweep_display):
        monkeypatch.setattr(module, "console", lambda: found)
    return found


def lines(page):
    return page.file.getvalue().splitlines()


@pytest.mark.parametrize("page", [("dumb", 80), ("unknown", 80)], indirect=True)
def test_a_dumb_terminal_has_a_line_for_each_epoch(page):
    display = RunDisplay()
    for event in STORY:
        display(event)
    assert lines(page)[0] == NAME
    assert lines(page)[1].startswith("  epoch 1/3  train/loss 1.0000")


@pytest.mark.parametrize("page", [("dumb", 80)], indirect=True)
def test_a_sweep_on_a_dumb_terminal(page):
    with SweepDisplay([Row(0, NAME, 1.0)]) as display:
        for event in STORY:
            display(0, event)
    first, second, _, last = lines(page)
    assert first == f"run 0: {NAME}"
    assert second.startswith("run 0: epoch 1/3")
    assert last.startswith("1 run: 1 done, in ")


@pytest.mark.parametrize(("page", "is_whole"), [(("xterm", 40), True)], indirect=["page"])
def test_a_narrow_terminal_shows_the_names_of_runs(page, is_whole):
    display = SweepDisplay([Row(0, NAME, 1.0)])
    display(0, STORY[0])
    page.print(display._draw())
    assert (NAME in page.file.getvalue()) is is_whole
    assert "1 run: 1 running" in page.file.getvalue()


@pytest.mark.parametrize("page", [("xterm", 40), ("xterm", 100)], indirect=True)
def test_what_all_runs_have_is_said_once(page):
    names = [f"optim.lr=0.{number} epochs=3 lenet tanh mnist_5k" for number in range(1, 4)]
    display = SweepDisplay(
        [Row(number, f"optim.lr=0.{number + 1} epochs=3", 1.0) for number in range(3)]
    )
    display(0, Started(names[0], "id", 3))
    display(1, Started(names[1], "id", 3))
    page.print(display._draw())
    shown = [line.rstrip() for line in lines(page) if line.strip()]
    assert shown[:2] == ["3 runs: 2 running, 1 queued", "all runs: epochs=3 lenet tanh mnist_5k"]
    rows = [line.split() for line in shown[4:]]
    assert rows == [["0", "optim.lr=0.1", "0/3"], ["1", "optim.lr=0.2", "0/3"]]


@pytest.mark.parametrize("page", [("xterm", 40)], indirect=True)
def test_a_narrow_terminal_shows_the_name_of_a_run(page):
    display = RunDisplay()
    for event in STORY:
        display(event)
    assert lines(page)[0] == NAME
    assert "1/3" in page.file.getvalue()
    assert "epoch 1 kept: val/accuracy 0.2500" in page.file.getvalue()
