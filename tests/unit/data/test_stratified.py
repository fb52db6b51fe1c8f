"""What is held out: each class its share, the same images always."""

from dataclasses import replace

import numpy as np
import pytest

from sweep.config.compose import load
from sweep.data.own.splits import Choice
from sweep.data.own.stratified import Labelled, fold_of, hold_out
from sweep.errors import UserError

NAMES = ("oak", "birch", "maple")


def labelled(*counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    return Labelled(np.arange(len(labels), dtype=np.int32) + 100, labels, NAMES[: len(counts)])


def message(call, *arguments):
    with pytest.raises(UserError) as raised:
        call(*arguments)
    return str(raised.value)


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        ((50, 30, 20), 10, [5, 3, 2]),
        ((50, 30, 20), 0.1, [5, 3, 2]),
        ((50, 30, 20), 0.5, [25, 15, 10]),
        ((10, 10, 10), 4, [2, 1, 1]),  # the remainders are equal: the first class gives one more
        ((96, 2, 2), 3, [1, 1, 1]),
        ((96, 2, 2), 10, [8, 1, 1]),
        ((96, 2, 2), 97, [95, 1, 1]),
    ],
)
def test_each_class_gives_its_share(counts, size, expected):
    images = labelled(*counts)
    left, out = hold_out("dataset.val_size", size, images, 0)
    assert np.bincount(images.labels[out - 100]).tolist() == expected
    assert sorted([*left, *out]) == images.rows.tolist()
    assert (left.dtype, out.dtype) == (np.int32, np.int32)
    np.testing.assert_array_equal(out, np.sort(out))
    np.testing.assert_array_equal(left, np.sort(left))


def test_the_same_images_are_held_out_always():
    _, out = hold_out("dataset.val_size", 6, labelled(9, 6, 3), 20_121_995)
    assert out.tolist() == [105, 107, 108, 111, 113, 116]
    _, fold = fold_of(3, 1, labelled(5, 4, 3), 20_121_995)
    assert fold.tolist() == [100, 103, 105, 110]


@pytest.mark.parametrize(
    ("counts", "size", "expected"),
    [
        (
            (5, 1, 5),
            0.3,
            "dataset.test_size=0.3: class birch has one image to choose from; allowed are classes "
            "of 2 or more, since each is split",
        ),
        (
            (5, 5, 0),
            3,
            "dataset.test_size=3: class maple has 0 images to choose from; allowed are classes of "
            "2 or more, since each is split",
        ),
        (
            (5, 5, 5),
            2,
            "dataset.test_size=2: holds 2 of 15 images out; allowed are 3 to 12, so that each of 3 "
            "classes is on both sides",
        ),
        (
            (5, 5, 5),
            13,
            "dataset.test_size=13: holds 13 of 15 images out; allowed are 3 to 12, so that each of "
            "3 classes is on both sides",
        ),
    ],
)
def test_what_cannot_be_held_out(counts, size, expected):
    assert message(hold_out, "dataset.test_size", size, labelled(*counts), 0) == expected


def test_folds_have_their_share_of_each_class():
    images = labelled(11, 7, 4)
    folds = [fold_of(4, fold, images, 0) for fold in range(4)]
    assert sorted(np.concatenate([fold for _, fold in folds])) == images.rows.tolist()
    for rest, fold in folds:
        assert sorted([*rest, *fold]) == images.rows.tolist()
        counts = np.bincount(images.labels[fold - 100], minlength=3)
        assert counts[0] in (2, 3) and counts[1] in (1, 2) and counts[2] == 1
        assert len(fold) in (5, 6)


def test_too_many_folds_for_a_class():
    assert message(fold_of, 5, 0, labelled(9, 4, 9), 0) == (
        "dataset.folds=5: class birch has 4 images to choose from; allowed are classes of 5 or "
        "more, since each is split"
    )


def test_folds_beside_images_to_validate_on():
    choice = Choice(0.1, None, 3, 0)
    labels = {name: np.arange(3).repeat(5) for name in ("train", "val", "test")}
    assert message(choice.rows, labels, NAMES) == (
        "dataset.folds=3: there are images to validate on already; allowed is null"
    )


@pytest.mark.parametrize("val_size", [0, 0.2, 7])
def test_a_size_beside_images_to_validate_on(val_size):
    choice = Choice(val_size, None, None, None)
    labels = {name: np.arange(3).repeat(5) for name in ("train", "val", "test")}
    assert message(choice.rows, labels, NAMES) == (
        f"dataset.val_size={val_size}: there are images to validate on already; allowed is the "
        "usual 0.1, which is not used then"
    )
    assert len(replace(choice, val_size=0.1).rows(labels, NAMES).val) == 15


FOLDER = ("dataset=folder", "dataset.root=photos")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "dataset.fold=1",
            "dataset.fold=1: there are no folds; allowed is null, or a number of folds beside it, "
            "as in dataset.folds=5",
        ),
        ("dataset.folds=3", "dataset.fold=null: allowed with dataset.folds=3 is 0, 1 or 2"),
        (
            "dataset.folds=3 dataset.fold=3",
            "dataset.fold=3: allowed with dataset.folds=3 is 0, 1 or 2",
        ),
        (
            "dataset.folds=20 dataset.fold=20",
            "dataset.fold=20: allowed with dataset.folds=20 is 0 to 19",
        ),
        (
            "dataset.folds=3 dataset.fold=0 dataset.val_size=0.2",
            "dataset.val_size=0.2: dataset.folds=3 says what is validated on; allowed is the usual "
            "0.1, which is not used then",
        ),
        ("dataset.folds=1", "dataset.folds=1: allowed is null, or a whole number, 2 or more"),
        ("dataset.fold=-1", "dataset.fold=-1: allowed is null, or a whole number, 0 or more"),
        *(
            (
                f"dataset.{key}={value}",
                f"dataset.{key}={value}: allowed is {least} or more, or a share above 0 and below "
                "1",
            )
            for key, least, wrong in (
                ("val_size", "a whole number, 0", "-1"),
                ("test_size", "null, a whole number, 1", "0"),
            )
            for value in (wrong, "1.0", "0.0", "half", "true")
        ),
        (
            "dataset.val_size=0",
            "dataset.val_size=0: leaves nothing to validate on; allowed is 1 or more, or 0 with "
            "test_every_epoch=true, which measures on the test set after every epoch",
        ),
    ],
)
def test_fields_that_are_wrong(given, expected):
    assert message(load, *FOLDER, *given.split()) == expected


def test_what_a_configuration_holds_out():
    assert load(*FOLDER, "dataset.val_size=0.25").dataset.held_out(90) == 22
    assert load(*FOLDER, "dataset.val_size=7").dataset.held_out(90) == 7
    folds = load(*FOLDER, "dataset.folds=3", "dataset.fold=0").dataset
    assert folds.held_out(90) == 30
    assert folds.validates
    assert not load(*FOLDER, "dataset.val_size=0", "test_every_epoch=true").dataset.validates
