"""Files that older versions of MXNet have written, and what their Modules predicted.

``tests/records/modules-of-mxnet-1.tar.xz`` has the ``group`` of ``tests/support/modules.py``,
trained and saved by each version's public wheel, with its predictions as ``group.npz``.
"""

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from modules import images

from sweep.backend.mxnet import nd
from sweep.config.compose import load
from sweep.runs.adopted import adopt_symbol, understood
from sweep.runs.adopted_files import read_files

FILES = Path(__file__).parents[2] / "records" / "modules-of-mxnet-1.tar.xz"
VERSIONS = (
    *("1.1.0", "1.3.1", "1.4.1", "1.5.1.post0", "1.6.0", "1.7.0.post2", "1.8.0.post0", "1.9.0"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("older")
    with tarfile.open(FILES) as archive:
        archive.extractall(found, filter="data")
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_older_versions_answer_as_they_did(folder, version):
    files = [folder / version / name for name in ("group-symbol.json", "group-0002.params")]
    network = replace(load("model=symbol").model, file=str(files[0]))
    with np.load(folder / version / "group.npz") as truth:
        for output, expected in (("softmax", truth["arr_0"]), ("lin", truth["arr_1"])):
            read = understood(read_files(files), replace(network, output=output))
            adopted = adopt_symbol(read, (12, 12))
            scores = adopted.net(nd.array(images()))
            found = nd.softmax(scores) if output == "softmax" else scores
            # Other versions bring other kernels: their last bits differ.
            assert np.abs(found.asnumpy() - expected).max() < 1e-6
