"""Digits on photographs and scans: found on whatever they are written, as on clean paper."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sweep.data.formats.mnist import Mnist, read_packaged
from sweep.data.photographs import photographs, pictures
from sweep.data.photographs.photographs import each_digit, one_digit
from sweep.data.photographs.pictures import Picture, at_most, read
from sweep.data.photographs.pieces import Pieces
from sweep.errors import UserError

DIGITS = np.rint(read_packaged().test_images[:, 0] * 255).astype(np.uint8)
SIDE, DRAWN = 128, 84
PAPER, INK = 230.0, 30.0
LINE = np.linspace(-1, 1, SIDE)


def share(number, side=DRAWN):
    """How much ink of a digit is where."""
    drawn = Image.fromarray(DIGITS[number]).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(drawn, float) / 255


def page(number=0):
    levels, edge = np.full((SIDE, SIDE), PAPER), (SIDE - DRAWN) // 2
    levels[edge:-edge, edge:-edge] += (INK - PAPER) * share(number)
    return levels


def picture(levels):
    pixels = np.rint(np.clip(levels, 0, 255)).astype(np.float32) / 255
    pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return Picture(Path("a.png"), np.ascontiguousarray(pixels), ())


def found(levels):
    return each_digit(picture(levels), (28, 28), Mnist.framing)


def noise(sigma, shape=(SIDE, SIDE)):
    return np.random.default_rng(0).normal(0, sigma, shape)


def speck(levels):
    levels[6:10, 8:12] = INK
    return levels


def ruled(levels):
    levels[4::18] = levels[5::18] = INK
    return levels


def graph_paper(levels):
    for first in (3, 4):
        levels[first::16] = np.minimum(levels[first::16], 110)
        levels[:, first::16] = np.minimum(levels[:, first::16], 110)
    return levels


def framed(levels):
    inside, levels = 255 - levels, np.full((SIDE, SIDE), 255.0)
    levels[6:-6, 6:-6] = inside[6:-6, 6:-6]
    return levels


def punched(levels):
    rows, columns = np.indices(levels.shape)
    levels[np.hypot(rows - 20, columns - 12) < 7] = 60
    return levels


def coloured(ink, paper):
    def draw(levels):
        of_ink = ((levels - PAPER) / (INK - PAPER))[..., None]
        return of_ink * ink + (1 - of_ink) * paper

    return draw


def on_a_table(levels):
    levels[:, : SIDE // 12] = 90
    return levels


def askew_on_wood(levels):
    rows, columns = LINE[:, None], LINE
    beside = (columns - 0.07 * rows > 0.88) | (rows + 0.07 * columns < -0.9)
    return np.where(beside, 90 + noise(15), levels)


def shadow(levels):
    return levels * np.where(LINE + 0.2 * LINE[:, None] > 0.1, 0.5, 1)


FITTED = "128×128 fitted into 20×20"
SPOILED = {
    "clean": (lambda levels: levels, "inverted"),
    "speck": (speck, "inverted, 1 speck left out"),
    "falling off": (lambda levels: levels - 60 * (LINE**2 + LINE[:, None] ** 2) / 2, "inverted"),
    "slope": (lambda levels: levels - 60 * (LINE + 1), "inverted"),
    "ruled": (ruled, None),
    "graph paper": (graph_paper, None),
    "frame": (framed, ""),
    "noise": (lambda levels: levels + noise(8), "inverted"),
    "shadow": (shadow, None),
    "hole": (punched, "inverted, 1 speck left out"),
    "table": (on_a_table, None),
    "wood": (askew_on_wood, "inverted, 1 frame left out"),
    "dark": (lambda levels: 255 - levels, ""),
    "faint": (lambda levels: 180 + (levels - PAPER) / 10, "inverted"),
    "red on green": (coloured((200, 60, 60), (60, 131, 60)), None),
    "yellow on green": (coloured((250, 220, 60), (20, 80, 60)), "made grey"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_digit_is_seen_as_on_clean_paper(name):
    spoil, steps = SPOILED[name]
    for number in (0, 3):
        (clean,), (seen,) = found(page(number)), found(spoil(page(number)))
        alike = np.corrcoef(clean.pixels.ravel(), seen.pixels.ravel())[0, 1]
        assert alike > (0.8 if "line" in str(seen.steps) else 0.9), (number, alike)
        assert (seen.pixels.shape, seen.pixels.dtype) == ((1, 28, 28), np.float32)
        assert 0.9 < seen.pixels.max() <= 1 and seen.pixels.min() == 0
        if steps is not None:
            assert ", ".join(seen.steps).startswith(steps)
            assert FITTED in seen.steps


@pytest.mark.parametrize("edge", [4, 8])
def test_a_digit_that_fills_its_picture_is_seen_as_on_a_page(edge):
    for number in (1, 3, 6, 9):
        drawn = np.argwhere(page(number) < (PAPER + INK) / 2)
        (top, left), (bottom, right) = drawn.min(axis=0) - edge, drawn.max(axis=0) + edge
        (clean,), (seen,) = found(page(number)), found(page(number)[top:bottom, left:right])
        alike = np.corrcoef(clean.pixels.ravel(), seen.pixels.ravel())[0, 1]
        assert alike > 0.9, (number, alike)
        assert "left out" not in str(seen.steps)


def test_a_line_at_the_edge_is_no_frame():
    mask = np.zeros((100, 100), bool)
    mask[40:70, 40:60] = True
    mask[:30, 80:] = True  # what the page lies on, in a corner
    mask[90:92, :80] = True
    sorted_out = Pieces(mask, mask.astype(np.float32)).sorted_out()
    assert (len(sorted_out.ink), len(sorted_out.frames), sorted_out.lines) == (1, 2, 1)


def test_on_clean_paper_it_is_like_the_image_that_was_drawn():
    for number in range(4):
        (seen,) = found(page(number))
        alike = np.corrcoef(DIGITS[number].ravel(), seen.pixels.ravel())[0, 1]
        assert alike > 0.8, (number, alike)


def test_an_image_of_the_datasets_size_keeps_its_bits():
    given = Picture(Path("a.png"), (DIGITS[:1] / np.float32(255)), ())
    (seen,) = each_digit(given, (28, 28), Mnist.framing)
    assert seen.pixels.tobytes() == given.pixels.tobytes()
    assert seen.steps == ()


def two_lines():
    levels = np.full((160, 220), PAPER)
    for number, top, left in ((2, 8, 110), (1, 4, 10), (3, 84, 60)):
        levels[top : top + 70, left : left + 70] += (INK - PAPER) * share(number, 70)
    return levels


def test_several_digits_are_read_line_by_line_from_the_left():
    seen = found(two_lines())
    assert [each.part for each in seen] == ["1 of 3", "2 of 3", "3 of 3"]
    assert [each.name for each in seen][0] == "a.png, 1 of 3"
    for each, number in zip(seen, (1, 2, 3), strict=True):
        alike = [np.corrcoef(DIGITS[n].ravel(), each.pixels.ravel())[0, 1] for n in (1, 2, 3)]
        assert np.argmax(alike) == number - 1


def bar_apart():
    """As the 5 of some hands: a bar, and a body that does not touch it."""
    levels = np.full((120, 120), PAPER)
    levels[20:26, 40:80] = INK
    levels[32:60, 40:46] = levels[54:60, 40:80] = levels[60:95, 74:80] = INK
    levels[89:95, 40:80] = INK
    return levels


def test_a_digit_in_two_pieces_is_one():
    (seen,) = found(bar_apart())
    rows = (seen.pixels[0] > 0.5).any(axis=1).nonzero()[0]
    assert np.ptp(rows) + 1 == 20


def test_all_ink_is_one_digit_if_it_is_said_so():
    (seen,) = one_digit(picture(two_lines()), (28, 28), Mnist.framing)
    assert seen.part == ""
    assert (seen.pixels[0] > 0.2).any(axis=0).sum() > 15


def test_a_thin_pen_is_made_thicker():
    levels = np.full((200, 200), PAPER)
    levels[20:180, 100:102] = levels[178:180, 60:140] = INK
    (seen,) = found(levels)
    assert seen.steps[-1] == "strokes made thicker"
    assert seen.pixels[0, 8:16].max(axis=1).min() > 0.5


def test_lines_are_counted_and_strokes_go_on_across_them():
    levels = np.full((SIDE, SIDE), PAPER)
    levels[20:108, 60:70] = INK
    levels[50:52] = levels[80:82] = INK
    (seen,) = found(levels)
    assert "2 lines left out" in seen.steps
    rows, columns = (seen.pixels[0] > 0.5).any(axis=1), (seen.pixels[0] > 0.5).any(axis=0)
    assert (rows.sum(), columns.sum() <= 4) == (20, True)


# --- what cannot be read ---


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (np.full((90, 90), 200.0), "a.png: is of one colour; there is nothing to classify"),
        (
            np.tile(np.linspace(100, 220, 90), (90, 1)),
            "a.png: nothing stands out from its background; there is nothing to classify",
        ),
    ],
    ids=["one colour", "only light"],
)
def test_there_is_nothing(levels, message):
    with pytest.raises(UserError) as raised:
        found(levels)
    assert str(raised.value) == message


def test_what_is_more_a_pattern_than_digits(monkeypatch):
    monkeypatch.setattr(photographs, "MOST", 2)
    with pytest.raises(UserError) as raised:
        found(two_lines())
    assert str(raised.value) == (
        "a.png: has 3 things that may be digits; allowed are 2, or --one for all together"
    )


def test_so_many_pieces_are_not_compared_with_each_other():
    dashes = np.full((400, 200), PAPER)
    for row in range(3):
        dashes[4 + row : 394 : 8].reshape(-1, 25, 8)[:, :, :5] = INK
    with pytest.raises(UserError) as raised:
        found(dashes)
    assert str(raised.value) == (
        "a.png: has 1,225 pieces of ink; allowed are 1,000, or --one for all together"
    )
    (seen,) = one_digit(picture(dashes), (28, 28), Mnist.framing)
    assert seen.part == ""


# --- files ---


def test_a_white_digit_on_nothing_is_put_on_black():
    ink = np.full((SIDE, SIDE, 4), 255, np.uint8)
    ink[..., 3] = np.rint(255 * (page() - PAPER) / (INK - PAPER))
    Image.fromarray(ink).save("white.png")
    (seen,) = each_digit(read(Path("white.png")), (28, 28), Mnist.framing)
    (clean,) = found(page())
    assert np.corrcoef(clean.pixels.ravel(), seen.pixels.ravel())[0, 1] > 0.99
    assert seen.steps == ("put on black", "made grey", FITTED)


@pytest.mark.parametrize(
    ("name", "dtype", "top", "steps"),
    [
        ("ten.png", np.uint16, 1023, ("10 bits to 8",)),
        ("twelve.png", np.uint16, 4095, ("12 bits to 8",)),
        ("bytes.tif", np.int32, 255, ()),
    ],
)
def test_pixels_of_more_than_8_bits(name, dtype, top, steps):
    Image.fromarray((page() / 255 * top).round().astype(dtype)).save(name)
    given = read(Path(name))
    assert given.steps == steps
    np.testing.assert_allclose(given.pixels[0], page() / 255 * (top / top), atol=0.003)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_large_picture_is_made_smaller_at_once(suffix, monkeypatch):
    monkeypatch.setattr(pictures, "LONGEST", 100)
    Image.fromarray(np.kron(page(), np.ones((4, 3))).astype(np.uint8)).save(f"large.{suffix}")
    given = read(Path(f"large.{suffix}"))
    assert max(given.pixels.shape) == 100
    assert given.size == "384×512"
    (seen,) = each_digit(given, (28, 28), Mnist.framing)
    assert seen.steps == ("inverted", "384×512 fitted into 20×20")


def test_how_large_a_picture_may_be():
    Image.fromarray(page().astype(np.uint8)).save("a.png")
    before = Image.MAX_IMAGE_PIXELS
    with at_most(SIDE * SIDE):
        assert read(Path("a.png")).size == "128×128"
    with at_most(SIDE * SIDE - 1), pytest.raises(UserError) as raised:
        read(Path("a.png"))
    assert str(raised.value) == "a.png: is too large: allowed are 16,383 pixels"
    assert before == Image.MAX_IMAGE_PIXELS
