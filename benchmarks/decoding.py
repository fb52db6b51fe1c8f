"""What it costs to decode images once, and to find them again.

    python benchmarks/decoding.py

JPEGs of 32×32, patches of two photographs, in a .rec file that MXNet wrote and in a folder: decoded
by Pillow alone and, where it is installed, with simplejpeg; then read by another start. Beside it,
mnist_5k, which comes with the package. Counted are seconds, and those of the processor.
"""

import argparse
import io
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.data.readers import decoding
from sweep.data.splits import load_dataset
from sweep.environment import environment

CLASSES, SIDE = 10, 32


def jpegs(count: int) -> Iterator[bytes]:
    """Yield so many patches of two photographs, at random places, as JPEG files."""
    random, photographs = np.random.RandomState(0), load_sample_images().images
    for number in range(count):
        photograph = photographs[number % len(photographs)]
        top, left = (random.randint(0, size - SIDE) for size in photograph.shape[:2])
        stream = io.BytesIO()
        Image.fromarray(photograph[top : top + SIDE, left : left + SIDE]).save(stream, "JPEG")
        yield stream.getvalue()


def write(folder: Path, count: int) -> dict[str, tuple[str, ...]]:
    """Write the images in each format; return the overrides that read them."""
    root, record = folder / "images", folder / "images.rec"
    writer = mx.recordio.MXRecordIO(str(record), "w")
    for name in range(CLASSES):
        (root / str(name)).mkdir(parents=True)
    for number, content in enumerate(jpegs(count)):
        label = number % CLASSES
        header = mx.recordio.IRHeader(0, label, number, 0)
        writer.write(mx.recordio.pack(header, content))
        (root / str(label) / f"{number:06}.jpg").write_bytes(content)
    writer.close()
    held_out = "dataset.test_size=0.1"
    return {
        "a .rec file": ("dataset=recordio", f"dataset.train={record}", held_out),
        "a folder": ("dataset=folder", f"dataset.root={root}", held_out),
    }


def timed(*overrides: str) -> str:
    """Return how long it takes to load the images, in words."""
    config = load(*overrides).dataset
    begin, cpu = time.perf_counter(), time.process_time()
    load_dataset(config)
    seconds, core_seconds = time.perf_counter() - begin, time.process_time() - cpu
    return f"{seconds:.2f} s, {core_seconds:.2f} core-s"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=50_000)
    arguments = parser.parse_args()
    machine = f"{environment()['processor']}, {os.cpu_count()} cores"
    print(f"{arguments.images:,} JPEGs, {machine}, Python {platform.python_version()}\n")
    print("| images in | decoded by | first start | another start |")
    print("| --- | --- | --- | --- |")
    decoders = {"Pillow": None}
    if decoding.simplejpeg:
        decoders["simplejpeg"] = decoding.simplejpeg
    with tempfile.TemporaryDirectory() as folder:
        formats = write(Path(folder), arguments.images)
        for name, overrides in formats.items():
            for decoder, module in decoders.items():
                decoding.simplejpeg = module
                os.environ["MXNET_HOME"] = str(Path(folder, decoder, name))
                print(f"| {name} | {decoder} | {timed(*overrides)} | {timed(*overrides)} |")
        print(f"| `mnist_5k` | – | {timed('dataset=mnist_5k')} | – |")


if __name__ == "__main__":
    main()
