"""Plans by value: shapes, costs, and the smallest image of which something is left."""

import pytest

from sweep.networks.plan import (
    LARGEST_SIDE,
    Activation,
    Branches,
    Convolution,
    Dense,
    Dropout,
    Flat,
    GlobalMean,
    Normalization,
    PaddedShortcut,
    Pooling,
    Sum,
    fits,
    least_side,
    multiplications,
    output,
)

IMAGE = (3, 20, 24)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Convolution(8, 5), (8, 16, 20)),
        (Convolution(8, 3, padding=1), (8, 20, 24)),
        (Convolution(8, 7, stride=2, padding=3), (8, 10, 12)),  # (20 + 6 - 7) // 2 + 1
        (Pooling("max", 2, 2), (3, 10, 12)),
        (Pooling("avg", 3, 2), (3, 9, 11)),
        (Pooling("max", 3, 2, 1), (3, 10, 12)),
        (GlobalMean("reduce"), (3, 1, 1)),
        (Normalization(), IMAGE),
        (Activation(), IMAGE),
        (Dropout(0.5), IMAGE),
        (Flat(), (1440, 1, 1)),
        (Dense(7), (7, 1, 1)),
        (PaddedShortcut(5, 2), (5, 10, 12)),
        (PaddedShortcut(5, 3), (5, 7, 8)),
        (Sum((Convolution(4, 1),), ()), (4, 20, 24)),
        (Branches(((), (Convolution(4, 1),), (Convolution(2, 1),))), (9, 20, 24)),
    ],
)
def test_what_a_layer_returns(layer, shape):
    assert layer.output(IMAGE) == shape


@pytest.mark.parametrize(
    ("layer", "count"),
    [
        (Convolution(8, 5), 8 * 16 * 20 * 3 * 25),
        (Convolution(8, 7, stride=2, padding=3), 8 * 10 * 12 * 3 * 49),
        (Dense(7), 1440 * 7),
        (Sum((Convolution(4, 3, padding=1),), (Convolution(4, 1),)), 480 * (4 * 3 * 9 + 4 * 3)),
        (Branches(((), (Convolution(4, 1), Convolution(2, 3)))), 480 * 12 + 18 * 22 * 2 * 4 * 9),
        (Pooling("max", 2, 2), 0),
        (Normalization(), 0),
    ],
)
def test_what_a_layer_costs(layer, count):
    assert layer.multiplications(IMAGE) == count


def test_a_plan_is_its_layers_one_after_another():
    plan = (Convolution(4, 5), Pooling("max", 2, 2), Activation(), Flat(), Dense(10))
    # 20 - 5 + 1 = 16 → 8; 24 - 5 + 1 = 20 → 10
    assert output(plan, IMAGE) == (10, 1, 1)
    assert multiplications(plan, IMAGE) == 4 * 16 * 20 * 3 * 25 + 4 * 8 * 10 * 10
    # 2·1 + 4 = 6: a kernel of 5 leaves 2, of which pooling makes 1
    assert least_side(plan) == 6
    assert fits(plan, (1, 6, 6)) and not fits(plan, (1, 6, 5)) and not fits(plan, (1, 5, 6))


def test_a_plan_that_takes_any_image_and_one_that_takes_none():
    assert least_side((GlobalMean("reduce"), Dense(2))) == 1
    assert least_side((Convolution(1, LARGEST_SIDE + 1),)) == LARGEST_SIDE
