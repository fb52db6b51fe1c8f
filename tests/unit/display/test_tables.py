import sys

import pytest

from sweep.display import console as terminal
from sweep.display.tables import show_table

CELLS = {
    "rank": ["≈ 1", "12"],
    "optim.lr": ["0.1", "1e-05"],
    "model.hidden": ["[128]", ""],
    "val/accuracy": ["0.9 ± 0.1", "0.8"],
}


def shown(capsys, monkeypatch, width, cells=CELLS):
    monkeypatch.setattr(terminal, "PLAIN_WIDTH", width)

    moved = ["optim.lr", "model.hidden"]
    rows = zip(*(cells[key] for key in moved), strict=True)
    below = [
        " ".join(f"{key}={text}" for key, text in zip(moved, row, strict=True) if text)
        for row in rows
    ]
    show_table("Title", cells, ["rank", "optim.lr"], moved, below)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("width", [44, 200])
def test_a_wide_page(capsys, monkeypatch, width):
    assert shown(capsys, monkeypatch, width) == [
        "Title",
        "",
        " rank  optim.lr  model.hidden  val/accuracy",
        " ──────────────────────────────────────────",
        "  ≈ 1       0.1  [128]         0.9 ± 0.1",
        "   12     1e-05                0.8",
        "",
    ]


@pytest.mark.parametrize("width", [33, 43])
def test_names_in_pieces(capsys, monkeypatch, width):
    assert shown(capsys, monkeypatch, width) == [
        "Title",
        "",
        "       optim.  model.  val/",
        " rank      lr  hidden  accuracy",
        " ───────────────────────────────",
        "  ≈ 1     0.1  [128]   0.9 ± 0.1",
        "   12   1e-05          0.8",
        "",
    ]


def test_settings_below_their_row(capsys, monkeypatch):
    assert shown(capsys, monkeypatch, 32) == [
        "Title",
        "",
        " rank  val/accuracy",
        " ──────────────────",
        "  ≈ 1  0.9 ± 0.1",
        "       optim.lr=0.1",
        "       model.hidden=[128]",
        "   12  0.8",
        "       optim.lr=1e-05",
        "",
    ]


def test_words_that_are_longer_than_the_page(capsys, monkeypatch):
    cells = {**CELLS, "model.hidden": ["[128,128,128,128,128,128]", ""]}
    lines = shown(capsys, monkeypatch, 32, cells)
    assert lines[5:7] == ["       optim.lr=0.1", "       model.hidden=[128,128,128,128,128,128]"]


def test_a_page_without_lines(capsys, monkeypatch):
    """What the encoding lacks becomes a question mark; the rules of tables, hyphens."""
    sys.stdout.reconfigure(encoding="ascii")
    lines = shown(capsys, monkeypatch, 32)
    assert lines[3:5] == [" ------------------", "  ? 1  0.9 ? 0.1"]
