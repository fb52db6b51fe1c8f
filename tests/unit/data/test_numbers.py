"""Numbers to predict: read from tables and arrays, split, and refused where there is none."""

import json

import numpy as np
import pytest

from sweep.config.compose import load
from sweep.config.recorded import from_yaml, to_yaml
from sweep.data.splits import load_dataset
from sweep.errors import UserError

ROWS = 50
FEATURES = np.random.RandomState(0).normal(size=(ROWS, 3)).astype(np.float32)
NUMBERS = np.random.RandomState(1).normal(100, 30, ROWS).astype(np.float32)
SPLIT = ("loss=l2", "dataset.val_size=0.2", "dataset.test_size=0.3")
CSV = (*SPLIT, "dataset=csv", "dataset.train=a.csv", "dataset.label=price")
NPZ = (*SPLIT, "dataset=arrays", "dataset.train=a.npz")


def write_csv(numbers=NUMBERS):
    lines = [
        ",".join(map(str, [*row, number])) for row, number in zip(FEATURES, numbers, strict=True)
    ]
    with open("a.csv", "w") as file:
        file.write("\n".join(["a,b,c,price", *lines]))


def write_npz(labels=NUMBERS, images=FEATURES, **others):
    np.savez("a.npz", images=images, labels=labels, **others)


def read(*overrides):
    return load_dataset(load(*overrides).dataset)


def message(*overrides):
    with pytest.raises(UserError) as raised:
        read(*overrides)
    return str(raised.value)


def rows(dataset):
    return [getattr(dataset, name).index for name in ("train", "val", "test")]


def test_a_table_and_arrays_give_the_same():
    write_csv()
    write_npz()
    table, arrays = read(*CSV), read(*NPZ)
    for each in (table, arrays):
        assert (each.task, each.class_names, each.outputs) == ("regression", (), 1)
        assert each.train.labels.dtype == np.float32
        assert np.array_equal(each.train.labels[:, 0], NUMBERS)
        assert np.array_equal(each.train.images[:, 0, 0], FEATURES)
        assert [len(part) for part in rows(each)] == [28, 7, 15]
        assert sorted(np.concatenate(rows(each))) == [*range(ROWS)]
    assert table.digest == arrays.digest
    assert all(np.array_equal(*both) for both in zip(rows(table), rows(arrays), strict=True))
    again = read(*CSV)  # from where they are kept
    assert (again.digest, again.class_names, again.outputs) == (table.digest, (), 1)
    assert again.train.labels.tobytes() == table.train.labels.tobytes()


def test_whole_numbers_are_classes_unless_it_is_said():
    write_npz(np.arange(ROWS) % 3)
    classes = read("dataset=arrays", *SPLIT[1:], "dataset.train=a.npz")
    numbers = read(*NPZ)
    assert (classes.outputs, classes.train.labels.shape) == (3, (ROWS,))
    assert (numbers.outputs, numbers.train.labels.shape) == (1, (ROWS, 1))
    assert classes.digest != numbers.digest


def test_several_numbers_may_be_predicted():
    both = np.column_stack([NUMBERS, -NUMBERS])
    np.save("x.npy", FEATURES)
    np.save("y.npy", both)
    dataset = read(*SPLIT, "dataset=arrays", "dataset.train=[x.npy,y.npy]")
    assert dataset.outputs == 2
    assert np.array_equal(dataset.test.labels, both)


def test_folds_and_a_limit_know_no_classes():
    write_npz()
    folds = [
        read(*NPZ, "dataset.val_size=0.1", "dataset.folds=5", f"dataset.fold={fold}")
        for fold in range(5)
    ]
    tested = folds[0].test.index
    validated = np.concatenate([each.val.index for each in folds])
    assert sorted([*validated, *tested]) == [*range(ROWS)]
    assert {len(each.val) for each in folds} == {7}
    assert len(read(*NPZ, "dataset.limit=20").train.labels) == 20


def test_numbers_of_a_function_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "prices.py").write_text(
        f"def load():\n    return dict(x_train={FEATURES.tolist()}, y_train={NUMBERS.tolist()})\n"
    )
    monkeypatch.chdir(tmp_path)
    dataset = read(*SPLIT, "dataset=custom", "dataset._target_=prices.load")
    assert np.array_equal(dataset.train.labels[:, 0], NUMBERS)


def test_a_configuration_of_numbers_reads_back():
    config = load(*CSV)
    assert from_yaml(to_yaml(config)).dataset.task == "regression"
    assert json.loads(json.dumps(to_yaml(config))).count("task: regression") == 1


NO_NUMBER = "column price has no number; allowed are finite numbers"


@pytest.mark.parametrize(("wrong", "line"), [("cheap", 6), ("", 6), ("nan", 6), ("inf", 6)])
def test_a_row_of_a_table_without_a_number_is_named(wrong, line):
    numbers = [*map(str, NUMBERS)]
    numbers[line - 2] = wrong
    write_csv(numbers)
    assert message(*CSV) == f"a.csv, line {line}: {NO_NUMBER}"


def test_classes_that_are_no_whole_numbers_are_refused_as_before():
    write_csv([0.5, *np.arange(ROWS - 1)])
    given = [each for each in CSV if not each.startswith("loss")]
    assert message(*given) == (
        "a.csv, line 2: label 0.5 is no class; allowed are whole numbers from 0, or loss=huber, l1 "
        "or l2 to predict numbers"
    )


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            np.where(np.arange(ROWS) == 4, np.nan, NUMBERS),
            "a.npz, labels, row 4: label nan is no finite float32; allowed are finite numbers",
        ),
        (
            np.where(np.arange(ROWS) == 9, 1e39, NUMBERS.astype(np.float64)),
            "a.npz, labels, row 9: label 1e+39 is no finite float32; allowed are finite numbers",
        ),
        (
            np.full(ROWS, "much"),
            "a.npz, labels, row 0: label 'much' is no number; allowed are finite numbers",
        ),
        (
            NUMBERS.reshape(ROWS, 1, 1),
            "a.npz, labels: has the shape (50,1,1); allowed is a number to predict for each image, "
            "or several: (n,) or (n,k)",
        ),
        (
            NUMBERS[:-1],
            "a.npz, labels: has 49 labels for the 50 images of a.npz, images; allowed are as many",
        ),
    ],
)
def test_labels_that_are_no_numbers_are_refused(labels, expected):
    write_npz(labels)
    assert message(*NPZ) == expected


def test_parts_predict_as_many_numbers():
    np.savez("a.npz", x_train=FEATURES, y_train=NUMBERS, x_test=FEATURES, y_test=FEATURES)
    assert message("loss=l2", "dataset=arrays", "dataset.train=a.npz") == (
        "a.npz, x_test, row 0: has 3 numbers to predict, and each image to train on has 1; allowed "
        "is the same number"
    )


def test_a_number_that_is_too_large_is_named_by_its_line():
    write_csv([1e39, *NUMBERS[1:]])
    assert message(*CSV) == (
        "a.csv, line 2: label 1e+39 is no finite float32; allowed are finite numbers"
    )


def test_more_than_there_are_cannot_be_held_out():
    write_npz()
    assert message(*NPZ, "dataset.test_size=50") == (
        "dataset.test_size=50: holds 50 of 50 images out; allowed are 1 to 49, so that images are "
        "on both sides"
    )


def test_the_notes_of_2017():
    dataset = read("experiment=linear_regression_2017")
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (20, 0, 100)
    assert (dataset.shape, dataset.outputs) == ((1, 1, 200), 1)
    inputs = dataset.test.images[:, 0, 0].astype(np.float64)
    noise = dataset.test.labels[:, 0] - 0.01 * inputs.sum(axis=1) - 0.05
    assert abs(noise).max() < 0.05
    assert noise.std() == pytest.approx(0.01, rel=0.2)
    assert read("experiment=linear_regression_2017").digest == dataset.digest
