"""Real images, written in the same order in every format that a sweep reads."""

import csv
import functools
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

SIDE = 32  # of a patch of a photograph


@functools.cache
def digits(a_class=12):
    """Return some grey images of 8×8, (n, 8, 8, 1) uint8, by class, and their labels."""
    found = load_digits()
    pixels = np.rint(found.images * (255 / 16)).astype(np.uint8)[..., None]
    rows = np.concatenate([np.flatnonzero(found.target == digit)[:a_class] for digit in range(10)])
    return pixels[rows], found.target[rows].astype(np.int64)


@functools.cache
def patches(a_class=20):
    """Return some patches of two photographs, (n, 32, 32, 3) uint8, by class, and their labels."""
    images = []
    for photograph in load_sample_images().images:
        places = [
            (top, left)
            for top in range(0, photograph.shape[0] - SIDE, SIDE)
            for left in range(0, photograph.shape[1] - SIDE, SIDE)
        ][:: 240 // a_class][:a_class]
        images += [photograph[top : top + SIDE, left : left + SIDE] for top, left in places]
    return np.stack(images), np.repeat(np.arange(2), a_class)


def halves(images, labels):
    """Return the images to train on and those to test on: every fourth."""
    is_test = np.arange(len(labels)) % 4 == 3
    return {
        "train": (images[~is_test], labels[~is_test]),
        "test": (images[is_test], labels[is_test]),
    }


def encoded(image, form="PNG", **options):
    """Return an (h, w, 1 or 3) uint8 image as a file's content."""
    stream = BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(stream, form, **options)
    return stream.getvalue()


def write_folder(root, parts):
    """Write ``ROOT/train/CLASS/…`` and ``ROOT/test/CLASS/…``; return the overrides that read it."""
    for part, (images, labels) in parts.items():
        for row, (image, label) in enumerate(zip(images, labels, strict=True)):
            file = Path(root, part, str(label), f"{row:04d}.png")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(image))
    return "dataset=folder", f"dataset.root={root}"


def write_list(root, parts):
    """Write ``train.lst`` and ``test.lst`` of a folder that is there, as ``im2rec`` does."""
    for part, (_, labels) in parts.items():
        lines = [
            f"{row}\t{label:f}\t{part}/{label}/{row:04d}.png\n" for row, label in enumerate(labels)
        ]
        Path(root, f"{part}.lst").write_text("".join(lines))
    files = (f"dataset.{part}={root}/{part}.lst" for part in parts)
    return "dataset=list", f"dataset.root={root}", *files


def write_rec(root, parts, form="PNG", **options):
    """Write ``train.rec`` and ``test.rec`` by MXNet's own writer."""
    from sweep.backend.mxnet import mx

    for part, (images, labels) in parts.items():
        paths = [str(Path(root, f"{part}.{suffix}")) for suffix in ("idx", "rec")]
        record = mx.recordio.MXIndexedRecordIO(*paths, "w")
        for row, (image, label) in enumerate(zip(images, labels, strict=True)):
            header = mx.recordio.IRHeader(0, float(label), row, 0)
            record.write_idx(row, mx.recordio.pack(header, encoded(image, form, **options)))
        record.close()
    return "dataset=recordio", *(f"dataset.{part}={root}/{part}.rec" for part in parts)


def write_npz(root, parts):
    """Write ``train.npz`` and ``test.npz``."""
    for part, (images, labels) in parts.items():
        np.savez(Path(root, f"{part}.npz"), images=images, labels=labels)
    return "dataset=arrays", *(f"dataset.{part}={root}/{part}.npz" for part in parts)


def write_keras(root, parts):
    """Write one file with ``x_train`` and so on."""
    arrays = {}
    for part, (images, labels) in parts.items():
        arrays |= {f"x_{part}": images.transpose(0, 3, 1, 2), f"y_{part}": labels[:, None]}
    np.savez_compressed(Path(root, "all.npz"), **arrays)
    return "dataset=arrays", f"dataset.train={root}/all.npz"


def write_npy(root, parts):
    """Write pairs of ``.npy`` files."""
    given = []
    for part, (images, labels) in parts.items():
        files = [str(Path(root, f"{part}_{name}.npy")) for name in ("images", "labels")]
        np.save(files[0], images)
        np.save(files[1], labels)
        given.append(f"dataset.{part}=[{','.join(files)}]")
    return "dataset=arrays", *given


def write_csv(root, parts):
    """Write ``train.csv`` and ``test.csv``, as Kaggle has MNIST."""
    for part, (images, labels) in parts.items():
        with open(Path(root, f"{part}.csv"), "w", newline="") as stream:
            rows = csv.writer(stream)
            pixels = images.reshape(len(images), -1)
            rows.writerow(["label", *(f"pixel{each}" for each in range(pixels.shape[1]))])
            rows.writerows([label, *row] for label, row in zip(labels, pixels, strict=True))
    return "dataset=csv", *(f"dataset.{part}={root}/{part}.csv" for part in parts)


def idx(array):
    """Return an array in the format of http://yann.lecun.com/exdb/mnist/."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_idx(root, parts):
    """Write four files with the usual names."""
    for part, (images, labels) in parts.items():
        begin = {"train": "train", "test": "t10k"}[part]
        Path(root, f"{begin}-images-idx3-ubyte").write_bytes(idx(images[..., 0]))
        Path(root, f"{begin}-labels-idx1-ubyte").write_bytes(idx(labels))
    return "dataset=idx", f"dataset.root={root}"
