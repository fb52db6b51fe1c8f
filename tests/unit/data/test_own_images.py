"""The same images in the same order are the same dataset, whatever format they are in."""

import gc
import runpy
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import own_images
import pytest
import yaml
from own_images import digits, encoded, halves, patches

from sweep.config.choices import DATASETS
from sweep.config.compose import CONF, load
from sweep.config.fingerprint import fingerprint
from sweep.config.recorded import from_yaml, to_yaml
from sweep.data.own.images import OwnImages
from sweep.data.own.splits import USUAL_VAL_SIZE
from sweep.data.splits import load_dataset

GREY_ONLY = {own_images.write_csv, own_images.write_idx}
WRITERS = [
    *(own_images.write_folder, own_images.write_list, own_images.write_rec, own_images.write_npz),
    *(own_images.write_keras, own_images.write_npy, own_images.write_csv, own_images.write_idx),
]
KINDS = {"grey": halves(*digits()), "colour": halves(*patches())}


@pytest.fixture(scope="module", params=KINDS)
def written(request, tmp_path_factory):
    """Give the parts of real images, and the overrides that read each format they are in."""
    root, parts = tmp_path_factory.mktemp(request.param), KINDS[request.param]
    is_grey = request.param == "grey"
    writers = [each for each in WRITERS if is_grey or each not in GREY_ONLY]
    return parts, {each.__name__: each(str(root), parts) for each in writers}


def config_of(*overrides):
    return load("dataset.val_size=0.2", *overrides)


def as_loaded(images):
    """Small grey images as the float32 that networks take, others as they are: (n, c, h, w)."""
    values = images.transpose(0, 3, 1, 2)
    return values if values.shape[1] == 3 else values.astype(np.float32) / np.float32(255)


def test_each_format_holds_the_same_images_and_has_the_same_fingerprint(written):
    parts, formats = written
    identities, held_out = set(), set()
    for overrides in formats.values():
        config = config_of(*overrides)
        dataset = load_dataset(config.dataset)
        for split in (dataset.train, dataset.val, dataset.test):
            images, labels = parts["test" if split is dataset.test else "train"]
            np.testing.assert_array_equal(split.images, as_loaded(images), strict=True)
            np.testing.assert_array_equal(split.labels, labels.astype(np.int32), strict=True)
        assert dataset.class_names == tuple(str(each) for each in np.unique(parts["train"][1]))
        identities.add((dataset.digest, fingerprint(config, dataset.digest)))
        held_out.add(dataset.val.index.tobytes())
    assert len(formats) == (8 if dataset.shape[0] == 1 else 6)
    assert len(identities) == len(held_out) == 1


def test_the_digest_of_known_images_stays(written):
    _, formats = written
    dataset = load_dataset(config_of(*formats["write_npz"]).dataset)
    known = {1: "d7c65a94deac6b82", 3: "268f69df895a6c30"}
    assert dataset.digest[:16] == known[dataset.shape[0]]


def test_the_order_of_images_their_labels_and_their_parts_are_in_the_digest(written):
    parts, _ = written
    images, labels = parts["train"]
    changes = {
        "order": {**parts, "train": (images[::-1], labels[::-1])},
        "label": {**parts, "train": (images, np.roll(labels, 1))},
        "pixel": {**parts, "train": (np.where(images == images.max(), 0, images), labels)},
        "parts": {"train": parts["test"], "test": parts["train"]},
    }
    digests = {}
    for name, changed in {"as it is": parts, **changes}.items():
        Path(name).mkdir()
        overrides = own_images.write_npz(name, changed)
        digests[name] = load_dataset(config_of(*overrides, "dataset.val_size=0.5").dataset).digest
    assert len({*digests.values()}) == len(digests)


def test_im2rec_writes_the_same_dataset(written, monkeypatch):
    """MXNet's own tool packs the files of the folder as they are; it imports OpenCV needlessly."""
    parts, formats = written
    root = Path(dict(each.split("=", 1) for each in formats["write_folder"])["dataset.root"])
    tool = Path(sys.modules["mxnet"].__file__).parent / "tools" / "im2rec.py"
    monkeypatch.setitem(sys.modules, "cv2", sys)
    for part in parts:
        Path(f"{part}.lst").write_text((root / f"{part}.lst").read_text())
        monkeypatch.setattr(sys, "argv", ["im2rec.py", "--pass-through", part, str(root)])
        runpy.run_path(str(tool), run_name="__main__")
    gc.collect()  # it leaves its files to be closed with what holds them
    packed = config_of("dataset=recordio", "dataset.train=train.rec", "dataset.test=test.rec")
    folder = load_dataset(config_of(*formats["write_folder"]).dataset)
    assert Path("train.idx").is_file()
    assert load_dataset(packed.dataset).digest == folder.digest


def test_a_record_of_the_configuration_reads_back(written):
    for overrides in written[1].values():
        config = config_of(*overrides)
        assert from_yaml(to_yaml(config)) == config


def test_files_that_moved_are_found_in_their_folder(written):
    for overrides in written[1].values():
        dataset = config_of(*overrides).dataset
        given = dict(each.split("=", 1) for each in overrides[1:])
        file = given.get("dataset.train", "").strip("[").partition(",")[0]
        folder = given.get("dataset.root") or Path(file).parent
        Path("moved").unlink(missing_ok=True)
        Path("moved").symlink_to(folder)
        moved = dataset.in_folder("moved")
        assert moved != dataset
        assert load_dataset(moved).digest == load_dataset(dataset).digest


def test_images_of_a_whole_are_split_the_same_way(tmp_path):
    images, labels = digits()
    np.savez("all.npz", images=images, labels=labels)
    own_images.write_folder(".", {"all": (images, labels)})
    whole = ("dataset.test_size=0.25",)
    first, second = (
        load_dataset(config_of(*whole, *given).dataset)
        for given in (
            ("dataset=arrays", "dataset.train=all.npz"),
            ("dataset=folder", "dataset.root=all"),
        )
    )
    assert first.digest == second.digest
    for split in ("train", "val", "test"):
        index = getattr(first, split).index
        np.testing.assert_array_equal(index, getattr(second, split).index)
        assert index.dtype == np.int32
    counts = [np.bincount(labels[getattr(first, each).index]) for each in ("train", "val", "test")]
    assert [each.tolist() for each in counts] == [[7] * 8 + [8] * 2, [2] * 8 + [1] * 2, [3] * 10]
    everything = [*first.train.index, *first.val.index, *first.test.index]
    assert sorted(everything) == list(range(120))


def test_a_folder_to_validate_on_is_taken_for_that():
    images, labels = digits()
    parts = {"train": (images[::2], labels[::2]), "val": (images[1::4], labels[1::4])}
    own_images.write_folder("root", {**parts, "test": (images[3::4], labels[3::4])})
    dataset = load_dataset(load("dataset=folder", "dataset.root=root").dataset)
    assert (len(dataset.train), len(dataset.val), len(dataset.test)) == (60, 30, 30)
    assert dataset.train_size == 90
    np.testing.assert_array_equal(dataset.val.images, as_loaded(images[1::4]))
    np.testing.assert_array_equal(dataset.val.labels, labels[1::4])
    own_images.write_npz(".", {**parts, "test": (images[3::4], labels[3::4])})
    given = (f"dataset.{part}={part}.npz" for part in ("train", "val", "test"))
    assert load_dataset(load("dataset=arrays", *given).dataset).digest == dataset.digest


def test_a_folder_whose_images_are_for_something_else_is_in_another_state():
    parts = {"train": digits(2), "val": digits(2)}
    given = own_images.write_folder("photos", parts)
    to_validate = config_of(*given).dataset.state()
    Path("photos/val").rename("photos/test")
    assert config_of(*given).dataset.state() != to_validate
    Path("photos/test").rename("photos/val")
    assert config_of(*given).dataset.state() == to_validate


def test_folds_share_nothing_and_leave_nothing_out():
    images, labels = digits()
    own_images.write_npz(".", halves(images, labels))
    given = ("dataset=arrays", "dataset.train=train.npz", "dataset.test=test.npz")
    configs = [load(*given, "dataset.folds=3", f"dataset.fold={fold}") for fold in range(3)]
    folds = [load_dataset(each.dataset) for each in configs]
    everything = np.concatenate([each.val.index for each in folds])
    assert sorted(everything) == list(range(90))
    for each in folds:
        assert sorted([*each.train.index, *each.val.index]) == list(range(90))
        assert np.bincount(each.train.labels[each.val.index]).tolist() == [3] * 10
    assert len({fingerprint(each, folds[0].digest) for each in configs}) == 3


def test_the_first_images_of_each_class_are_another_dataset():
    images, labels = digits()
    own_images.write_npz(".", halves(images, labels))
    given = ("dataset=arrays", "dataset.train=train.npz", "dataset.test=test.npz")
    few = load_dataset(config_of(*given, "dataset.limit=5").dataset)
    images, labels = halves(images, labels)["train"]
    first = [row for row in range(90) if np.sum(labels[:row] == labels[row]) < 5]
    np.testing.assert_array_equal(few.train.images, as_loaded(images[first]))
    assert (len(few.train), len(few.val), len(few.test)) == (40, 10, 30)
    assert few.digest != load_dataset(config_of(*given).dataset).digest


def test_images_are_resized_and_converted_when_they_are_decoded():
    images, labels = patches()
    own_images.write_folder("root", halves(images, labels))
    given = ("dataset=folder", "dataset.root=root", "dataset.size=[16,20]", "dataset.channels=1")
    dataset = load_dataset(config_of(*given).dataset)
    assert dataset.shape == (1, 16, 20)
    np.savez("both.npz", x_train=images[:1], y_train=[0], x_test=images[:1], y_test=[0])
    square = config_of("dataset=arrays", "dataset.train=both.npz", "dataset.size=16")
    assert square.dataset.size == (16, 16)


def test_classes_are_in_the_order_of_their_numbers_or_names():
    for names, expected in (
        (("10", "9", "2"), ("2", "9", "10")),
        (("b10", "b9", "a"), ("a", "b10", "b9")),
        (("-1", "0.5", "0"), ("-1", "0", "0.5")),
    ):
        root = Path(f"of {names[0]}")
        for number, name in enumerate(names):
            for part in ("train", "test"):
                (root / part / name).mkdir(parents=True)
                for row in range(3):
                    image = np.full((2, 2, 1), number, np.uint8)
                    (root / part / name / f"{row}.png").write_bytes(encoded(image))
        config = config_of("dataset=folder", "dataset.root=photos", "dataset.val_size=3")
        dataset = load_dataset(replace(config.dataset, root=str(root)))
        assert dataset.class_names == expected
        shown = dataset.train.images[::3, 0, 0, 0] * 255
        assert [names[int(number)] for number in shown] == list(expected)


def test_numbers_of_classes_need_not_begin_at_0():
    images, labels = digits()
    own_images.write_npz(".", halves(images, 2 * labels + 7))
    dataset = load_dataset(
        config_of("dataset=arrays", "dataset.train=train.npz", "dataset.test=test.npz").dataset
    )
    assert dataset.class_names == tuple(str(each) for each in range(7, 27, 2))
    np.testing.assert_array_equal(dataset.test.labels, halves(images, labels)["test"][1])


def test_nested_folders_any_suffix_and_odd_names_are_read():
    images, labels = digits()
    plain, odd = Path("plain"), Path("of mine, [x=1] {é} 数字")
    own_images.write_folder(plain, halves(images, labels))
    for file in plain.rglob("*.png"):
        part, label, name = file.relative_to(plain).parts
        target = odd / part / label / name[:2] / f"{name[:4]} =,[ü].PNG"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    (odd / "train" / "0" / ".DS_Store").write_bytes(b"no image, and hidden")
    (odd / "train" / "labels.csv").write_text("a file beside the classes")
    dataset = config_of("dataset=folder", "dataset.root=plain").dataset
    found, expected = (load_dataset(replace(dataset, root=str(each))) for each in (odd, plain))
    assert found.digest == expected.digest
    given = load("dataset=folder", f"dataset.root='{odd}'")
    assert given.dataset.root == str(odd)


def test_a_folder_is_read_in_the_same_order_whatever_the_system_lists():
    images, labels = digits()
    rows = np.random.RandomState(0).permutation(len(labels))
    for name, order in (("one", range(len(labels))), ("other", rows)):
        for row in order:
            file = Path(name, str(labels[row]), f"{row}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(images[row]))
    given = ("dataset=folder", "dataset.test_size=0.25")
    one, other = (
        load_dataset(config_of(*given, f"dataset.root={each}").dataset) for each in ("one", "other")
    )
    assert one.digest == other.digest
    names = sorted(f"{row}.png" for row in np.flatnonzero(labels == 0))
    first = [images[int(Path(name).stem)] for name in names]
    np.testing.assert_array_equal(one.train.images[: len(first)], as_loaded(np.stack(first)))


def test_all_formats_have_the_same_defaults():
    shared = {}
    for file in (CONF / "dataset").glob("*.yaml"):
        values = yaml.safe_load(file.read_text())
        if issubclass(DATASETS[values["name"]], OwnImages):
            common = {each.name for each in fields(OwnImages)} - {"name", "normalize", "task"}
            shared[file.stem] = {key: values[key] for key in common}
    assert len(shared) == 9
    assert all(each == shared["folder"] for each in shared.values())
    assert shared["folder"]["val_size"] == USUAL_VAL_SIZE
