"""What is wrong with images of one's own is said in a line; nothing is kept of them."""

import os
import pickle
from pathlib import Path

import numpy as np
import own_images
import pandas as pd
import pytest
from own_images import digits, encoded, halves, idx, patches

from sweep.config.compose import load
from sweep.data.decoded import free_memory
from sweep.data.decoded import once as decode_once
from sweep.data.own import images as own
from sweep.data.published.download import gluon_cache
from sweep.data.splits import load_dataset
from sweep.errors import UserError

IMAGES, LABELS = digits()
PARTS = halves(IMAGES, LABELS)
SKIP = "dataset.on_broken=skip leaves such images out"
CLASS_LABELS = "allowed are whole numbers from 0, one for each class"
OR_NUMBERS = "allowed are whole numbers from 0, or loss=huber, l1 or l2 to predict numbers"
FOLDER = (
    "allowed is a folder with train/CLASS/… and test/CLASS/…, or with CLASS/… alone, whose files "
    "are images"
)
FOLDER_ROOT = ("dataset=folder", "dataset.root=root")


def dataset_of(*overrides):
    return load_dataset(load("dataset.val_size=0.2", *overrides).dataset)


def message(*overrides):
    """Return what is said; see that nothing is kept."""
    with pytest.raises(UserError) as raised:
        dataset_of(*overrides)
    folder = gluon_cache() / "decoded"
    assert not folder.exists() or not list(folder.iterdir())
    return str(raised.value)


@pytest.fixture
def root():
    """Give a folder of images in two parts and two classes."""
    two = {
        name: (images[labels < 2], labels[labels < 2]) for name, (images, labels) in PARTS.items()
    }
    own_images.write_folder("root", two)
    return Path("root")


# --- single images ---


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"not an image", "is no image that can be read"),
        (encoded(IMAGES[0])[:60], "cannot be decoded: "),
        (encoded(patches()[0][0], "JPEG")[:-200], "cannot be decoded: "),
    ],
)
def test_a_broken_image_is_refused_or_left_out(root, content, reason, caplog):
    whole = dataset_of(*FOLDER_ROOT)
    for kept in (gluon_cache() / "decoded").iterdir():
        kept.unlink()
    broken = root / "train" / "1" / "broken.png"
    broken.write_bytes(content)
    found = message(*FOLDER_ROOT)
    assert found.startswith(f"{broken}: {reason}")
    assert found.endswith(f"; {SKIP}")
    for _ in range(2):  # decoded, and from where it is kept
        caplog.clear()
        dataset = dataset_of(*FOLDER_ROOT, "dataset.on_broken=skip")
        assert dataset.digest == whole.digest
        left_out = f"; left out as broken: 1 (first {broken}: {reason}"
        assert dataset.describe().startswith(whole.describe() + left_out)
        assert len(dataset.train.images) == len(whole.train.images)
        assert f"broken images that are left out: 1\n{broken}: {reason}" in caplog.text


def test_a_link_that_leads_nowhere_cannot_be_read(root):
    broken = root / "train" / "1" / "gone.png"
    broken.symlink_to("nowhere.png")
    assert message(*FOLDER_ROOT) == f"{broken}: cannot be read: No such file or directory; {SKIP}"


def test_no_more_than_five_are_listed(root, caplog):
    for row in range(7):
        (root / "train" / "0" / f"z{row}.png").write_bytes(b"")
    dataset_of(*FOLDER_ROOT, "dataset.on_broken=skip")
    assert "broken images that are left out: 7\n" in caplog.text
    assert caplog.text.count(": is empty") == 5
    assert "\nand 2 more" in caplog.text


def test_images_of_which_none_can_be_read(root):
    for file in root.glob("test/*/*"):
        file.write_bytes(b"")
    first = sorted(root.glob("test/0/*"))[0]
    assert message(*FOLDER_ROOT, "dataset.on_broken=skip") == (
        f"{first}: is empty; none of 6 images can be read; allowed is one or more"
    )


def test_a_class_of_which_none_can_be_read(root):
    for file in root.glob("train/1/*"):
        file.write_bytes(b"")
    assert message(*FOLDER_ROOT, "dataset.on_broken=skip") == (
        "root: class 1 has no image to train on; allowed are classes of one image or more"
    )


def test_a_broken_image_in_a_record_is_named_by_its_byte():
    own_images.write_rec(".", PARTS)
    content = Path("train.rec").read_bytes()
    assert content[8 + 24 : 8 + 28] == b"\x89PNG"
    Path("train.rec").write_bytes(content[: 8 + 24] + b"\0PNG" + content[8 + 28 :])
    assert message("dataset=recordio", "dataset.train=train.rec", "dataset.test=test.rec") == (
        f"train.rec, record at byte 0: is no image that can be read; {SKIP}"
    )


# --- images that do not fit each other ---


def put(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(image))


def test_images_of_different_sizes(root):
    put(root / "train" / "1" / "wide.png", np.zeros((8, 9, 1), np.uint8))
    first = sorted(root.glob("train/0/*"))[0]
    assert message(*FOLDER_ROOT) == (
        f"root/train/1/wide.png: is 9×8, and {first} 8×8; allowed are images of one size, or "
        "dataset.size=[height,width], to which all are resized"
    )
    assert dataset_of(*FOLDER_ROOT, "dataset.size=[8,8]").shape == (1, 8, 8)


def test_images_to_test_on_of_another_size(root):
    put(root / "test" / "0" / "0.png", np.zeros((8, 9, 1), np.uint8))
    assert message(*FOLDER_ROOT) == (
        "root/test/0/0.png: is 9×8, and the training images 8×8; allowed are images of one size, "
        "or dataset.size=[height,width], to which all are resized"
    )


@pytest.mark.parametrize("images", [IMAGES, patches()[0]], ids=["grey", "colour"])
def test_images_to_test_on_of_another_type(images):
    labels = np.arange(len(images)) % 2
    np.savez("train.npz", images=images, labels=labels)
    np.savez("test.npz", images=images.astype(np.float32), labels=labels)
    files = ("dataset=arrays", "dataset.train={}.npz", "dataset.test={}.npz")
    assert message(files[0], files[1].format("train"), files[2].format("test")) == (
        "test.npz, images, row 0: is float32, and the training images uint8; allowed is one type"
    )
    assert message(files[0], files[1].format("test"), files[2].format("train")) == (
        "train.npz, images, row 0: is uint8, and the training images float32; allowed is one type"
    )


def test_grey_and_colour_images(root):
    put(root / "train" / "1" / "colour.png", np.zeros((8, 8, 3), np.uint8))
    first = sorted(root.glob("train/0/*"))[0]
    assert message(*FOLDER_ROOT) == (
        f"root/train/1/colour.png: has 3 channels (colour), and {first} one channel (grey); "
        "allowed are images of one kind, or dataset.channels=1 or 3, to which all are converted"
    )
    assert dataset_of(*FOLDER_ROOT, "dataset.channels=3").shape == (3, 8, 8)


# --- folders ---


def test_a_folder_that_is_none():
    Path("file").write_text("")
    given = ("dataset=folder", "dataset.root=file")
    assert message(*given) == f"dataset.root=file: is no folder; {FOLDER}"
    assert message("dataset=folder", "dataset.root=no") == (
        f"dataset.root=no: there is no such folder; {FOLDER}"
    )
    with pytest.raises(UserError, match="^dataset.root=null: no images; allowed with dataset=fold"):
        load("dataset=folder")


def test_a_folder_without_images():
    Path("root", "train", "empty").mkdir(parents=True)
    assert message(*FOLDER_ROOT) == f"root/train: no images; {FOLDER}"


@pytest.mark.parametrize("there", [("val",), ("val", "test")])
def test_a_folder_with_nothing_to_train_on(root, there):
    (root / "train").rename(root / "val")
    if len(there) == 1:
        (root / "test").rename("elsewhere")
    assert message(*FOLDER_ROOT) == (
        f"dataset.root=root: has {' and '.join(there)}, and no train; {FOLDER}"
    )


BESIDE = (
    "which would not be read; allowed are train, val and test: rename others, or move them "
    "elsewhere"
)


@pytest.mark.parametrize(
    ("file", "beside"),
    [
        ("validation/2/0.png", "validation"),
        ("Val/0.png", "Val"),
        ("extra/1/0.png", "extra"),
        ("1/0.png", "1"),
    ],
    ids=["another name", "another spelling", "images of a class", "a class"],
)
def test_images_beside_the_parts_that_would_not_be_read(root, file, beside):
    put(root / file, IMAGES[0])
    told = f"dataset.root=root: beside train, test it has {beside}, {BESIDE}"
    assert message(*FOLDER_ROOT) == told


def test_no_more_than_five_folders_beside_the_parts_are_named(root):
    for name in "abcdef":
        put(root / name / "0" / "0.png", IMAGES[0])
    assert message(*FOLDER_ROOT) == (
        f"dataset.root=root: beside train, test it has a, b, c, d, e, …, {BESIDE}"
    )


def test_what_lies_beside_the_parts_and_is_no_part_is_left_alone(root):
    found = dataset_of(*FOLDER_ROOT)
    for file in (".cache/0/0.png", "mlruns/0/run/curves.png", "docs/figure.png"):
        put(root / file, IMAGES[0])
    (root / "checkpoints" / "1").mkdir(parents=True)
    (root / "validation").write_text("is no folder")
    assert dataset_of(*FOLDER_ROOT).digest == found.digest


def test_an_image_in_no_class(root):
    put(root / "train" / "lost.PNG", IMAGES[0])
    assert message(*FOLDER_ROOT) == f"root/train/lost.PNG: is in no class's folder; {FOLDER}"


def test_a_class_that_is_only_to_test_on(root):
    put(root / "test" / "2" / "0.png", IMAGES[0])
    assert message(*FOLDER_ROOT) == (
        "root/test/2: root/train has no such class; allowed is a folder for each class of those"
    )


def test_a_link_to_a_folder_that_it_lies_in(root):
    (root / "train" / "1" / "loop").symlink_to("..")
    assert message(*FOLDER_ROOT) == (
        "root/train/1/loop: is a link to a folder that it lies in; allowed are links that lead "
        "elsewhere"
    )


def test_what_is_neither_file_nor_folder(root):
    os.mkfifo(root / "train" / "1" / "pipe.png")
    assert message(*FOLDER_ROOT) == (
        "root/train/1/pipe.png: is neither file nor folder; allowed are these"
    )


def test_a_folder_that_cannot_be_read(root, monkeypatch):
    def scandir(folder):
        raise PermissionError(13, "Permission denied", folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert message(*FOLDER_ROOT) == "root/train: cannot be read: Permission denied"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "dataset.test_size=3",
            "dataset.test_size=3: root has images to test on already; allowed is null",
        ),
        (
            "dataset.root=root/train",
            "dataset.test_size=null: root/train has no images to test on; allowed is a number of "
            "them or a share, as in dataset.test_size=0.2",
        ),
        (
            "dataset.size=[0,8]",
            "dataset.size=[0, 8]: allowed is null, a side in pixels, or a list of height and "
            "width, as in [32,48]",
        ),
        ("dataset.channels=2", "dataset.channels=2: allowed is null, 1 (grey) or 3 (colour)"),
        ("dataset.resize=cut", "dataset.resize=cut: allowed is squash, fit or crop"),
        ("dataset.on_broken=stop", "dataset.on_broken=stop: allowed is refuse or skip"),
        ("dataset.limit=0", "dataset.limit=0: allowed is null, or a whole number, 1 or more"),
    ],
)
def test_fields_that_are_wrong(root, given, expected):
    assert message(*FOLDER_ROOT, given) == expected


# --- lists ---


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "0 1 a.png",
            "a.lst, line 2: has 1 columns; allowed is a line as im2rec writes it: index, label, "
            "path, with tabs between them",
        ),
        ("0\t1\t2\ta.png", "a.lst, line 2: has 2 labels; supported are lines with one"),
        (
            "0\tcat\ta.png",
            "a.lst, line 2: label 'cat' is no number; allowed is a line as im2rec writes it: "
            "index, label, path, with tabs between them",
        ),
        ("0\t0.5\ta.png", f"a.lst, image 2: label 0.5 is no class; {CLASS_LABELS}"),
        ("0\t-1\ta.png", f"a.lst, image 2: label -1 is no class; {CLASS_LABELS}"),
    ],
)
def test_a_list_that_is_wrong(line, expected):
    Path("a.lst").write_text(f"0\t0\ta.png\n{line}\n")
    assert message("dataset=list", "dataset.train=a.lst", "dataset.test_size=1") == expected


def test_an_image_of_a_list_that_is_not_there():
    Path("a.lst").write_text("0\t0\tsub/a b.png\n")
    given = ("dataset=list", "dataset.train=a.lst", "dataset.test_size=1", "dataset.root=x")
    assert message(*given) == f"x/sub/a b.png: cannot be read: No such file or directory; {SKIP}"


# --- files of other formats ---


@pytest.mark.parametrize("name", ["recordio", "list", "csv", "arrays"])
def test_a_file_that_is_not_there(name):
    with pytest.raises(UserError, match="^dataset.train=null: nothing to train on; allowed with"):
        load(f"dataset={name}")
    given = (f"dataset={name}", "dataset.train=gone", "dataset.test_size=1")
    assert message(*given) == "gone: there is no such file"
    Path("gone").mkdir()
    assert message(*given) == "gone: is no file; allowed is one"


NPZ = ("dataset=arrays", "dataset.train=a.npz", "dataset.test_size=0.25")


def npz(images=IMAGES, labels=LABELS):
    np.savez("a.npz", images=images, labels=labels)
    return message(*NPZ)


SHAPES = "allowed are (n,h,w), (n,h,w,c) and (n,c,h,w) with 1 or 3 channels, and features (n,d)"
TYPES = "allowed are uint8, whole numbers from 0 to 255, bool and floats"


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (IMAGES[0, 0, 0], f"a.npz, images: has the shape (1); {SHAPES}"),
        (np.zeros((4, 2, 5, 2)), f"a.npz, images: has the shape (4,2,5,2); {SHAPES}"),
        (np.zeros((4, 0, 5)), f"a.npz, images: has the shape (4,0,5): nothing in a row; {SHAPES}"),
        (IMAGES[:0], "a.npz, labels: has 120 labels for the 0 images of a.npz, images; allowed"),
        (IMAGES[:9], "a.npz, labels: has 120 labels for the 9 images of a.npz, images; allowed"),
        (IMAGES.astype("U3"), f"a.npz, images: is <U3; {TYPES}"),
        (
            IMAGES.astype(int) + 1,
            f"a.npz, images, row 1: has values from 1 to 256; {TYPES}; ",
        ),
        (np.full((120, 8, 8), np.nan), "a.npz, images, row 0: has a value that is no finite float"),
        (np.full((120, 8), 1e300), "a.npz, images, row 0: has a value that is no finite float32"),
    ],
)
def test_arrays_that_are_no_images(images, expected):
    assert npz(images=images).startswith(expected)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS - 1, "a.npz, labels, row 0: label -1 is no class; "),
        (LABELS + 0.5, "a.npz, labels, row 0: label 0.5 is no class; "),
        (LABELS * 1j, "a.npz, labels, row 0: label 0j is no number; "),
        (LABELS.astype(str), "a.npz, labels, row 0: label '0' is no number; "),
        (
            np.eye(10)[LABELS],
            "a.npz, labels: has the shape (120,10); allowed is one label for",
        ),
        (np.full(120, 2**40), "a.npz, labels, row 0: label 1.09951e+12 is no class; "),
    ],
)
def test_arrays_that_are_no_labels(labels, expected):
    assert npz(labels=labels).startswith(expected)


def test_labels_of_no_image_to_train_on():
    np.savez("a.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=[0, 17])
    assert message("dataset=arrays", "dataset.train=a.npz") == (
        "a.npz, x_test, row 1: label 17 is that of no image to train on; allowed is 0, 1, 2, 3, 4, "
        "5, 6, 7, 8 or 9"
    )


class Harmful:
    def __reduce__(self):
        return Path.touch, (Path("harm"),)


def test_no_pickle_is_loaded():
    objects = np.array([Harmful()], dtype=object)
    np.savez("a.npz", images=objects, labels=objects)
    assert message(*NPZ).startswith("a.npz: cannot be read as arrays of NumPy's: Object arrays")
    np.save("a.npy", objects)
    np.save("b.npy", objects)
    pair = ("dataset=arrays", "dataset.train=[a.npy,b.npy]", "dataset.test_size=1")
    assert message(*pair) == f"a.npy: holds Python objects, which are not read; {TYPES}"
    Path("a.npz").write_bytes(pickle.dumps(Harmful()))
    assert message(*NPZ).startswith("a.npz: cannot be read as arrays of NumPy's: ")
    assert not Path("harm").exists()


@pytest.mark.parametrize("length", [0, 3, 100, 700, -30])
def test_an_npz_file_that_is_cut(length):
    np.savez_compressed("a.npz", images=IMAGES, labels=LABELS)
    Path("a.npz").write_bytes(Path("a.npz").read_bytes()[:length])
    assert message(*NPZ).startswith("a.npz: cannot be read as arrays of NumPy's: ")


def test_arrays_with_other_names():
    names = "images and labels, or x_train and y_train with x_test and y_test"
    np.savez("a.npz", x_train=IMAGES, pixels=IMAGES)
    assert message(*NPZ) == f"a.npz: has x_train, pixels and lacks y_train; allowed are {names}"
    np.savez("a.npz", pixels=IMAGES)
    assert message(*NPZ) == f"a.npz: has pixels; allowed are {names}"
    np.save("a.npy", IMAGES)
    given = ("dataset=arrays", "dataset.train=a.npy", "dataset.test_size=1")
    assert message(*given) == (
        "a.npy: has one array; allowed are an .npz file, or images and labels: [a.npy,labels.npy]"
    )


def test_an_npy_file_that_is_cut_or_none():
    np.save("b.npy", LABELS)
    pair = ("dataset=arrays", "dataset.train=[a.npy,b.npy]", "dataset.test_size=0.25")
    np.save("a.npy", IMAGES)
    Path("a.npy").write_bytes(Path("a.npy").read_bytes()[:-1])
    assert message(*pair) == "a.npy: is cut: 7,679 bytes of 7,680"
    Path("a.npy").write_bytes(b"\x93NUMPY\x07\x00")
    assert message(*pair).startswith("a.npy: is no array of NumPy's that can be read: ")
    np.save("a.npy", np.asfortranarray(IMAGES[..., 0]))
    assert message(*pair) == "a.npy: is in Fortran's order; allowed is C's: np.ascontiguousarray"


def test_floats_are_not_resized():
    np.savez("a.npz", images=IMAGES / 255, labels=LABELS)
    assert message(*NPZ, "dataset.size=4") == (
        "dataset.size=[4, 4]: a.npz, images has floats of 8×8, and only 8-bit images are resized; "
        "allowed is null"
    )
    assert message(*NPZ, "dataset.channels=3") == (
        "dataset.channels=3: a.npz, images has floats in 1 channels, and only 8-bit images are "
        "converted; allowed is null"
    )


CSV = ("dataset=csv", "dataset.train=a.csv", "dataset.test_size=1")
NO_NAME = "has no name (pandas calls it Unnamed: {}); allowed is a name for each column: name it"
NUMBERED = f"{NO_NAME.format(0)}, or write the table with index=False"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "a.csv: cannot be read as a table: No columns to parse from file"),
        ("label,a,b\n", "a.csv: no images; allowed are rows with a label and other columns"),
        ("label\n1\n", "a.csv: no images; allowed are rows with a label and other columns"),
        (
            "class,a\n1,2\n",
            "dataset.label=label: a.csv has 2 columns named class, a; allowed is the name of one, "
            "or its position, from 0",
        ),
        (
            "1,2\n1,2\n",
            "dataset.label=label: a.csv has 2 columns without names; allowed is the name of one, "
            "or its position, from 0",
        ),
        (
            "label,a\n0,1\ncat,2\n",
            f"a.csv, line 3: column label has no number; {CLASS_LABELS}",
        ),
        ("label,a\n0,1\n,2\n", f"a.csv, line 3: column label has no number; {CLASS_LABELS}"),
        (
            "label,a\n0,1\n1,x\n",
            "a.csv, line 3: column a has no number; allowed are finite",
        ),
        ("label,a\n0,1\n1,\n", "a.csv, line 3: column a has no number; allowed are finite"),
        ("label,a\n0,1\n1.5,2\n", f"a.csv, line 3: label 1.5 is no class; {OR_NUMBERS}"),
        ("label,a\n0,1\n-3,2\n", f"a.csv, line 3: label -3 is no class; {OR_NUMBERS}"),
        (
            "label,a\n0,1,2\n1,2,3\n",
            "a.csv: has rows of more columns than the first line has names; allowed is a name for "
            "each column",
        ),
        ("label,a\n0,1\n1,2,3\n", "a.csv: cannot be read as a table: "),
        ("0,,1\n1,2,3\n", "dataset.label=label: a.csv has 3 columns without names"),
        ('"' + "a" * 140_000 + '"', "a.csv: cannot be read as a table: field larger than field"),
        (",label,a\n0,0,5\n1,1,6\n", f"a.csv: column 0 {NUMBERED}"),
        ("label,a,\n0,5,1\n1,6,2\n", f"a.csv: column 2 {NO_NAME.format(2)}"),
    ],
)
def test_a_table_that_is_wrong(text, expected):
    Path("a.csv").write_text(text)
    assert message(*CSV).startswith(expected)


@pytest.mark.parametrize("label", ["label", "-1"])
def test_a_table_with_the_numbers_of_its_rows(label):
    pd.DataFrame({"a": [5, 6], "label": [0, 1]}).to_csv("a.csv")
    told = message(*CSV, f"dataset.label={label}")
    assert told == f"a.csv: column 0 {NUMBERED}"
    pd.DataFrame([[5, 0], [6, 1]]).to_csv("a.csv")  # whose columns have no names
    assert message(*CSV, "dataset.label=-1") == told


@pytest.mark.parametrize("word", ["NA", "?", "#N/A", " null"])
def test_what_is_missing_in_the_first_row_of_a_table(word):
    Path("a.csv").write_text(f"0,1.5,{word}\n1,2.5,3\n")
    assert message(*CSV, "dataset.label=0") == (
        "a.csv, line 1: column 2 has no number; allowed are finite numbers"
    )
    Path("a.csv").write_text(f"{word},1.5,2\n1,2.5,3\n")
    assert message(*CSV, "dataset.label=0") == (
        f"a.csv, line 1: column 0 has no number; {CLASS_LABELS}"
    )


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("label,width,depth", "no column height, which train.csv has"),
        ("label,h,w", "no column width, which train.csv has"),
        ("label,width", "no column height, which train.csv has"),
        ("class,width,depth", "no column height, which train.csv has"),
        ("label,height,depth,width", "a column depth, which train.csv has not"),
    ],
)
@pytest.mark.parametrize("part", ["test", "val"])
def test_tables_with_other_columns(part, columns, told):
    rows = "".join(f"{row % 2},5,6,7\n"[: 2 * columns.count(",") + 1] + "\n" for row in range(4))
    Path("train.csv").write_text("label,width,height\n0,1,2\n1,3,4\n")
    Path("other.csv").write_text(f"{columns}\n{rows}")
    given = ("dataset=csv", "dataset.train=train.csv", "dataset.label=0", "dataset.test=train.csv")
    assert message(*given, f"dataset.{part}=other.csv") == (
        f"other.csv: has {told}; allowed are the same columns, in any order"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "images: is no IDX file"),
        (b"\0\0\x08\x07" + b"\0" * 99, "images: is no IDX file"),
        (b"\0\0\x0d\x03" + b"\0" * 99, "images: has values of the type 0x0D"),
        (b"\0\0\x08\x03\0\0", "images: is cut in its header"),
        (idx(IMAGES[..., 0])[:-1], "images: is cut: 120×8×8 bytes are said to follow"),
        (idx(IMAGES[..., 0]) + b"x", "images: has more than it says: 120×8×8 bytes are said"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "images: "),
    ],
)
def test_an_idx_file_that_is_wrong(content, expected):
    Path("images").write_bytes(content)
    Path("labels").write_bytes(idx(LABELS))
    given = ("dataset.train_images=images", "dataset.train_labels=labels", "dataset.test_size=0.25")
    assert message("dataset=idx", *given).startswith(expected)


def test_idx_files_that_are_not_there():
    Path("x").mkdir()
    given = ("dataset=idx", "dataset.root=x")
    assert message(*given).startswith("dataset.root=x: has no file for train images; allowed are n")
    for name in ("emnist-a-train-images-idx3-ubyte", "emnist-b-train-images-idx3-ubyte.gz"):
        Path("x", name).write_bytes(b"")
    assert message(*given) == (
        "dataset.root=x: has emnist-a-train-images-idx3-ubyte and "
        "emnist-b-train-images-idx3-ubyte.gz; allowed is one of them, or dataset.train_images=FILE"
    )
    assert message("dataset=idx", "dataset.root=y") == "dataset.root=y: there is no such folder"
    of_nobody = message("dataset=idx", "dataset.root='~nobody-here/y'")
    assert of_nobody == "dataset.root=~nobody-here/y: there is no such folder"
    with pytest.raises(UserError, match="^dataset.train_labels=null: dataset.train_images is"):
        load("dataset=idx", "dataset.train_images=x")
    with pytest.raises(UserError, match="^dataset.val_labels=null: dataset.val_images is given; "):
        load("dataset=idx", "dataset.root=x", "dataset.val_images=x")
    with pytest.raises(UserError, match="^dataset.root=null: no images; allowed with dataset=idx"):
        load("dataset=idx")
    Path("y").mkdir()
    for name in ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "val-labels-idx1-ubyte"):
        Path("y", name).touch()
    expected = "dataset.root=y: has no file for val images; allowed are names as train-images-idx3"
    assert message("dataset=idx", "dataset.root=y").startswith(expected)


# --- where the images are kept ---


def test_files_that_change_while_they_are_read(root, monkeypatch):
    states = iter(["a" * 64, "b" * 64])
    monkeypatch.setattr(own.OwnImages, "state", lambda self: next(states))
    assert message(*FOLDER_ROOT) == (
        "root: changed while it was read; allowed is a source that nobody writes to: give the "
        "command again when it is complete"
    )


def test_a_full_disk_decodes_into_memory_or_refuses(root, monkeypatch, caplog):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    expected = dataset_of(*FOLDER_ROOT)
    for kept in (gluon_cache() / "decoded").iterdir():
        kept.unlink()
    monkeypatch.setattr(decode_once.os, "fsync", full)
    for _ in range(2):
        dataset = dataset_of(*FOLDER_ROOT)
        assert dataset.digest == expected.digest
        np.testing.assert_array_equal(dataset.train.images, expected.train.images, strict=True)
        np.testing.assert_array_equal(dataset.test.labels, expected.test.labels, strict=True)
    where = gluon_cache() / "decoded"
    assert f"{where} cannot hold decoded images, so each run decodes: No space left" in caplog.text
    Path("meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    1 kB\n")
    monkeypatch.setattr(free_memory, "MEMORY_INFO", Path("meminfo"))
    assert message(*FOLDER_ROOT) == (
        f"root: {where} cannot hold the decoded images (No space left on device), and they need "
        "0.0 GiB of memory, of which 0.0 are free; allowed is another MXNET_HOME with room, a "
        "smaller dataset.size or a dataset.limit"
    )


def test_a_cache_that_cannot_be_written(root, caplog):
    gluon_cache().mkdir(parents=True)
    (gluon_cache() / "decoded").write_bytes(b"")
    with pytest.raises(UserError):
        dataset_of(*FOLDER_ROOT, "dataset.test_size=2")
    assert dataset_of(*FOLDER_ROOT).shape == (1, 8, 8)
    assert "decoded cannot hold decoded images, so each run decodes: " in caplog.text


def test_the_name_of_a_broken_image_moves_no_cursor(caplog):
    own._warn_of_skipped(("a\x1b[2J.png: is broken",))
    assert "broken images that are left out: 1\na?[2J.png: is broken" in caplog.text
