import pytest

from sweep.watching.time_left import Pace, seconds_left


def ended(seconds, cost=None, epochs=10):
    return Pace(epochs=epochs, epochs_left=0, epoch_seconds=seconds, cost=cost)


def training(left, seconds, cost=None, epochs=10):
    return Pace(epochs=epochs, epochs_left=left, epoch_seconds=seconds, cost=cost)


@pytest.mark.parametrize(
    ("those_that_ended", "those_that_train", "queued", "seconds"),
    [
        ([], [], [], None),
        ([], [training(10, None)], [], None),
        ([], [training(10, None)], [1.0], None),
        # The last ones: as long as the longest.
        ([ended(9.0)], [training(4, 2.0), training(9, 3.0)], [], 27.0),
        ([ended(9.0)], [training(4, 2.0), training(10, None)], [], 8.0),
        # One at a time: 6 epochs of 2 s, then 3 runs of 20 s.
        ([ended(2.0)], [training(6, 2.0)], [None] * 3, 72.0),
        # Two at a time share them.
        ([ended(2.0)], [training(6, 2.0), training(6, 2.0)], [None] * 4, 52.0),
        # One that has not told anything takes as long as others did.
        ([ended(2.0)], [training(10, None)], [None], 40.0),
        # By what they cost: 20 s for 2 units, so 10 s a unit.
        ([ended(2.0, cost=2.0)], [training(5, 2.0, cost=2.0)], [4.0, 1.0], 60.0),
        # What is not in the plan was trained before, and has no cost to compare.
        ([ended(50.0), ended(2.0, cost=2.0)], [training(5, 2.0, cost=2.0)], [4.0], 50.0),
        # Never less than the one that takes longest.
        ([ended(0.1)], [training(100, 1.0, epochs=100), training(1, 0.1)], [None], 100.0),
        # None trains at this moment.
        ([ended(2.0)], [], [None, None], 40.0),
    ],
)
def test_the_time_that_is_left(those_that_ended, those_that_train, queued, seconds):
    assert seconds_left(those_that_ended, those_that_train, queued) == (
        None if seconds is None else pytest.approx(seconds)
    )
