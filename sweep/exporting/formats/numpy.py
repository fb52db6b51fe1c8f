"""NumPy: the parameters, and a page that says how each step computes with them."""

import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sweep.exporting import computing
from sweep.exporting.format import EXPORTS, Answers, Format
from sweep.exporting.graph import Graph
from sweep.exporting.page import page

PAGE = ".md"  # is added to the name of the file


class Numpy(Format):
    """``FILE.npz``, and ``FILE.npz.md`` beside it."""

    suffix = ".npz"
    beside = (PAGE,)
    summary = "The parameters, and a page beside them that says how each layer computes."
    computed_by = "NumPy"
    most_images = computing.MOST_IMAGES

    def write(self, graph: Graph, file: Path) -> None:
        """Write the parameters and the page.

        Raises:
            UserError: an operator is not covered.
        """
        with zipfile.ZipFile(file, "w") as archive:  # np.savez takes no parameter named `file`
            for name, array in graph.parameters.items():
                entry = zipfile.ZipInfo(f"{name}.npy")  # which has no time of today
                with archive.open(entry, "w", force_zip64=True) as stream:
                    write: Any = np.lib.format.write_array  # it has no types
                    write(stream, array, allow_pickle=False)
        told = page(graph, file.name)
        file.with_name(f"{file.name}{PAGE}").write_text(told, encoding="utf-8")

    def answers(self, graph: Graph, file: Path) -> Answers:
        """Return NumPy's answers, with the parameters in the file."""
        with np.load(file, allow_pickle=False) as arrays:
            parameters = {name: arrays[name] for name in arrays.files}
        return partial(computing.answers, replace(graph, parameters=parameters))


EXPORTS.register("numpy", Numpy())
