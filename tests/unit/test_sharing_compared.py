"""What benchmarks/sharing.py calls identical."""

import math
from dataclasses import replace

import pytest
from sharing import Compared, Trained, compare

from sweep.tracking import RunRecord

RUN = RunRecord(
    run_id="0",
    name="run",
    status="FINISHED",
    tags={},
    curves={"train/loss": {1: 0.0, 2: math.nan}, "epoch_seconds": {1: 3.0}},
    config="",
    environment={},
    parameters=b"net",
    source={},
)


def trained(**runs: RunRecord) -> Trained:
    return Trained(runs, seconds=1.0)


def test_seconds_may_differ_and_what_is_no_number_is_the_same():
    other = replace(RUN, curves={"train/loss": {1: 0.0, 2: math.nan}, "epoch_seconds": {1: 9.0}})
    found = compare(trained(a=RUN, b=RUN), trained(a=RUN, b=other))
    assert (found, found.all_are) == (Compared(identical=2, of=2), True)


@pytest.mark.parametrize(
    "other",
    [
        {"curves": {"train/loss": {1: -0.0, 2: math.nan}}},
        {"curves": {"train/loss": {1: 0.0, 2: math.nan, 3: 0.0}}},
        {"curves": RUN.curves | {"val/loss": {1: 0.0}}},
        {"parameters": b"another"},
    ],
    ids=str,
)
def test_one_bit_or_one_value_more_is_another_run(other):
    runs = trained(a=RUN), trained(a=replace(RUN, **other))
    for alone, shared in (runs, runs[::-1]):
        found = compare(alone, shared)
        assert (found, found.all_are) == (Compared(identical=0, of=1), False)


def test_what_has_no_like_or_nothing_in_it_is_not_identical():
    without = {"no curves": replace(RUN, curves={}), "no net": replace(RUN, parameters=None)}
    for each in without.values():
        assert not compare(trained(a=each), trained(a=each)).all_are
    assert compare(trained(a=RUN, b=RUN), trained(a=RUN)) == Compared(identical=1, of=2)
    assert compare(trained(a=RUN), trained(a=RUN, b=RUN)) == Compared(identical=1, of=2)
    assert not compare(trained(), trained()).all_are
