"""What a network was given, drawn: a cell for each answer, with both pictures."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweep.data.photographs.answers import Answer
from sweep.data.photographs.pictures import Picture
from sweep.display.seen import GAP, SIDE, check_drawing, draw_seen, write_seen
from sweep.errors import UserError
from sweep.runs.paper import ACCENT, TITLE_HEIGHT

GIVEN = np.zeros((1, 28, 28), np.float32)
GIVEN[0, :, 14:] = 1
SOURCE = np.full((3, 50, 100), 0.5, np.float32)


def answer(*doubts):
    return Answer(Picture(Path("a.png"), GIVEN, ()), "7", 0.99, doubts)


def has(image, colour):
    return (np.asarray(image) == np.array(colour)).all(axis=-1).any()


def test_the_picture_and_what_was_made_of_it_are_side_by_side():
    drawn = draw_seen([answer()], [SOURCE])
    pixels = np.asarray(drawn)
    middle = TITLE_HEIGHT + SIDE // 2
    assert pixels[middle, GAP + SIDE // 2].tolist() == [128, 128, 128]
    right = GAP + SIDE + GAP // 2
    assert pixels[middle, right + SIDE // 4].tolist() == [0, 0, 0]
    assert pixels[middle, right + 3 * SIDE // 4].tolist() == [255, 255, 255]
    accent = tuple(int(ACCENT[place : place + 2], 16) for place in (1, 3, 5))
    assert not has(drawn, accent)
    assert has(draw_seen([answer("its strokes are thicker")], [SOURCE]), accent)


def test_rows_of_four():
    sizes = [draw_seen([answer()] * count, [SOURCE] * count).size for count in (1, 4, 5)]
    assert sizes[1][0] == sizes[2][0] > sizes[0][0]
    assert sizes[0][1] == sizes[1][1] < sizes[2][1]


def test_it_is_written_whole():
    write_seen([answer()], [SOURCE], Path("seen.png"))
    with Image.open("seen.png") as image:
        assert image.format == "PNG"
    assert [each.name for each in Path.cwd().iterdir()] == ["seen.png"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("seen.svg", "--show seen.svg: allowed is a file that ends in .png"),
        ("no/seen.png", "--show no/seen.png: there is no folder no"),
    ],
)
def test_files_that_cannot_be_drawn_into(file, message):
    with pytest.raises(UserError) as raised:
        check_drawing(Path(file))
    assert str(raised.value) == message


def test_a_file_that_cannot_be_written():
    Path("seen.png").mkdir()
    with pytest.raises(UserError, match="^--show seen.png: cannot be written: Is a directory$"):
        write_seen([answer()], [SOURCE], Path("seen.png"))
