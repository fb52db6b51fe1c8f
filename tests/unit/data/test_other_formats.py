"""What arrays, tables, IDX files, CIFAR's binaries and functions of the user's give."""

import gzip
import hashlib
import io
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from own_images import digits, halves, idx, patches
from pandas._libs.parsers import STR_NA_VALUES

from sweep.config.compose import load
from sweep.config.params import params
from sweep.config.recorded import from_yaml, to_yaml
from sweep.data.formats.csv import csv_part
from sweep.data.published import cifar
from sweep.data.published.cifar import CIFAR
from sweep.data.published.download import gluon_cache
from sweep.data.readers.decoding import AS_THEY_ARE
from sweep.data.readers.tables import MISSING, read_table
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.own_modules import keep

IMAGES, LABELS = digits()


def dataset_of(*overrides):
    return load_dataset(load("dataset.val_size=0.2", *overrides).dataset)


def message(*overrides):
    with pytest.raises(UserError) as raised:
        dataset_of(*overrides)
    return str(raised.value)


# --- arrays ---

NPZ = ("dataset=arrays", "dataset.train=a.npz", "dataset.test_size=0.25")


def of_arrays(images, labels=LABELS):
    np.savez("a.npz", images=images, labels=labels)
    return dataset_of(*NPZ)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((120, 8, 8), (1, 8, 8)),
        ((120, 8, 8, 1), (1, 8, 8)),
        ((120, 1, 8, 8), (1, 8, 8)),
        ((120, 8, 8, 3), (3, 8, 8)),
        ((120, 3, 8, 8), (3, 8, 8)),
        ((120, 3, 8, 3), (3, 3, 8)),  # the last axis counts where both could
        ((120, 1, 8, 3), (3, 1, 8)),
        ((120, 5), (1, 1, 5)),
    ],
)
def test_axes_are_known_by_their_lengths(shape, expected):
    values = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    dataset = of_arrays(values)
    assert dataset.shape == expected
    first = dataset.train.images[0]
    raw = values[0]
    raw = raw.transpose(2, 0, 1) if len(shape) == 4 and shape[3] in (1, 3) else raw
    if len(shape) == 2:
        np.testing.assert_array_equal(first[0, 0], raw.astype(np.float32), strict=True)
    else:
        scale = 255 if first.dtype == np.float32 else 1
        np.testing.assert_array_equal(np.rint(first * scale), raw.reshape(expected))


@pytest.mark.parametrize("dtype", [np.int64, np.uint16, np.int32])
def test_whole_numbers_up_to_255_are_8_bits(dtype):
    assert of_arrays(IMAGES.astype(dtype)).digest == of_arrays(IMAGES).digest


def test_bits_are_black_and_white():
    bits = IMAGES > 100
    assert of_arrays(bits).digest == of_arrays(bits.astype(np.uint8) * np.uint8(255)).digest


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_are_taken_as_they_are(dtype):
    values = (IMAGES / 16 - 3).astype(dtype)
    dataset = of_arrays(values)
    expected = values.astype(np.float32).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(dataset.train.images, expected, strict=True)


def test_features_of_any_numbers_are_floats():
    features = np.arange(360).reshape(120, 3) * 1_000
    dataset = of_arrays(features)
    np.testing.assert_array_equal(dataset.test.images[:, 0, 0], features.astype(np.float32))


# --- tables ---


def table(rows, names=True, place=0):
    header = ["a", "b", "c"]
    header.insert(place, "label")
    lines = [",".join(header)] * names + [",".join(map(str, row)) for row in rows]
    Path("a.csv").write_text("\n".join(lines) + "\n")


CSV = ("dataset=csv", "dataset.train=a.csv", "dataset.test_size=0.5")
ROWS = [[row % 2, row * 0.5, -row, 300] for row in range(20)]


@pytest.mark.parametrize(
    ("names", "place", "label"),
    [(True, 0, "label"), (True, 2, "label"), (True, 3, "-1"), (False, 0, "0"), (False, 1, "1")],
)
def test_a_table_of_features(names, place, label):
    rows = [[*row[1 : place + 1], row[0], *row[place + 1 :]] for row in ROWS]
    table(rows, names, place)
    dataset = dataset_of(*CSV, f"dataset.label={label}")
    assert dataset.shape == (1, 1, 3)
    expected = np.array([row[1:] for row in ROWS], np.float32)
    np.testing.assert_array_equal(dataset.train.images[:, 0, 0], expected, strict=True)
    np.testing.assert_array_equal(dataset.train.labels, [row[0] for row in ROWS])


@pytest.mark.parametrize(
    "first",
    [
        "\ufeff0,0.5,-0,300",
        '"0","0.5","-0","300"',
        "\ufefflabel,a,b,c\n0,0.5,-0,300",
        "\n0,0.5,-0,300",
    ],
    ids=["a mark", "quotes", "a mark and names", "an empty line"],
)
def test_the_first_image_of_a_table_is_kept(first):
    lines = [first, *(",".join(map(str, row)) for row in ROWS[1:])]
    Path("a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    part = csv_part(Path("a.csv"), "label" if "label" in first else "0", None)
    np.testing.assert_array_equal(part.labels, [row[0] for row in ROWS])
    np.testing.assert_array_equal(part.pictures.pixels(0, AS_THEY_ARE).ravel(), [0.5, 0, 300])


def test_the_names_that_pandas_gives_columns_are_no_image():
    values = np.random.RandomState(0).randint(0, 256, (20, 17))
    values[:, 0] = np.arange(20) % 2
    named = [f"pixel{each}" for each in range(17)]
    digests = set()
    for columns in (named, range(17)):
        pd.DataFrame(values, columns=columns).to_csv("a.csv", index=False)
        dataset = dataset_of(*CSV, "dataset.label=0")
        assert dataset.shape == (1, 4, 4)
        assert len(dataset.train.images) == 20
        digests.add(dataset.digest)
    assert len(digests) == 1


@pytest.mark.parametrize("first", ["0,1,2", "0,1,3", "0,1,2.0", "1,2,3", "0,,2", "nan,1,2"])
def test_other_numbers_in_the_first_line_are_a_row(first):
    Path("a.csv").write_text(f"{first}\n1,2,3\n")
    assert read_table(Path("a.csv")).first_line == 1


@pytest.mark.parametrize("first", ["NA,?,null", "a,1,NA"])
def test_other_words_in_the_first_line_are_names(first):
    Path("a.csv").write_text(f"{first}\n1,2,3\n")
    part = csv_part(Path("a.csv"), "0", None)
    np.testing.assert_array_equal(part.labels, [1])
    np.testing.assert_array_equal(part.pictures.pixels(0, AS_THEY_ARE).ravel(), [2, 3])


def test_words_for_what_is_missing_are_those_of_pandas():
    assert MISSING == (STR_NA_VALUES - {""}) | {"?"}


def test_a_label_that_is_given_by_its_position_needs_no_name():
    table(ROWS)
    named = dataset_of(*CSV).digest
    pd.read_csv("a.csv", index_col="label").to_csv("a.csv", index_label="")
    assert Path("a.csv").read_text().startswith(",a,b,c\n0,")
    assert dataset_of(*CSV, "dataset.label=0").digest == named


SHUFFLED = ["c", "label", "a", "b"]


@pytest.mark.parametrize("label", ["label", "0"])
@pytest.mark.parametrize("part", ["val", "test"])
def test_columns_are_known_by_their_names(part, label):
    frame = pd.DataFrame(ROWS, columns=["label", "a", "b", "c"])
    for name in ("train", "val", "test"):
        frame.to_csv(f"{name}.csv", index=False)
    files = [f"dataset.{name}={name}.csv" for name in ("train", "val", "test")]
    given = ("dataset=csv", *files, f"dataset.label={label}")
    expected = load_dataset(load(*given).dataset)
    shuffled = frame[SHUFFLED].rename(columns=lambda name: f" {name}")  # as people type it
    shuffled.to_csv(f"{part}.csv", index=False)
    found = load_dataset(load(*given).dataset)
    assert found.digest == expected.digest
    np.testing.assert_array_equal(getattr(found, part).images, expected.train.images, strict=True)


def test_labels_that_are_given_by_their_position_may_have_another_name():
    frame = pd.DataFrame(ROWS, columns=["label", "a", "b", "c"])
    frame.to_csv("train.csv", index=False)
    given = ("dataset=csv", "dataset.train=train.csv", "dataset.test=test.csv", "dataset.label=0")
    frame.to_csv("test.csv", index=False)
    expected = load_dataset(load(*given).dataset)
    frame = frame.rename(columns={"label": "class"})
    frame[["class", "c", "a", "b"]].to_csv("test.csv", index=False)
    assert load_dataset(load(*given).dataset).digest == expected.digest


@pytest.mark.parametrize("without", ["train", "test"])
def test_columns_without_names_are_known_by_their_positions(without):
    frame = pd.DataFrame(ROWS, columns=["label", "a", "b", "c"])
    for name in ("train", "test"):
        frame.to_csv(f"{name}.csv", index=False, header=name != without)
    dataset = dataset_of(
        "dataset=csv", "dataset.train=train.csv", "dataset.test=test.csv", "dataset.label=0"
    )
    expected = np.array([row[1:] for row in ROWS], np.float32)
    np.testing.assert_array_equal(dataset.test.images[:, 0, 0], expected, strict=True)


def pixels(columns, largest=255):
    values = np.random.RandomState(0).randint(0, largest + 1, (20, columns))
    values[0, 0] = largest
    lines = [",".join(map(str, [row % 2, *each])) for row, each in enumerate(values)]
    Path("a.csv").write_text("\n".join(lines))
    return values


@pytest.mark.parametrize(
    ("columns", "largest", "given", "shape"),
    [
        (16, 255, "null", (1, 4, 4)),
        (9, 255, "null", (1, 1, 9)),
        (16, 256, "null", (1, 1, 16)),
        (12, 255, "null", (1, 1, 12)),
        (12, 255, "[3,4]", (1, 3, 4)),
        (16, 255, "[2,8]", (1, 2, 8)),
        (16, 255, "[2,2]", (1, 2, 2)),
    ],
)
def test_a_table_of_pixels(columns, largest, given, shape):
    values = pixels(columns, largest)
    dataset = dataset_of(*CSV, "dataset.label=0", f"dataset.size={given}")
    assert dataset.shape == shape
    if shape[1] * shape[2] == columns:
        scale = 1 if shape[1] == 1 else 255
        found = np.rint(dataset.train.images * scale).reshape(20, -1)
        np.testing.assert_array_equal(found, values)


# --- IDX files ---


def test_idx_files_are_found_by_their_usual_names():
    parts = halves(IMAGES, LABELS)
    digests = set()
    for names in (
        ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte"),
        ("train-images.idx3-ubyte", "t10k-images.idx3-ubyte"),
        ("emnist-a-train-images-idx3-ubyte.gz", "emnist-a-test-images-idx3-ubyte.gz"),
    ):
        root = Path(names[0])
        root.mkdir()
        for name, (images, labels) in zip(names, parts.values(), strict=True):
            for file, array in ((name, images[..., 0]), (name.replace("images", "labels"), labels)):
                packed = gzip.compress(idx(array)) if name.endswith(".gz") else idx(array)
                (root / file.replace("labels-idx3", "labels-idx1")).write_bytes(packed)
        digests.add(dataset_of("dataset=idx", f"dataset.root={root}").digest)
    assert len(digests) == 1


def test_idx_files_to_validate_on_are_given_or_found():
    Path("idx").mkdir()
    given, halved = [], halves(IMAGES, LABELS)
    parts = {"train": halved["train"], "val": halved["test"], "test": (IMAGES[:30], LABELS[:30])}
    for part, (images, labels) in parts.items():
        pair = {"images": (images[..., 0], "idx3"), "labels": (labels, "idx1")}
        for kind, (array, ending) in pair.items():
            file = Path("idx", f"{part}-{kind}-{ending}-ubyte")
            file.write_bytes(idx(array))
            given.append(f"dataset.{part}_{kind}={file}")
    found = load_dataset(load("dataset=idx", "dataset.root=idx").dataset)
    np.testing.assert_array_equal(found.val.labels, halved["test"][1])
    expected = halved["test"][0].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(np.rint(found.val.images * 255), expected)
    assert (len(found.train), len(found.val), len(found.test)) == (90, 30, 30)
    assert load_dataset(load("dataset=idx", *given).dataset).digest == found.digest
    moved = load("dataset=idx", *given).dataset.in_folder("elsewhere")
    assert moved.val_labels == "elsewhere/val-labels-idx1-ubyte"
    assert "there are images to validate on already" in message("dataset=idx", *given)


def test_idx_files_on_their_side_are_turned():
    Path("a").write_bytes(idx(IMAGES[..., 0].transpose(0, 2, 1)))
    Path("b").write_bytes(idx(LABELS))
    files = ("dataset.train_images=a", "dataset.train_labels=b", "dataset.test_size=0.25")
    turned = dataset_of("dataset=idx", *files, "dataset.transpose=true")
    assert turned.digest == of_arrays(IMAGES).digest


@pytest.mark.parametrize("stored", [(0, 2, 1, 3), (0, 3, 2, 1)], ids=["(n,w,h,c)", "(n,c,w,h)"])
def test_colour_idx_files_on_their_side_are_turned(stored):
    images, labels = patches()
    images = images[:, :20]  # of another height than width
    Path("a").write_bytes(idx(images.transpose(stored)))
    Path("b").write_bytes(idx(labels))
    files = ("dataset.train_images=a", "dataset.train_labels=b", "dataset.test_size=0.25")
    turned = dataset_of("dataset=idx", *files, "dataset.transpose=true")
    np.testing.assert_array_equal(turned.train.images, images.transpose(0, 3, 1, 2), strict=True)


# --- CIFAR ---


def binary(images, labels, coarse):
    """Return rows in CIFAR's format; CIFAR-100 has a coarse label before the fine one."""
    before = (np.arange(len(labels), dtype=np.uint8)[:, None] % 20,) * coarse
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.hstack([*before, labels.astype(np.uint8)[:, None], planes]).tobytes()


@pytest.fixture(params=["cifar10", "cifar100"])
def published(request, monkeypatch):
    """Publish a tiny set; give its configuration, the contents of its files, and its images."""
    real = CIFAR[request.param]
    images, labels = patches()
    parts = halves(images, labels)
    pieces = np.array_split(np.arange(len(parts["train"][0])), len(real.train))
    arrays = [tuple(each[rows] for each in parts["train"]) for rows in pieces]
    named = zip(real.sums, [*arrays, parts["test"]], strict=True)
    contents = {name: binary(*each, real.labels - 1) for name, each in named}
    contents[real.names] = b"china\nflower\n\n"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in contents.items():
            info = tarfile.TarInfo(f"{real.folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("../test.bin")  # what would be written elsewhere if it were unpacked
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    sums = {name: hashlib.sha1(contents[name]).hexdigest() for name in real.sums}
    tiny = replace(
        real,
        md5=hashlib.md5(stream.getvalue()).hexdigest(),
        train={name: sums[name] for name in real.train},
        test={name: sums[name] for name in real.test},
    )
    monkeypatch.setitem(CIFAR, real.name, tiny)
    return tiny, contents, stream.getvalue(), parts


def write_all(folder, contents):
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def check_cifar(dataset, parts, names=("china", "flower")):
    for split, (images, labels) in ((dataset.train, parts["train"]), (dataset.test, parts["test"])):
        np.testing.assert_array_equal(split.images, images.transpose(0, 3, 1, 2), strict=True)
        np.testing.assert_array_equal(split.labels, labels.astype(np.int32), strict=True)
    assert dataset.class_names[:2] == names


def test_cifar_in_files_or_in_its_archive(published):
    tiny, contents, archive, parts = published
    given = f"dataset={tiny.name}"
    write_all(gluon_cache() / tiny.name, contents)
    found = dataset_of(given)
    check_cifar(found, parts)
    write_all(Path("there", tiny.folder), contents)
    assert dataset_of(given, "dataset.root=there").digest == found.digest
    Path("packed").mkdir()
    Path("packed", tiny.archive).write_bytes(archive)
    packed = dataset_of(given, "dataset.root=packed")
    check_cifar(packed, parts)
    assert packed.digest == found.digest
    assert list(Path("packed").iterdir()) == [Path("packed", tiny.archive)]


def test_cifar_whose_names_are_not_in_utf_8(published):
    tiny, contents, _, _ = published
    write_all(Path("x"), contents | {tiny.names: b"\xff\xfe"})
    assert message(f"dataset={tiny.name}", "dataset.root=x") == (
        f"x: {tiny.names} is not in UTF-8; allowed is the published file, or none: delete it"
    )


def test_cifar_without_the_names_of_its_classes(published):
    tiny, contents, _, parts = published
    write_all(Path("x"), {name: each for name, each in contents.items() if name != tiny.names})
    names = {"cifar10": ("airplane", "automobile"), "cifar100": ("0", "1")}[tiny.name]
    check_cifar(dataset_of(f"dataset={tiny.name}", "dataset.root=x"), parts, names)


def test_cifar_is_downloaded(published, monkeypatch):
    tiny, _, archive, parts = published
    asked = []

    def fetch(name, md5, folder, mirrors, title):
        asked.append((name, md5, tuple(mirrors)))
        folder.mkdir(parents=True)
        (folder / name).write_bytes(archive)
        return folder / name

    monkeypatch.setattr(cifar, "fetch", fetch)
    for _ in range(2):
        check_cifar(dataset_of(f"dataset={tiny.name}"), parts)
    assert asked == [(tiny.archive, tiny.md5, ("https://www.cs.toronto.edu/~kriz/",))]


def test_cifar_that_is_wrong(published):
    tiny, contents, archive, _ = published
    given = (f"dataset={tiny.name}", "dataset.root=x")
    needed = f"needed are {', '.join(tiny.sums)}, or {tiny.archive}"
    assert message(*given) == f"dataset.root=x: there is no such folder; {needed}"
    first = next(iter(tiny.train))
    write_all(Path("x"), {**contents, first: contents[first][:-1]})
    assert message(*given).startswith(f"x/{first}: is incomplete, or not {tiny.name}'s: SHA-1 ")
    Path("x", first).unlink()
    assert message(*given) == f"dataset.root=x: has not all of them; {needed}"
    Path("x", tiny.archive).write_bytes(archive[:-9])
    assert message(*given).startswith(f"x/{tiny.archive}: is incomplete, or another file: MD5 ")
    assert message(f"dataset={tiny.name}", "dataset.mirrors=[]").startswith(
        f"{tiny.name} is not on this machine and could not be downloaded. Tried:\n"
    )


def test_the_published_sets():
    assert {name: (len(each.train), len(each.test)) for name, each in CIFAR.items()} == {
        "cifar10": (5, 1),
        "cifar100": (1, 1),
    }
    from sweep.backend.mxnet import gluon

    source = Path(gluon.data.vision.datasets.__file__).read_text()
    for each in CIFAR.values():
        for name, sha1 in each.sums.items():
            assert f"('{name}', '{sha1}')" in source


# --- functions of the user's ---

SOURCE = """
import numpy as np

calls = []

def load(n=40, form="dict", **others):
    calls.append(n)
    x = np.arange(n * 12, dtype=np.uint8).reshape(n, 3, 4)
    y = np.arange(n) % 2
    x_test, y_test = x[:4], y[:4]
    return {
        "dict": {"x_train": x, "y_train": y, "x_test": x_test, "y_test": y_test},
        "tuple": (x, y, x_test, y_test),
        "keras": ((x, y), (x_test, y_test)),
        "val": {"x_train": x, "y_train": y, "x_val": x[:6], "y_val": y[:6], "x_test": x_test,
                "y_test": y_test},
        "six": (x, y, x[:6], y[:6], x_test, y_test),
        "pairs": ((x, y), (x[:6], y[:6]), (x_test, y_test)),
        "two": (x, y),
        "three": (x, y, x),
        "text": "text",
        "objects": {"x_train": [object()], "y_train": [0]},
        "ragged": {"x_train": x, "y_train": [1, [2]]},
        "names": {"pixels": x},
        "exit": None,
    }[form] if form != "exit" else exit(3)

constant = 5
"""


@pytest.fixture
def function(monkeypatch):
    """Write a module into the folder of the command; give the overrides that name its function."""
    Path("of_mine.py").write_text(SOURCE)
    monkeypatch.delitem(sys.modules, "of_mine", raising=False)
    yield "dataset=custom", "dataset._target_=of_mine.load"
    sys.modules.pop("of_mine", None)


def test_a_function_gives_arrays(function):
    forms = ("dict", "tuple", "keras")
    digests = {dataset_of(*function, f"+dataset.form={each}").digest for each in forms}
    dataset = dataset_of(*function, "+dataset.n=30")
    x = np.arange(360, dtype=np.uint8).reshape(30, 1, 3, 4)
    np.testing.assert_array_equal(np.rint(dataset.train.images * 255), x)
    assert (dataset.source, len(dataset.test)) == ("of_mine.load", 4)
    assert len(digests) == 1 and dataset.digest not in digests
    two = dataset_of(*function, "+dataset.form=two", "dataset.test_size=0.5")
    assert len(two.test) == 20


def test_a_function_gives_images_to_validate_on(function):
    given = [load(*function, f"+dataset.form={each}").dataset for each in ("val", "six", "pairs")]
    found = [load_dataset(each) for each in given]
    assert [(len(each.train), len(each.val), len(each.test)) for each in found] == [(40, 6, 4)] * 3
    assert len({each.digest for each in found}) == 1
    np.testing.assert_array_equal(found[0].val.labels, np.arange(6) % 2)


def test_its_modules_come_with_the_images_and_others_can_be_named(function, tmp_path):
    Path("for_mine.py").write_text("SIDE = 3\n")
    Path("of_mine.py").write_text(f"import for_mine\n{SOURCE}")
    config = load(*function).dataset
    found = load_dataset(config)
    files = {name: Path(name).read_bytes() for name in ("for_mine.py", "of_mine.py")}
    assert found.modules == files
    del sys.modules["of_mine"], sys.modules["for_mine"]
    kept = keep(files, tmp_path / "kept")
    for name in files:
        Path(name).write_text("raise RuntimeError")
    again = load_dataset(config.read_by(kept))
    assert (again.digest, again.modules) == (found.digest, files)
    assert str(kept) not in sys.path
    del sys.modules["for_mine"]


def test_its_arguments_are_recorded(function):
    config = load(*function, "+dataset.n=30", "+dataset.form=tuple", "+dataset.rest=[1,null]")
    assert config.dataset.arguments == '{"form": "tuple", "n": 30, "rest": [1, null]}'
    assert params(config)["dataset._target_"] == "of_mine.load"
    assert params(config)["dataset.arguments"] == config.dataset.arguments
    assert from_yaml(to_yaml(config)) == config
    assert hash(config.dataset) == hash(replace(config).dataset)


@pytest.mark.parametrize(
    ("target", "given", "expected"),
    [
        ("nowhere.load", "", "nowhere.load: cannot be imported: ModuleNotFoundError: No module na"),
        ("of_mine.lod", "", "of_mine.lod: cannot be imported: AttributeError: module 'of_mine' ha"),
        ("of_mine.constant", "", "of_mine.constant: cannot be imported: TypeError: constant is no"),
        ("load", "", "load: cannot be imported: ImportError: no module is named; allowed is mod"),
        (
            "of_mine.load",
            "+dataset.form=text",
            "of_mine.load: returned a str; allowed are a",
        ),
        (
            "of_mine.load",
            "+dataset.form=three",
            "of_mine.load: returned 3 values; allowed",
        ),
        ("of_mine.load", "+dataset.form=objects", "of_mine.load: x_train holds objects; allowed a"),
        ("of_mine.load", "+dataset.form=ragged", "of_mine.load: ValueError: setting an array elem"),
        ("of_mine.load", "+dataset.form=exit", "of_mine.load: of_mine.load(form='exit'): SystemEx"),
        ("of_mine.load", "+dataset.n=few", "of_mine.load: of_mine.load(n='few'): TypeError: uns"),
    ],
)
def test_a_function_that_is_wrong(function, target, given, expected):
    given = [each for each in (f"dataset._target_={target}", given) if each]
    assert message("dataset=custom", *given).startswith(f"dataset._target_={expected}")


def test_a_function_that_gives_other_names(function):
    assert message(*function, "+dataset.form=names").startswith("of_mine.load: has pixels; allowed")
    with pytest.raises(UserError, match="^dataset._target_=null: no function; allowed is module"):
        load("dataset=custom")
