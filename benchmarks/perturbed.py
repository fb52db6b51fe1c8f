"""Digits as they come out of cameras and scanners: drawn large on a page, and then spoiled.

Each kind takes a digit, (28, 28) uint8, light on dark, a level and a generator, and returns a
picture. All is drawn from the generator, so that the same seed gives the same pictures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

PAGE = 320  # pixels
DRAWN = 200  # a digit's 28, on the page
PAPER, INK = 230, 30

Levels = NDArray[np.float64]  # (h, w), 0 (black) to 255
Random = np.random.Generator
Draw = Callable[[NDArray[np.uint8], float, Random], Image.Image]


@dataclass(frozen=True)
class Kind:
    """One way to spoil a picture.

    Attributes:
        draw: makes the picture.
        levels: that it is tried with.
        known: whether it was reported of version 0.1, and has to work.
    """

    draw: Draw
    levels: tuple[float, ...]
    known: bool


KINDS: dict[str, Kind] = {}


def _kind(name: str, *levels: float, known: bool = False) -> Callable[[Draw], Draw]:
    def register(draw: Draw) -> Draw:
        KINDS[name] = Kind(draw, levels, known)
        return draw

    return register


def _share(digit: NDArray[np.uint8], side: int = DRAWN) -> Levels:
    """Return how much ink is where, 0 to 1, (side, side)."""
    drawn = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(drawn, float) / 255


def _on_page(
    share: Levels, page: tuple[int, int] = (PAGE, PAGE), at: tuple[int, int] | None = None
) -> Levels:
    """Return ink on an empty page, at a place or in its middle."""
    found = np.zeros(page)
    top, left = at or ((page[0] - share.shape[0]) // 2, (page[1] - share.shape[1]) // 2)
    found[top : top + share.shape[0], left : left + share.shape[1]] = share
    return found


def _page(digit: NDArray[np.uint8]) -> Levels:
    return PAPER + (INK - PAPER) * _on_page(_share(digit))


def _image(levels: NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(levels, 0, 255)).astype(np.uint8))


def _places() -> tuple[Levels, Levels]:
    """Return how far down and across each pixel is, -1 to 1."""
    line = np.linspace(-1, 1, PAGE)
    rows, columns = np.meshgrid(line, line, indexing="ij")
    return rows, columns


def _smooth(random: Random, sigma: float) -> Levels:
    """Return noise of some size, from -1 to 1."""
    found = ndimage.gaussian_filter(random.standard_normal((PAGE, PAGE)), sigma, mode="wrap")
    return found / np.abs(found).max()


@_kind("clean page", 0)
def _clean(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    return _image(_page(digit))


@_kind("speck far off", 4, known=True)
def _speck(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page, side = _page(digit), int(level)
    top, left = random.choice([8, 20, PAGE - 30], 2)
    page[top : top + side, left : left + side] = INK
    return _image(page)


@_kind("light falling off to the corners", 50, 60, 100, known=True)
def _vignette(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    rows, columns = _places()
    return _image(_page(digit) - level * (rows**2 + columns**2) / 2)


@_kind("slope of light", 60, 120, known=True)
def _slope(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    rows, columns = _places()
    angle = random.uniform(0, 2 * np.pi)
    along = (np.cos(angle) * rows + np.sin(angle) * columns) / 2**0.5
    return _image(_page(digit) - level * (along + 1) / 2)


@_kind("ruled lines", 150, 30, known=True)
def _ruled(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page = _page(digit)
    for row in range(int(random.integers(10, 40)), PAGE, 40):
        page[row : row + 2] = np.minimum(page[row : row + 2], level)
    return _image(page)


@_kind("white frame around a dark picture", 10, 30, known=True)
def _framed(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page, wide = 255 - _page(digit), int(level)
    framed = np.full((PAGE, PAGE), 255.0)
    framed[wide:-wide, wide:-wide] = page[wide:-wide, wide:-wide]
    return _image(framed)


@_kind("noise", 4, 8, 25, known=True)
def _noise(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    return _image(_page(digit) + random.normal(0, level, (PAGE, PAGE)))


@_kind("blur", 3, 6)
def _blurred(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    return _image(ndimage.gaussian_filter(_page(digit), level))


@_kind("rotation", 5, 10)
def _rotated(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    angle = level * random.choice([-1, 1])
    return _image(_page(digit)).rotate(angle, Image.Resampling.BICUBIC, fillcolor=PAPER)


@_kind("JPEG quality", 30, 10)
def _jpeg(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    stream = BytesIO()
    noisy = _page(digit) + random.normal(0, 4, (PAGE, PAGE))
    _image(noisy).save(stream, "JPEG", quality=int(level))
    return Image.open(stream)


@_kind("perspective", 0.1, 0.2)
def _perspective(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    """Seen from aside: one corner of the page is nearer."""
    shares = random.uniform(0, level, 8) * PAGE
    corners = np.array([[0, 0], [0, PAGE], [PAGE, PAGE], [PAGE, 0]], float)
    inwards = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
    seen = corners + inwards * shares.reshape(4, 2)
    system, values = [], []
    for (x, y), (u, v) in zip(corners, seen, strict=True):
        system += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    found = np.linalg.solve(np.array(system), np.array(values))
    drawn = _image(_page(digit))
    return drawn.transform(
        (PAGE, PAGE), Image.Transform.PERSPECTIVE, found, Image.Resampling.BICUBIC, fillcolor=PAPER
    )


@_kind("shear", 0.15, 0.3)
def _sheared(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    share = level * random.choice([-1, 1])
    moved = (1, share, -share * PAGE / 2, 0, 1, 0)
    return _image(_page(digit)).transform(
        (PAGE, PAGE), Image.Transform.AFFINE, moved, Image.Resampling.BICUBIC, fillcolor=PAPER
    )


@_kind("edge of a shadow", 0.8, 0.5)
def _shadow(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    rows, columns = _places()
    angle, offset = random.uniform(0, 2 * np.pi), random.uniform(-0.5, 0.5)
    side = np.cos(angle) * rows + np.sin(angle) * columns - offset
    soft = 1 / (1 + np.exp(-side * 40))
    return _image(_page(digit) * (1 - (1 - level) * soft))


@_kind("graph paper", 190, 110)
def _graph(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    share, paper = _on_page(_share(digit))[..., None], np.full((PAGE, PAGE, 3), 235.0)
    for line in range(int(random.integers(4, 16)), PAGE, 16):
        paper[line] = paper[:, line] = (level - 30, level, min(level + 60, 255))
    return _image(paper * (1 - share) + np.array([25, 25, 35]) * share)


@_kind("ruled lines, askew (degrees)", 2, 5)
def _askew(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    ruled = np.full((2 * PAGE, 2 * PAGE), float(PAPER))
    for row in range(int(random.integers(10, 40)), 2 * PAGE, 40):
        ruled[row : row + 2] = 90
    turned = _image(ruled).rotate(level * random.choice([-1, 1]), Image.Resampling.BICUBIC)
    paper = np.asarray(turned, float)[PAGE // 2 : -PAGE // 2, PAGE // 2 : -PAGE // 2]
    return _image(np.minimum(paper, _page(digit)))


@_kind("coloured ink on coloured paper", 0)
def _coloured(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    share = _on_page(_share(digit))[..., None]
    pairs = [((20, 40, 160), (250, 235, 150)), ((200, 40, 60), (190, 230, 200))]
    pairs += [((250, 220, 60), (20, 80, 60)), ((90, 20, 110), (240, 180, 200))]
    ink, paper = pairs[random.integers(len(pairs))]
    picture = share * ink + (1 - share) * paper + random.normal(0, 4, (PAGE, PAGE, 3))
    return _image(picture)


@_kind("red on green of the same brightness", 0)
def _isoluminant(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    share = _on_page(_share(digit))[..., None]
    picture = share * (200, 60, 60) + (1 - share) * (60, 131, 60)
    return _image(picture + random.normal(0, 4, (PAGE, PAGE, 3)))


@_kind("salt and pepper (share)", 0.02, 0.1)
def _salted(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page, drawn = _page(digit), random.random((PAGE, PAGE))
    page[drawn < level / 2] = 0
    page[drawn > 1 - level / 2] = 255
    return _image(page)


@_kind("low contrast (levels)", 40, 15)
def _faint(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page = 180 - level * _on_page(_share(digit)) + random.normal(0, 2, (PAGE, PAGE))
    return _image(page)


@_kind("off-centre, wide margins (pixels of the digit)", 80, 40)
def _far_off(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    share, page = _share(digit, int(level * 1.4)), (600, 800)
    top, left = (int(random.integers(10, room - len(share) - 10)) for room in page)
    levels = PAPER + (INK - PAPER) * _on_page(share, page, (top, left))
    return _image(levels + random.normal(0, 3, page))


def _width_changed(digit: NDArray[np.uint8], by: int) -> Levels:
    share = ndimage.gaussian_filter(_share(digit), 2)
    side = 2 * abs(by) + 1
    disc = np.hypot(*np.indices((side, side)) - abs(by)) <= abs(by)
    change = ndimage.grey_dilation if by > 0 else ndimage.grey_erosion
    return change(share, footprint=disc)


@_kind("thin pen (pixels off each side)", 4, 6)
def _thin(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    """A pen's line along the middle of the strokes, so that none is lost."""
    share = ndimage.gaussian_filter(_share(digit), 2)
    mask = share > 0.4
    depth = ndimage.distance_transform_edt(mask)
    ridge = mask & (depth >= ndimage.maximum_filter(depth, 3) - 0.5)
    ridge |= mask & (depth > level + 4)
    thin = np.clip(ndimage.gaussian_filter(ridge.astype(float), 1.2) * 2.2, 0, 1)
    drawn = np.maximum(thin, _width_changed(digit, -int(level)))
    return _image(PAPER + (INK - PAPER) * _on_page(drawn) + random.normal(0, 3, (PAGE, PAGE)))


@_kind("thick marker (pixels on each side)", 4, 8)
def _thick(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    return _image(PAPER + (INK - PAPER) * _on_page(_width_changed(digit, int(level))))


@_kind("dark background", 30, 90)
def _dark(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    page = level + (240 - level) * _on_page(_share(digit))
    rows, _ = _places()
    return _image(page + 15 * rows + random.normal(0, 4, (PAGE, PAGE)))


@_kind("crumpled paper (levels)", 20, 40)
def _crumpled(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    """Facets in different light, with creases between them."""
    points = random.uniform(0, PAGE, (14, 2))
    places = np.stack(np.indices((PAGE, PAGE)), -1).reshape(-1, 1, 2)
    distances = np.sort(((places - points) ** 2).sum(-1) ** 0.5, axis=1)
    crease = np.exp(-(distances[:, 1] - distances[:, 0]) / 3).reshape(PAGE, PAGE)
    nearest = ((places - points) ** 2).sum(-1).argmin(1)
    facets = random.uniform(-1, 1, 14)[nearest].reshape(PAGE, PAGE)
    facets = ndimage.gaussian_filter(facets, 3)
    return _image(_page(digit) - 10 + level * (facets - crease + 0.3 * _smooth(random, 6)))


@_kind("several specks", 6, 20)
def _specks(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    image = _image(_page(digit))
    pen = ImageDraw.Draw(image)
    for _ in range(int(level)):
        x, y = random.uniform(4, PAGE - 4, 2)
        radius = random.uniform(1, 5)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=int(INK))
    return image


@_kind("staple and punch holes", 0)
def _punched(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    image = _image(_page(digit))
    pen = ImageDraw.Draw(image)
    for y in (PAGE / 4, 3 * PAGE / 4):
        pen.ellipse((12, y - 14, 40, y + 14), fill=60, outline=150)
    x, y = random.uniform(PAGE - 60, PAGE - 50), random.uniform(8, 20)
    pen.line((x, y, x + 36, y + random.uniform(-8, 8)), fill=90, width=4)
    return image


@_kind("wood beside the sheet", 0)
def _on_table(digit: NDArray[np.uint8], level: float, random: Random) -> Image.Image:
    """The sheet lies askew on a table: dark wedges at the edges."""
    rows, columns = _places()
    grain = 90 + 15 * np.sin(rows * 40 + 3 * _smooth(random, 20)) + random.normal(0, 4, rows.shape)
    tilt = random.uniform(-0.1, 0.1)
    is_table = (columns + tilt * rows > 0.88) | (rows - tilt * columns < -0.9)
    return _image(np.where(is_table, grain, _page(digit) + random.normal(0, 3, rows.shape)))
