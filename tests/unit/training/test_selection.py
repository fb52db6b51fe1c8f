import math

import pytest

from sweep.config.schema import EarlyStopping
from sweep.training.selection import EpochRecord, Selection


def follow(values, monitor="val/accuracy", patience=None, min_delta=0.0):
    """Return the selection after each epoch that is trained, with these values in turn."""
    selection, after = Selection(monitor, EarlyStopping(patience, min_delta)), []
    for epoch, value in enumerate(values, 1):
        selection = selection.advance(EpochRecord(epoch, {monitor: value}))
        after.append(selection)
        if selection.should_stop:
            break
    return after


def kept(values, **options):
    return follow(values, **options)[-1].epoch


def trained(values, **options):
    return len(follow(values, **options))


def test_accuracy_higher_is_better():
    assert kept([0.5, 0.9, 0.7]) == 2
    assert follow([0.5, 0.9, 0.7])[-1].best == 0.9


def test_loss_lower_is_better():
    assert kept([0.5, 0.2, 0.7], monitor="val/loss") == 2
    assert follow([0.5, 0.2, 0.7], monitor="val/loss")[-1].best == 0.2


@pytest.mark.parametrize("monitor", ["val/accuracy", "val/loss"])
def test_the_first_of_equal_ones_is_kept(monitor):
    assert kept([0.4, 0.4, 0.4], monitor=monitor) == 1


def test_the_first_epoch_is_always_an_improvement():
    assert kept([0.0], min_delta=0.5) == 1
    assert kept([123.0], monitor="val/loss", min_delta=0.5) == 1


def test_a_gain_must_exceed_min_delta():
    assert kept([0.5, 0.75], min_delta=0.25) == 1
    assert kept([0.5, 0.7500001], min_delta=0.25) == 2
    assert kept([0.75, 0.5], monitor="val/loss", min_delta=0.25) == 1
    assert kept([0.75, 0.4999999], monitor="val/loss", min_delta=0.25) == 2


def test_small_gains_add_up_against_the_kept_epoch():
    # Against the epoch kept, not the one before: 0.7 is 0.2 above 0.5.
    assert kept([0.5, 0.6, 0.7], min_delta=0.15) == 3


@pytest.mark.parametrize(("patience", "epochs"), [(1, 2), (2, 3), (3, 4), (None, 6)])
def test_stops_after_patience_epochs_without_improvement(patience, epochs):
    assert trained([0.5, 0.4, 0.3, 0.2, 0.1, 0.0], patience=patience) == epochs


def test_an_improvement_resets_the_count():
    values = [0.5, 0.4, 0.6, 0.5, 0.4, 0.9]
    counts = [each.epochs_without_improvement for each in follow(values, patience=2)]
    assert counts == [0, 1, 0, 1, 2]
    assert kept(values, patience=2) == 3


def test_gains_within_min_delta_use_up_the_patience():
    assert trained([0.50, 0.51, 0.52, 0.53], patience=2, min_delta=0.1) == 3


def test_loss_stops_too():
    assert trained([0.5, 0.6, 0.7, 0.1], monitor="val/loss", patience=2) == 3


def test_without_a_monitor_the_last_epoch_is_kept():
    selection = Selection(None, EarlyStopping(1, 0.0))
    for epoch, accuracy in enumerate([0.9, 0.5, 0.1], 1):
        selection = selection.advance(EpochRecord(epoch, {"test/accuracy": accuracy}))
        assert selection.epoch == epoch
        assert not selection.should_stop


def test_a_selection_goes_on_from_any_epoch():
    before = Selection("val/accuracy", EarlyStopping(2, 0.0), 3, 0.8, 1)
    after = before.advance(EpochRecord(5, {"val/accuracy": 0.7}))
    assert (after.epoch, after.best, after.should_stop) == (3, 0.8, True)
    assert not before.should_stop


@pytest.mark.parametrize("monitor", ["val/accuracy", "val/loss", None])
def test_a_selection_that_goes_on_after_some_epochs_is_the_same(monitor):
    values = [0.5, 0.4, 0.6, 0.6, 0.55, 0.7, 0.3]
    key = monitor or "val/accuracy"
    records = [EpochRecord(epoch, {key: value}) for epoch, value in enumerate(values, 1)]
    first = Selection(monitor, EarlyStopping(2, 0.05))
    one_by_one = [first]
    for record in records:
        one_by_one.append(one_by_one[-1].advance(record))
    for count, expected in enumerate(one_by_one[1:], 1):
        # From Python 3.13 on what has a NaN equals nothing.
        assert repr(first.advance_over(records[:count])) == repr(expected)
        assert repr(one_by_one[count].advance_over(records[count:])) == repr(one_by_one[-1])


def test_a_selection_that_goes_on_after_nothing_is_the_same():
    first = Selection("val/loss", EarlyStopping(1, 0.0))
    assert first.advance_over([]) is first


def test_an_epoch_has_the_time_of_its_end(monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.1239)
    assert EpochRecord(1, {}).timestamp_ms == 1_700_000_000_123
    assert EpochRecord(1, {}, 5).timestamp_ms == 5
    assert EpochRecord(1, {}, 5) == EpochRecord(1, {}, 6)  # the same was measured


@pytest.mark.parametrize(("direction", "kept"), [("max", 4), ("min", 3)])
def test_what_is_no_number_is_worse_than_any(direction, kept):
    measured = ("accuracy", f"my_metrics.f2@{direction}")
    selection = Selection("val/f2", EarlyStopping(None, 0.0), measured=measured)
    for epoch, value in enumerate([math.nan, math.nan, 0.5, 0.6, math.nan], 1):
        selection = selection.advance(EpochRecord(epoch, {"val/f2": value}))
    assert selection.epoch == kept
