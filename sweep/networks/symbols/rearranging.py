"""The operators that put values elsewhere: joined, cut, in another shape or another order."""

import math

from sweep.networks.symbols.attributes import (
    Numbers,
    ignored,
    number,
    one_of,
    positions,
    sides,
    switch,
    whole,
    whole_or_none,
)
from sweep.networks.symbols.operators import (
    Given,
    Misfit,
    Shape,
    Shapes,
    Values,
    axis_of,
    need,
    operator,
    told,
    with_parameters,
)


@operator("Concat", "concat", counts="num_args", num_args=(ignored, None), dim=(whole(-8, 8), 1))
def concat(given: Values, shapes: Given) -> Shapes:
    """Several inputs one after another."""
    every = [need(shapes, position) for position in range(max(1, len(shapes)))]
    axis = axis_of(given["dim"], every[0])
    rests = {each[:axis] + each[axis + 1 :] for each in every}
    if len(rests) > 1 or len({len(each) for each in every}) > 1:
        raise Misfit(f"is given {' and '.join(told(each) for each in every)}")
    total = sum(each[axis] for each in every)
    return every, [(*every[0][:axis], total, *every[0][axis + 1 :])]


@operator(
    "SliceChannel",
    "split",
    num_outputs=(whole(1, 4096), ...),
    axis=(whole(-8, 8), 1),
    squeeze_axis=(switch, False),
)
def split(given: Values, shapes: Given) -> Shapes:
    """Equal parts."""
    data = need(shapes)
    axis, parts = axis_of(given["axis"], data), given["num_outputs"]
    if data[axis] % parts or (given["squeeze_axis"] and data[axis] != parts):
        raise Misfit(f"makes {parts} parts of {told(data)}")
    side = () if given["squeeze_axis"] else (data[axis] // parts,)
    return with_parameters(shapes), [(*data[:axis], *side, *data[axis + 1 :])] * parts


@operator("Flatten", "flatten")
def flatten(given: Values, shapes: Given) -> Shapes:
    """All values of an image in a row."""
    data = need(shapes)
    return with_parameters(shapes), [(data[0], math.prod(data[1:]))]


@operator("Reshape", "reshape", shape=(positions, ...), reverse=(one_of("False", "0"), "False"))
def reshape(given: Values, shapes: Given) -> Shapes:
    """The same values in another shape; 0 and negative numbers stand for sides that are there."""
    data = need(shapes)
    return with_parameters(shapes), [_reshaped(data, given["shape"])]


def _reshaped(data: Shape, wanted: Numbers) -> Shape:
    """Return the new shape, by the codes of ``mx.sym.reshape``."""
    wrong = Misfit(f"makes {wanted} of {told(data)}")
    left, codes, found = list(data), list(wanted), list[int]()
    try:
        while codes:
            code = codes.pop(0)
            if code is None or code < -4:
                raise wrong
            if code >= 0:
                found.append(left.pop(0) if code == 0 else code)
                del left[: 1 if code > 0 else 0]
            elif code == -1:
                found.append(-1)
                del left[:1]
            elif code == -2:
                found += left
                left = []
            elif code == -3:
                found.append(left.pop(0) * left.pop(0))
            else:
                side, (one, other) = left.pop(0), (codes.pop(0), codes.pop(0))
                found += _two_of(side, one, other, wrong)
    except IndexError as error:
        raise wrong from error
    if found.count(-1) > 1:
        raise wrong
    if -1 in found:
        rest = math.prod(each for each in found if each != -1)
        if not rest or math.prod(data) % rest:
            raise wrong
        found[found.index(-1)] = math.prod(data) // rest
    if math.prod(found) != math.prod(data) or not found:
        raise wrong
    return tuple(found)


def _two_of(side: int, one: int | None, other: int | None, wrong: Misfit) -> tuple[int, int]:
    """Return two sides that one is split into, of which one may be -1."""
    if one is None or other is None or one == other == -1 or 0 in (one, other):
        raise wrong
    one = side // other if one == -1 else one
    other = side // one if other == -1 and one else other
    if one < 1 or other < 1 or one * other != side:
        raise wrong
    return one, other


@operator("transpose", axes=(sides(0), ()))
def transpose(given: Values, shapes: Given) -> Shapes:
    """The dimensions in another order."""
    data = need(shapes)
    axes = given["axes"] or tuple(reversed(range(len(data))))
    if sorted(axes) != [*range(len(data))]:
        raise Misfit(f"has axes={axes} for {told(data)}")
    return with_parameters(shapes), [tuple(data[axis] for axis in axes)]


@operator("expand_dims", axis=(whole(-8, 8), ...))
def expand_dims(given: Values, shapes: Given) -> Shapes:
    """A dimension more."""
    data = need(shapes)
    axis = axis_of(given["axis"], (*data, 1))
    return with_parameters(shapes), [(*data[:axis], 1, *data[axis:])]


@operator("squeeze", axis=(positions, ...))
def squeeze(given: Values, shapes: Given) -> Shapes:
    """Without dimensions that are 1."""
    data = need(shapes)
    gone = {axis_of(_side(axis), data) for axis in given["axis"]}
    if not gone or any(data[axis] != 1 for axis in gone) or len(gone) == len(data):
        raise Misfit(f"takes the axes {given['axis']} from {told(data)}")
    return with_parameters(shapes), [tuple(v for k, v in enumerate(data) if k not in gone)]


def _side(axis: int | None) -> int:
    if axis is None:
        raise Misfit("has None as an axis")
    return axis


@operator(
    "slice_axis",
    axis=(whole(-8, 8), ...),
    begin=(whole(-(2**31)), ...),
    end=(whole_or_none(-(2**31)), ...),
)
def slice_axis(given: Values, shapes: Given) -> Shapes:
    """Part of one dimension."""
    data = need(shapes)
    axis = axis_of(given["axis"], data)
    side, end = data[axis], given["end"]
    begin = given["begin"] + (side if given["begin"] < 0 else 0)
    end = side if end is None else end + (side if end < 0 else 0)
    if not 0 <= begin < end <= side:
        raise Misfit(f"takes {given['begin']} to {given['end']} of {told(data)}")
    return with_parameters(shapes), [(*data[:axis], end - begin, *data[axis + 1 :])]


@operator("slice", begin=(positions, ...), end=(positions, ...), step=(positions, ()))
def slices(given: Values, shapes: Given) -> Shapes:
    """Parts of several dimensions."""
    data, steps = need(shapes), given["step"] or (None,) * len(given["begin"])
    begin, end = given["begin"], given["end"]
    if not len(begin) == len(end) == len(steps) or len(begin) > len(data) or 0 in steps:
        raise Misfit(f"takes {begin} to {end} in steps of {steps} of {told(data)}")
    taken = [
        len(range(side)[slice(*bounds)])
        for side, bounds in zip(data, zip(begin, end, steps, strict=True), strict=False)
    ]
    if not all(taken):
        raise Misfit(f"leaves nothing of {told(data)}")
    return with_parameters(shapes), [(*taken, *data[len(taken) :])]


@operator(
    "Pad",
    "pad",
    mode=(one_of("constant", "edge", "reflect"), ...),
    pad_width=(sides(0), ...),
    constant_value=(number, 0.0),
)
def pad(given: Values, shapes: Given) -> Shapes:
    """Values around an image."""
    data, width = need(shapes), given["pad_width"]
    before, after = width[::2], width[1::2]
    if len(data) not in (4, 5) or len(width) != 2 * len(data) or any(width[:4]):
        raise Misfit(f"has pad_width={width} for {told(data)}")
    zipped = zip(data, before, after, strict=True)
    if given["mode"] == "reflect" and any(max(a, b) >= side for side, a, b in zipped):
        raise Misfit(f"has pad_width={width} for {told(data)}")
    sums = (side + a + b for side, a, b in zip(data, before, after, strict=True))
    return with_parameters(shapes), [tuple(sums)]
