"""What is known of MXNet's operators: their attributes, and the shapes that they take and return.

A rule is given an operator's attributes and the shapes of its inputs, None for a variable's that is
not known; it returns the shapes of all inputs and of the outputs. Shapes begin with the number of
images. The rules follow each operator's ``InferShape`` in MXNet 1.9.1 and are compared with it by
``tests/unit/networks/test_symbol_operators.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweep.config.images import shape_text
from sweep.networks.symbols.attributes import Kind

Shape = tuple[int, ...]
Values = Mapping[str, Any]
Given = Sequence[Shape | None]
Shapes = tuple[Sequence[Shape], Sequence[Shape]]  # of all inputs, of all outputs
Rule = Callable[[Values, Given], Shapes]


class Misfit(Exception):
    """What an operator is given does not fit. Its text goes on after the operator's name."""


class Unknown(Exception):
    """The shape of a variable does not follow from the images."""

    def __init__(self, position: int, usual: Shape | None) -> None:
        """Take its number among the inputs, and its shape where no file has one."""
        super().__init__(position)
        self.position, self.usual = position, usual


@dataclass(frozen=True)
class Operator:
    """An operator.

    Attributes:
        rule: for its shapes.
        attributes: their kinds and what they are if they are not given; ``...`` if they must be.
        slots: what its inputs are called; more have no name of their own.
        counts: the attribute that has the number of its inputs.
    """

    rule: Rule
    attributes: Mapping[str, tuple[Kind, Any]]
    slots: tuple[str, ...] = ("data",)
    counts: str = ""


OPERATORS: dict[str, Operator] = {}


def operator(
    *names: str,
    slots: tuple[str, ...] = ("data",),
    counts: str = "",
    **attributes: tuple[Kind, Any],
) -> Callable[[Rule], Rule]:
    """Return a decorator that makes a rule known under these names of MXNet's."""

    def decorate(rule: Rule) -> Rule:
        for name in names:
            OPERATORS[name] = Operator(rule, attributes, slots, counts)
        return rule

    return decorate


def need(shapes: Given, position: int = 0, usual: Shape | None = None) -> Shape:
    """Return the shape of an input that must be known.

    Args:
        shapes: of all inputs.
        position: of the input.
        usual: its shape if it is a variable, and no file has one; None if there must be one.

    Raises:
        Unknown: it is not.
        Misfit: there is no such input.
    """
    if position >= len(shapes):
        raise Misfit(f"is given {len(shapes)} inputs")
    shape = shapes[position]
    if shape is None:
        raise Unknown(position, usual)
    return shape


def images(shapes: Given, dimensions: tuple[int, ...] = (4,)) -> Shape:
    """Return the first input's shape, if it has so many dimensions."""
    shape = need(shapes)
    if len(shape) not in dimensions:
        wanted = " or ".join(str(each) for each in dimensions)
        raise Misfit(f"is given {told(shape)}; it takes {wanted} dimensions with that of images")
    return shape


def with_parameters(shapes: Given, *parameters: Shape) -> Sequence[Shape]:
    """Return the shapes of all inputs: the first one's, and these of its parameters."""
    if len(shapes) != 1 + len(parameters):
        raise Misfit(f"is given {len(shapes)} inputs instead of {1 + len(parameters)}")
    for there, wanted in zip(shapes[1:], parameters, strict=True):
        if there is not None and there != wanted:
            raise Misfit(f"has a parameter of {told(there)}, which would be {told(wanted)}")
    return [need(shapes), *parameters]


def axis_of(axis: int, shape: Shape) -> int:
    """Return which dimension is meant, counted from 0."""
    if not -len(shape) <= axis < len(shape):
        raise Misfit(f"is for axis {axis} of {told(shape)}")
    return axis % len(shape)


def told(shape: Sequence[int]) -> str:
    """Return a shape in words: ``10×128``."""
    return shape_text(shape) or "a single number"
