import io

import pytest
from rich.console import Console

from sweep.display import run as run_display
from sweep.display import sweep as sweep_display
from sweep.display.run import RunDisplay, RunLines
from sweep.display.sweep import Row, SweepDisplay
from sweep.runs.events import (
    PAUSED,
    UNDECIDED,
    AlreadyTrained,
    Ended,
    EpochKept,
    Notice,
    Recorded,
    Retried,
    Started,
)
from sweep.training.selection import EpochRecord

NAMES = ["lenet tanh [a]", "mlp relu", "mlp tanh", "mlp sigmoid"]


def trained(epoch, seconds, loss=0.5, accuracy=0.25, split="val"):
    metrics = {"train/loss": 1.23456, "train/accuracy": 0.75}
    metrics |= {f"{split}/loss": loss, f"{split}/accuracy": accuracy}
    return EpochRecord(epoch, metrics | {"epoch_seconds": seconds, "images_per_second": 9.0})


def kept(record):
    return EpochKept(
        record, {"best_epoch": record.epoch, "test/loss": 0.3, "test/accuracy": 0.87654}
    )


def started(number, epochs, before=0):
    return Started(NAMES[number], f"id {number}", epochs, before)


# --- lines ---

STORY = [
    Started("mlp relu [x]", "id", 3),
    trained(1, 2.04),
    trained(2, 10.0, 0.4, 0.30004),
    kept(trained(2, 10.0, 0.4, 0.30004)),
    Ended("FINISHED"),
]
EPOCH_1 = (
    "epoch 1/3  train/loss 1.2346  train/accuracy 0.7500  val/loss 0.5000  val/accuracy 0.2500"
    "  2.0 s, 4 s left"
)
EPOCH_2 = (
    "epoch 2/3  train/loss 1.2346  train/accuracy 0.7500  val/loss 0.4000  val/accuracy 0.3000"
    "  10.0 s, 10 s left"
)
KEPT = "epoch 2 kept: val/accuracy 0.3000  test/accuracy 0.8765"


@pytest.mark.parametrize(("label", "indent"), [("", "  "), ("run 12: ", "run 12: ")])
def test_lines_of_a_run(label, indent):
    lines = RunLines(label)
    assert [lines.line(event) for event in STORY] == [
        f"{label}mlp relu [x]",
        f"{indent}{EPOCH_1}",
        f"{indent}{EPOCH_2}",
        f"{indent}{KEPT}",
        "",
    ]
    assert lines.line(Ended("FAILED", "because [of]")) == f"{indent}failed: because [of]"
    assert lines.line(Ended("KILLED")) == f"{indent}interrupted: recorded as KILLED"


def test_lines_of_a_run_that_is_tested_after_every_epoch():
    lines = RunLines("")
    lines.line(Started("a", "id", 1))
    record = trained(1, 1.0, split="test")
    assert lines.line(record) == (
        "  epoch 1/1  train/loss 1.2346  train/accuracy 0.7500  test/loss 0.5000"
        "  test/accuracy 0.2500  1.0 s, 0 s left"
    )
    assert lines.line(EpochKept(record, {})) == "  epoch 1 kept: test/accuracy 0.2500"


TROUBLE = [
    Notice("a checkpoint [is] damaged"),
    Recorded("id"),
    Started("mlp relu [x]", "id", 9, epochs_before=7),
    trained(8, 2.0),
    Retried("its process was killed by SIGKILL", 2, 3),
    AlreadyTrained("mlp relu [x]", "id"),
]
TROUBLE_LINES = [
    "a checkpoint [is] damaged",
    "mlp relu [x] (goes on after epoch 7)",
    "epoch 8/9  train/loss 1.2346  train/accuracy 0.7500  val/loss 0.5000  val/accuracy 0.2500"
    "  2.0 s, 2 s left",
    "its process was killed by SIGKILL: retry 2 of 3",
    "mlp relu [x] is trained already: run id (rerun=true trains it again)",
]


def test_lines_of_a_run_with_a_past(capsys):
    lines = RunLines("run 5: ")
    found = [line for event in TROUBLE if (line := lines.line(event))]
    assert found == [f"run 5: {line}" for line in TROUBLE_LINES]
    display = RunDisplay()
    for event in TROUBLE:
        display(event)
    indented = [f"  {line}" if line.startswith("epoch") else line for line in TROUBLE_LINES]
    assert capsys.readouterr().out.splitlines() == indented


def test_a_single_run_is_shown_as_lines(capsys):
    display = RunDisplay()
    for event in STORY:
        display(event)
    lines = ["mlp relu [x]", f"  {EPOCH_1}", f"  {EPOCH_2}", f"  {KEPT}"]
    assert capsys.readouterr().out.splitlines() == lines


def test_a_sweep_is_shown_as_lines(capsys):
    with SweepDisplay([Row(number, NAMES[number], 1.0) for number in range(4)]) as display:
        display(0, started(0, 2))
        display(2, started(2, 1))
        display(0, trained(1, 2.04))
        display(2, Ended("FAILED", "its end"))
        display(2, Ended("FAILED", "what its process adds"))
        display(0, trained(2, 1.0))
        display(0, kept(trained(2, 1.0)))
        display(0, Ended("FINISHED"))
        display(1, started(1, 3))
        display(1, Ended("KILLED"))
    *lines, last = capsys.readouterr().out.splitlines()
    measured = "train/loss 1.2346  train/accuracy 0.7500  val/loss 0.5000  val/accuracy 0.2500"
    assert lines == [
        "run 0: lenet tanh [a]",
        "run 2: mlp tanh",
        f"run 0: epoch 1/2  {measured}  2.0 s, 2 s left",
        "run 2: failed: its end",
        f"run 0: epoch 2/2  {measured}  1.0 s, 0 s left",
        "run 0: epoch 2 kept: val/accuracy 0.2500  test/accuracy 0.8765",
        "run 1: mlp relu",
        "run 1: interrupted: recorded as KILLED",
    ]
    assert last.startswith("4 runs: 1 queued, 1 done, 1 failed, 1 interrupted, in 0:00:0")


def test_a_run_that_is_paused_has_not_ended(capsys):
    with SweepDisplay([Row(number, NAMES[number], 4.0) for number in range(3)]) as display:
        display(0, started(0, 2))
        display(0, trained(1, 2.0))
        display(0, Ended(PAUSED, "paused after epoch 1"))
        assert display.counts() == "3 runs: 1 paused, 2 queued"
        assert display.seconds_left() == (2 + 4 + 4) * 2.0 / 2.0
        display(0, started(0, 2, 1))
        display(0, trained(2, 2.0))
        display(0, Ended("FINISHED"))
        display(1, Ended("KILLED", "killed by sweep control"))
        assert display.counts() == "3 runs: 1 queued, 1 done, 1 interrupted"
    lines = capsys.readouterr().out.splitlines()
    assert "run 0: paused after epoch 1" in lines
    assert "run 1: killed by sweep control: recorded as KILLED" in lines


# --- rows ---


def test_a_row_learns_what_its_run_tells():
    row = Row(3, "overrides", 12.0)
    assert (row.status, row.trained, row.seconds_left) == ("queued", 0, None)
    row.advance(started(1, 4))
    assert (row.status, row.name, row.epochs) == ("running", "mlp relu", 4)
    assert (row.trained, row.seconds_left) == (0, None)
    row.advance(trained(1, 2.5))
    assert (row.trained, row.seconds_left) == (3.0, 7.5)
    row.advance(trained(3, 4.0))
    assert (row.trained, row.seconds_left) == (9.0, 4.0)
    row.advance(Ended("FINISHED"))
    assert (row.status, row.seconds_left) == ("FINISHED", None)
    row.advance(Ended("FAILED", "too late"))
    assert row.status == "FINISHED"


def test_a_row_ends_as_it_is_told_first():
    row = Row(0, "overrides", 1.0)
    row.advance(Ended("FAILED", "never began"))
    row.advance(Ended("KILLED"))
    assert row.status == "FAILED"


def test_a_row_of_a_run_with_a_past():
    row = Row(0, "overrides", 12.0)
    row.advance(Notice("anything"))
    row.advance(Recorded("id"))
    assert (row.status, row.name, row.trained) == ("queued", "overrides", 0)
    row.advance(Started("name", "id", 6, epochs_before=3))
    assert (row.status, row.trained, row.seconds_left) == ("running", 0.0, None)
    row.advance(trained(4, 2.5))
    assert (row.trained, row.seconds_left) == (4.0, 5.0)  # of the three that were left
    row.advance(Retried("its end", 1, 1))
    assert (row.status, row.last, row.seconds_left) == ("queued", None, None)
    row.advance(Started("name", "id", 6, epochs_before=4))
    assert (row.status, row.trained) == ("running", 4.0)
    row.advance(Ended("FINISHED"))
    assert row.status == "FINISHED"


def test_a_row_of_a_run_that_was_trained_before():
    row = Row(0, "overrides", 12.0)
    row.advance(AlreadyTrained("name", "id"))
    assert (row.status, row.name) == ("FINISHED", "name")


def test_counts_of_runs_with_a_past():
    display = SweepDisplay([Row(number, NAMES[number], 100.0) for number in range(4)])
    display(0, started(0, 10))
    display(1, AlreadyTrained("mlp relu", "id"))
    assert display.counts() == "4 runs: 1 running, 2 queued, 1 done"
    display(2, Notice("another process trains this combination: waiting for it"))
    assert display.counts() == "4 runs: 1 running, 2 queued, 1 done"
    display(0, Retried("its end", 1, 1))
    assert display.counts() == "4 runs: 3 queued, 1 done"
    display(0, Started(NAMES[0], "id", 10, epochs_before=5))
    display(0, trained(6, 3.0))  # 10 of work in 3 s; 240 are left, one at a time
    assert display.counts() == "4 runs: 1 running, 2 queued, 1 done"
    assert display.seconds_left() == pytest.approx(240 * 0.3)


@pytest.mark.parametrize(
    ("event", "line", "status"),
    [
        (Retried("its end", 1, 1), "run 0: its end: retry 1 of 1\n", "queued"),
        (Ended("FAILED", "its end"), "run 0: failed: its end\n", "FAILED"),
        (Started("name", "id", 10, epochs_before=5), "", "5/10"),
    ],
)
def test_a_run_that_others_interrupted_is_seen_to_further(terminal, event, line, status):
    with SweepDisplay([Row(0, "name", 100.0)]) as display:
        display(0, Started("name", "id", 10))
        display(0, Ended("KILLED"))
        display(0, event)
        table, summary = drawn(display)
    assert table[1:] == ([] if status == "queued" else [["0", "name", status]])  # and once
    assert "interrupted" not in summary
    assert line in terminal.file.getvalue()


def test_a_run_that_pauses_and_goes_on(capsys):
    reason = "asha decides whether it goes on after epoch 1"
    display = SweepDisplay([Row(0, NAMES[0], 1.0), Row(1, NAMES[1], 1.0)])
    with display:
        for number in (0, 1):
            for event in (started(number, 3), trained(1, 2.04), Ended(UNDECIDED, reason)):
                display(number, event)
        assert display.counts() == "2 runs: 2 paused"
        display.add(1, NAMES[1], 1.0)
        assert display.counts() == "2 runs: 1 paused, 1 queued"
        display(1, Started(NAMES[1], "id 1", 3, 1))
        display(1, trained(2, 1.0))
        assert display.counts() == "2 runs: 1 running, 1 paused"
        display(1, Ended("FINISHED"))
    lines = capsys.readouterr().out.splitlines()
    assert lines.count(f"run 0: pauses: {reason}") == lines.count(f"run 1: pauses: {reason}") == 1
    assert f"run 1: {NAMES[1]} (goes on after epoch 1)" in lines
    assert lines[-1].startswith("2 runs: 1 paused, 1 done, in ")


def test_the_time_left_is_that_of_the_work_left(capsys):
    rows = [Row(0, "a", 100.0), Row(1, "b", 100.0), Row(2, "c", 60.0), Row(3, "d", 60.0)]
    display = SweepDisplay(rows)
    assert display.seconds_left() is None
    assert display.summary() == "4 runs: 4 queued"
    display(0, started(0, 10))
    display(1, started(1, 10))
    assert display.seconds_left() is None
    assert display.summary() == "4 runs: 2 running, 2 queued"
    display(0, trained(1, 3.0))  # 10 of work in 3 s; 310 are left, for two at once
    assert display.seconds_left() == pytest.approx(310 * 0.3 / 2)
    assert display.summary() == "4 runs: 2 running, 2 queued; about 0:00:46 left"  # 46.5, to even
    display(1, trained(1, 5.0))  # 20 in 8 s; 300 are left: 60 s
    assert display.seconds_left() == pytest.approx(60)
    display(0, Ended("FAILED", "early"))  # 90 + 60 + 60 are left: 42 s; but run 1 needs 9·5 s
    assert display.seconds_left() == pytest.approx(45)
    assert display.summary() == ("4 runs: 1 running, 2 queued, 1 failed; about 0:00:45 left")
    display(1, Ended("FINISHED"))
    display(2, Ended("KILLED"))
    display(3, Ended("FINISHED"))
    assert display.seconds_left() == 0
    assert display.summary() == "4 runs: 2 done, 1 failed, 1 interrupted"


# --- on a terminal ---


@pytest.fixture
def terminal(monkeypatch):
    """Stand in for a terminal of 100 columns."""
    found = Console(
        force_terminal=True, width=100, height=40, file=io.StringIO(), highlight=False, _environ={}
    )
    monkeypatch.setattr(sweep_display, "console", lambda: found)
    monkeypatch.setattr(run_display, "console", lambda: found)
    return found


def drawn(display):
    """Return the table's rows, split where there are two blanks or more; and the line above it."""
    page = Console(width=100, file=io.StringIO())
    page.print(display._draw())
    lines = [line.strip() for line in page.file.getvalue().splitlines()]
    first, *rows = [[cell.strip() for cell in line.split("  ") if cell] for line in lines if line]
    return [row for row in rows if not row[0].startswith("─")], " ".join(first)


def test_the_table_on_a_terminal(terminal):
    rows = [Row(number, NAMES[number % 4], 60.0) for number in range(9)]
    with SweepDisplay(rows) as display:
        assert drawn(display) == (
            [["#", "run", "epoch", "loss", "accuracy", "left"]],
            "9 runs: 9 queued",
        )
        for number in (0, 1, 2):
            display(number, started(number, 6))
        display(0, trained(2, 90.0, 0.12345, 0.98765))  # one epoch told: 10 of work in 90 s
        display(1, trained(1, 90.0))
        display(1, kept(trained(1, 90.0)))
        display(1, Ended("FINISHED"))
        display(2, Ended("FAILED", "its process was killed by SIGKILL"))
        display(3, started(3, 6))
        table, summary = drawn(display)
    assert table == [
        ["#", "run", "epoch", "loss", "accuracy", "left"],
        ["1", "mlp relu", "done", "0.5000", "0.2500"],
        ["2", "mlp tanh", "FAILED"],
        ["0", "lenet tanh [a]", "2/6", "0.1235", "0.9877", "0:06:00"],
        ["3", "mlp sigmoid", "0/6"],
    ]
    # 60 - 20 of run 0, and 60 of each of run 3 and the five queued: 400 at 9 s, three at once
    assert summary == "9 runs: 2 running, 5 queued, 1 done, 1 failed; about 0:20:00 left"
    shown = terminal.file.getvalue()
    assert "0:06:00" in shown
    assert "run 2: failed: its process was killed by SIGKILL" in shown
    assert "epoch 2/6" not in shown  # no lines: the table has it


def test_the_table_has_the_last_that_ended_alone(terminal):
    display = SweepDisplay([Row(number, NAMES[number % 4], 1.0) for number in range(9)])
    for number in range(8):
        display(number, started(number % 4, 1))
        display(number, Ended("FINISHED"))
    table, summary = drawn(display)
    assert [row[0] for row in table] == ["#", "3", "4", "5", "6", "7"]
    assert summary == "9 runs: 1 queued, 8 done"


def test_a_single_run_on_a_terminal(terminal):
    display = RunDisplay()
    for event in [*STORY[:-1], Ended("FAILED", "at last [x]")]:
        display(event)
    shown = terminal.file.getvalue()
    assert "mlp relu [x]" in shown
    assert "2/3" in shown
    assert KEPT in shown.replace("\n", " ")
    assert "  failed: at last [x]\n" in shown


def test_what_is_to_be_known_is_said_above_the_table(terminal):
    with SweepDisplay([Row(number, NAMES[number], 60.0) for number in range(3)]) as display:
        display(0, Started(NAMES[0], "id", 6, epochs_before=4))
        display(0, Notice("a checkpoint [is] damaged"))
        display(1, AlreadyTrained("mlp relu", "id"))
        display(2, started(2, 6))
        display(2, Retried("its end", 1, 2))
        table, summary = drawn(display)
    assert table[1:] == [["1", "mlp relu", "done"], ["0", "lenet tanh [a]", "4/6"]]
    assert summary == "3 runs: 1 running, 1 queued, 1 done"
    shown = terminal.file.getvalue()
    assert "run 0: a checkpoint [is] damaged\n" in shown
    assert "run 2: its end: retry 1 of 2\n" in shown
    assert "trained already" not in shown  # the table has it


def test_a_single_run_with_a_past_on_a_terminal(terminal):
    display = RunDisplay()
    for event in [*TROUBLE[:4], Ended("KILLED")]:
        display(event)
    display(TROUBLE[-1])
    shown = terminal.file.getvalue()
    assert f"{TROUBLE_LINES[0]}\n" in shown
    assert "7/9" in shown and "8/9" in shown
    assert f"{TROUBLE_LINES[-1]}\n" in shown


def test_a_single_run_that_goes_on_in_another_process_on_a_terminal(terminal):
    display = RunDisplay()
    display(Started("mlp", "id", 9))
    display(Retried("its [end]", 1, 2))
    assert "its [end]: retry 1 of 2\n" in terminal.file.getvalue()
    display(Started("mlp", "id", 9, epochs_before=4))
    display(Ended("FINISHED"))
    assert "4/9" in terminal.file.getvalue()
