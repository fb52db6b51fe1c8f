"""A network from a file of MXNet's as a Gluon block that trains."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sweep.backend.mxnet import gluon, mx
from sweep.networks.blocks.scaled import CONSTANTS
from sweep.networks.params_file import Broken
from sweep.networks.symbols.graph import DATA, Graph
from sweep.networks.symbols.shapes import OTHER, slots

START = {"bias": "zeros", "beta": "zeros", "moving_mean": "zeros"}
START |= {"gamma": "ones", "moving_var": "ones"}  # weights start as the network's others do
START |= {OTHER: "zeros"}  # until it gets its trained values: a network without them is refused
UNTRAINED = ("moving_mean", "moving_var")


class SymbolNetwork(gluon.SymbolBlock):
    """A graph: (n, channels, height, width) float32 to (n, outputs) float32 scores.

    Its parameters have the names that they have in the file.
    """

    _cached_graph: Any

    def __init__(
        self,
        graph: Graph,
        shapes: Mapping[str, tuple[int, ...]],
        mean: Sequence[float] = (),
        deviation: Sequence[float] = (),
    ) -> None:
        """Create it, with all sizes known, so that it can be initialised at once.

        Args:
            graph: cleaned, with one output, given ``data``.
            shapes: of the parameters.
            mean: what is taken from the units of each channel first; none for nothing.
            deviation: what they are divided by then.
        """
        self._graph, self._scaling = graph, (mean, deviation)
        super().__init__(self._composed(graph), mx.sym.var(DATA, dtype="float32"))
        self._reg_params = dict(self._params.items())  # Gluon cuts off what their names share
        known = slots(graph)
        fixed = {
            graph.nodes[node.inputs[1][0]].name
            for node in graph.nodes
            if node.attributes.get("fix_gamma", _usual(node.operator)).lower() in ("true", "1")
        }
        for name, each in self._params.items():
            each.shape = shapes[name]
            each.init = START.get(known[name])
            # A gamma that is fixed is always taken for 1.
            if known[name] in UNTRAINED or name in fixed or name in CONSTANTS:
                each.grad_req = "null"

    def keep_means(self, names: Collection[str]) -> None:
        """Let each BatchNorm with one of these running means compute with them in training."""
        frozen = {
            number: {"use_global_stats": "True"}
            for number, node in enumerate(self._graph.nodes)
            if any(self._graph.nodes[each].name in names for each, _ in node.inputs[3:])
            and node.operator is not None
        }
        if frozen:
            inputs, _ = self._cached_graph
            self._cached_graph = inputs, self._composed(self._graph.with_attributes(frozen))

    def _composed(self, graph: Graph) -> mx.sym.Symbol:
        """Return MXNet's own graph, with the scaling before it."""
        mean, deviation = self._scaling
        try:
            network = mx.sym.load_json(graph.to_json())
        except mx.MXNetError as error:  # it knows of a value more than is known here
            raise refused(error) from error
        if not mean and not deviation:
            return network
        data, channels = mx.sym.var(DATA, dtype="float32"), max(len(mean), len(deviation))
        pairs = zip(mean or (0.0,) * channels, deviation or (1.0,) * channels, strict=True)
        scaled = [
            (mx.sym.slice_axis(data, axis=1, begin=place, end=place + 1) - one) / other
            for place, (one, other) in enumerate(pairs)
        ]
        return network(**{DATA: mx.sym.concat(*scaled, dim=1) if channels > 1 else scaled[0]})


def refused(error: mx.MXNetError) -> Broken:
    """Return what MXNet says about a network, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in reversed(lines) if line.startswith("MXNetError: ")), lines[-1])
    return Broken(f"is refused by MXNet: {told.removeprefix('MXNetError: ')[:300]}")


def _usual(operator: str | None) -> str:
    return "True" if operator in ("BatchNorm", "BatchNorm_v1") else "False"
