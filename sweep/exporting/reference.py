"""What an exported network has to answer: as MXNet does, or else as NumPy does."""

from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.exporting.computing import MOST_IMAGES, answers
from sweep.exporting.format import Answers
from sweep.exporting.recorded import PARAMETERS, SYMBOL, Model


@dataclass(frozen=True)
class Reference:
    """What is right.

    Attributes:
        by: the program that computes it.
        scores: of units, (n, channels, height, width) float32, the scores, (n, outputs).
        most_images: that it is asked about; None for all there are.
        tells_classes: whether the highest score is a class; otherwise scores are just numbers.
        remark: on the program, for whoever reads what was compared.
    """

    by: str
    scores: Answers
    most_images: int | None = None
    tells_classes: bool = True
    remark: str = ""

    @property
    def told(self) -> str:
        """The program, in words."""
        return f"{self.by}{self.remark}"


def reference_of(model: Model) -> Reference:
    """Return MXNet's answers; NumPy's where MXNet is not installed."""
    if find_spec("mxnet") is None:
        scores = partial(answers, model.graph)
        return Reference("NumPy", scores, MOST_IMAGES, bool(model.classes), " (not MXNet)")
    return Reference("MXNet", _by_mxnet(model), tells_classes=bool(model.classes))


def _by_mxnet(model: Model) -> Answers:
    from sweep.backend.mxnet import gluon, mx, nd  # which takes seconds, and is not everywhere

    net = gluon.SymbolBlock.imports(str(model.data / SYMBOL), [model.graph.data])
    net.collect_params().load(str(model.data / PARAMETERS), ctx=mx.cpu())

    def scores(units: NDArray[Any]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = net(nd.array(units)).asnumpy()
        return found

    return scores
