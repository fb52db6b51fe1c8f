"""``sweep data``: what images there are, packed and drawn."""

from pathlib import Path

import numpy as np
import own_images
import pytest
from own_images import digits, encoded, halves, patches
from PIL import Image

from sweep.backend.mxnet import mx
from sweep.commands.cli import run
from sweep.commands.data import data
from sweep.config.compose import load
from sweep.data.looking.contact_sheet import contact_sheet
from sweep.data.looking.packing import pack
from sweep.data.looking.sources import LABEL, read_source
from sweep.data.looking.survey import survey
from sweep.data.readers.rec import MAGIC_BYTES
from sweep.data.splits import load_dataset
from sweep.errors import UserError

IMAGES, LABELS = patches()


@pytest.fixture
def photos():
    """Give a folder of photographs, one of them broken, one in both parts."""
    own_images.write_folder("photos", halves(IMAGES, LABELS))
    Path("photos/train/1/bad.jpg").write_bytes(b"")
    Path("photos/test/1/copy.png").write_bytes(Path("photos/train/0/0000.png").read_bytes())
    return Path("photos")


def surveyed(*paths):
    found = {}
    for path in paths:
        source = read_source(Path(path))
        for name, part in source.parts.items():
            found[f"{path} {name}"] = part, source.class_names
    return survey(found)


def test_what_is_there(photos):
    found = surveyed("photos")
    assert found.classes("photos train") == {"0": 15, "1": 16}
    assert found.classes("photos test") == {"0": 5, "1": 6}
    assert found.sizes("photos train") == {(32, 32): 30}
    assert found.kinds("photos test") == {"colour (RGB)": 11}
    (broken,) = found.broken
    assert (broken.where, broken.broken) == ("photos/train/1/bad.jpg", "is empty")
    ((first, copy),) = found.repeated()
    assert (first.where, copy.where) == ("photos/train/0/0000.png", "photos/test/1/copy.png")


def test_files_that_cannot_be_read_for_now_are_listed_too(photos, monkeypatch):
    def read_bytes(path):
        if path.name == "0000.png":
            raise PermissionError(13, "Permission denied")
        return read(path)

    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    told = {each.where: each.broken for each in surveyed("photos").broken}
    assert told.pop("photos/train/1/bad.jpg") == "is empty"
    assert set(told.values()) == {"cannot be read: Permission denied"}
    assert "photos/train/0/0000.png" in told


@pytest.mark.parametrize("form", ["{},{}", "[{},{}]", "[{}, {}]"])
def test_a_pair_of_arrays_is_looked_at(form, capsys):
    np.save("the images.npy", IMAGES)
    np.save("a,b.npy", LABELS)
    assert run(data, [form.format("the images.npy", "a,b.npy")], "sweep data") == 0
    assert ": 40 images: 40 colour (uint8); 40 of 32×32" in capsys.readouterr().out


def test_repetitions_across_parts_come_first():
    images = IMAGES[[0, 1, 1, 0]]
    parts = {"train": (images[:3], np.array([0, 1, 0])), "test": (images[3:], np.array([0]))}
    own_images.write_npz(".", parts)
    found = surveyed("train.npz", "test.npz").repeated()
    assert [[each.where for each in group] for group in found] == [
        ["train.npz, images, row 0", "test.npz, images, row 0"],
        ["train.npz, images, row 1", "train.npz, images, row 2"],
    ]


def test_sizes_and_kinds_are_told_apart():
    Path("x/a").mkdir(parents=True)
    for name, image in {"1": IMAGES[0], "2": IMAGES[0, :9], "3": digits()[0][0]}.items():
        Path("x/a", f"{name}.png").write_bytes(encoded(image))
    Image.fromarray(IMAGES[0]).quantize(8).save("x/a/4.png")
    Image.fromarray(np.zeros((8, 8), np.uint16)).save("x/a/5.png")
    found = surveyed("x")
    assert found.sizes("x train") == {(32, 32): 2, (9, 32): 1, (8, 8): 2}
    assert found.kinds("x train") == {
        "colour (RGB)": 2,
        "colour (P)": 1,
        "grey (L)": 1,
        "grey (I;16)": 1,
    }


@pytest.mark.parametrize("writer", ["folder", "list", "rec", "npz", "csv", "idx"])
def test_every_format_is_looked_at(writer):
    parts = halves(*digits())
    if writer == "list":
        own_images.write_folder(".", parts)
    getattr(own_images, f"write_{writer}")(".", parts)
    suffix = {"rec": ".rec", "npz": ".npz", "csv": ".csv", "list": ".lst"}.get(writer)
    paths = [f"{part}{suffix}" for part in parts] if suffix else ["."]
    found = surveyed(*paths)
    assert len(found.images) == 120
    assert not found.broken
    assert sum(found.sizes(f"{paths[0]} train").values()) == 90
    mode = "L" if writer in ("folder", "list", "rec") else "uint8"
    assert found.kinds(f"{paths[0]} train") == {f"grey ({mode})": 90}


def packed_dataset(*given):
    return load_dataset(load("dataset.val_size=0.2", *given).dataset)


@pytest.mark.parametrize("suffix", [".rec", ".npz"])
def test_what_is_packed_is_the_same_dataset(photos, suffix):
    files = pack(Path(f"all{suffix}"), read_source(photos).parts)
    given = {
        ".rec": ("dataset=recordio", "dataset.train=all-train.rec", "dataset.test=all-test.rec"),
        ".npz": ("dataset=arrays", "dataset.train=all.npz"),
    }[suffix]
    folder = ("dataset=folder", "dataset.root=photos", "dataset.on_broken=skip")
    assert packed_dataset(*given).digest == packed_dataset(*folder).digest
    assert [each.name for each in files] == {
        ".rec": ["all-train.rec", "all-train.idx", "all-test.rec", "all-test.idx"],
        ".npz": ["all.npz"],
    }[suffix]


def test_mxnet_reads_what_is_packed(photos):
    own_images.write_npz(".", halves(IMAGES, LABELS))
    pack(Path("all.rec"), read_source(Path("train.npz")).parts)
    found = mx.recordio.MXIndexedRecordIO("all.idx", "all.rec", "r")
    images, labels = halves(IMAGES, LABELS)["train"]
    for row, (image, label) in enumerate(zip(images, labels, strict=True)):
        header, content = mx.recordio.unpack(found.read_idx(row))
        assert (header.flag, header.label, header.id) == (0, label, row)
        np.testing.assert_array_equal(mx.image.imdecode(content).asnumpy(), image)
    found.close()


class Contents:
    """Images that are nothing but these bytes, to be packed."""

    def __init__(self, contents):
        self.contents = contents

    def pixels(self, row, form):
        return None

    def encoded(self, row):
        return self.contents[row]

    def mode(self, row):
        return "none"


def test_magic_numbers_in_an_image_are_packed_as_mxnet_packs_them():
    from sweep.data.readers.parts import Part

    contents = [
        b"x" * shift + MAGIC_BYTES * times + b"tail"[:rest]
        for shift in range(5)
        for times in range(4)
        for rest in range(5)
    ]
    pack(Path("ours.rec"), {"train": Part(Contents(contents), np.zeros(len(contents), np.int32))})
    theirs = mx.recordio.MXRecordIO("theirs.rec", "w")
    for row, content in enumerate(contents):
        theirs.write(mx.recordio.pack(mx.recordio.IRHeader(0, 0.0, row, 0), content))
    theirs.close()
    assert Path("ours.rec").read_bytes() == Path("theirs.rec").read_bytes()


def test_the_command(photos, capsys):
    assert run(data, ["photos", "--write", "all.rec", "--sheet", "sheet.png"], "sweep data") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "photos train: 31 images: 30 colour (RGB); 30 of 32×32",
        "photos test: 11 images: 11 colour (RGB); 11 of 32×32",
    ]
    assert "Broken: 1" in lines and "  photos/train/1/bad.jpg: is empty" in lines
    assert (
        "  photos/train/0/0000.png = photos/test/1/copy.png (in several parts and in several "
        "classes)" in lines
    )
    assert lines[-1] == "Written: sheet.png"
    with Image.open("sheet.png") as sheet:
        assert sheet.height == 6 + 2 * 70
        drawn = np.asarray(sheet)
    left = drawn.shape[1] - 10 * 70
    enlarged = IMAGES[0].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(drawn[6:70, left : left + 64], enlarged)
    Path("photos/train/1/bad.jpg").unlink()
    assert run(data, ["photos"], "sweep data") == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["gone"], "gone: there is no such file or folder"),
        (
            ["a.txt"],
            "a.txt: allowed are folders, files that end in .rec, .lst, .npz, .csv, and two .npy "
            "files with a comma between them, as in images.npy,labels.npy",
        ),
        (["a.npy,b.npy"], "a.npy: cannot be read: No such file or directory"),
        (
            ["photos", "--write", "a.zip"],
            "--write a.zip: allowed are files that end in .rec or .npz",
        ),
        (
            ["photos", "photos/train", "--sheet", "a.png"],
            "--sheet a.png: is made of one source; 2 are given",
        ),
        (["photos", "--sheet", "gone/a.png"], "No such file or directory"),
        (["gone", "--sheet", "a.jpg"], "--sheet a.jpg: allowed is a file that ends in .png"),
        (
            ["photos", "--label", "x"],
            "--label x: is for a .csv file, and none is given; allowed is to leave it out",
        ),
    ],
)
def test_what_is_refused(photos, capsys, arguments, expected):
    Path("a.txt").write_text("")
    assert run(data, arguments, "sweep data") == 2
    assert capsys.readouterr().err.strip().endswith(expected)


def test_a_sheet_of_too_many_classes_is_refused_before_the_images_are_looked_at(capsys):
    lines = [f"{row},0.5,-1" for row in range(1_001)]
    Path("a.csv").write_text("\n".join(["label,a,b", *lines]))
    assert run(data, ["a.csv", "--sheet", "a.png"], "sweep data") == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "--sheet a.png: has a line for each class, and there are 1,001; allowed are at most 1,000, "
        "or to leave it out\n",
    )


def test_a_name_of_several_lines_is_drawn_on_one(photos):
    part = read_source(photos).parts["train"]
    several, one = (contact_sheet(part, ("0", name)) for name in ("an\noak", "an oak"))
    assert several.tobytes() == one.tobytes()


def test_the_labels_of_a_table_are_in_the_column_that_is_named(capsys):
    Path("a.csv").write_text("a,b,target\n0.5,1,0\n0.25,2,1\n")
    for label in ("target", "2", "-1"):
        assert run(data, ["a.csv", "--label", label], "sweep data") == 0
        assert capsys.readouterr().out.startswith("a.csv: 2 images: ")
    assert run(data, ["a.csv"], "sweep data") == 2
    assert capsys.readouterr().err == (
        "--label label: a.csv has 3 columns named a, b, target; allowed is the name of one, or its "
        "position, from 0\n"
    )


def test_the_usual_column_of_labels_is_that_of_a_dataset():
    assert load("dataset=csv", "dataset.train=a.csv").dataset.label == LABEL


def test_images_of_several_sizes_are_not_packed_as_arrays(photos, capsys):
    Path("photos/train/1/wide.png").write_bytes(encoded(IMAGES[0, :9]))
    assert run(data, ["photos", "--write", "a.npz"], "sweep data") == 2
    assert capsys.readouterr().err == (
        "--write a.npz: photos/train/1/wide.png has another size, or kind, than the first image; "
        "allowed is a .rec file, or images of one size\n"
    )
    assert not Path("a.npz").exists()


@pytest.mark.parametrize("suffix", [".rec", ".npz"])
def test_broken_images_alone_are_not_packed(photos, suffix):
    for file in photos.glob("train/*/*"):
        file.write_bytes(b"")
    with pytest.raises(UserError) as raised:
        pack(Path(f"all{suffix}"), read_source(photos).parts)
    assert str(raised.value) == (
        f"--write all{suffix}: none of the images of train can be read; allowed is one or more"
    )
    assert [each.name for each in Path().iterdir()] == ["photos"]
