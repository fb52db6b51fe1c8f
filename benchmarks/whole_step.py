"""Forward, backward and update as one graph, which MXNet 1.9.1 has no call for.

The network is computed once, operator by operator, and its gradients are recorded as they are
computed. That gives a graph of both, but it cannot be bound: MXNet infers the shapes of what goes
backward from what goes forward, and no longer knows which belongs to which. Here this is written
into the graph again. It is found from the end, so a layer's result must have one use only: MLP and
LeNet are so, and networks with shortcuts are not.
"""

import json
from itertools import islice
from typing import Any

from bare_loop import BareLoop
from mxnet._ctypes.symbol import _symbol_creator
from mxnet.base import _LIB, ctypes
from mxnet.symbol import Symbol

from sweep.backend.mxnet import autograd, mx, nd
from sweep.config.schema import Config
from sweep.data.splits import Dataset

BACKWARD, HEAD = "_backward_", "_head_grad_0"


class WholeStep(BareLoop):
    """The bare loop with one call for a batch; SGD without momentum and weight decay.

    Needs ``MXNET_SUBGRAPH_BACKEND=NONE`` in the environment.
    """

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Record, connect and bind the graph."""
        super().__init__(config, dataset)
        assert not (config.optim.momentum or config.optim.wd)
        self.net.hybridize(False)
        self.loss.hybridize(False)
        weights = [each.data() for each in self.net.collect_params().values()]
        images, labels = self.batches[0]
        with autograd.record():
            loss = self.loss(self.net(images), labels)
            gradients = autograd.grad(loss, weights, create_graph=True, retain_graph=True)
        graph = connected(mx.sym.Group([autograd.get_symbol(x) for x in (*gradients, loss)]))
        self._images, self._labels = _numbered(graph, "null")
        names, symbols = _numbered(graph, "var"), graph.get_internals()
        options = {"lr": config.optim.lr, "wd": 0.0, "rescale_grad": 1 / config.batch_size}
        # The operator changes its third input, and with the momentum 1 as SGD changes a weight.
        updates = [
            _operator(
                "sgd_mom_update", symbols[name], gradient, symbols[name], momentum=1, **options
            )
            for name, gradient in zip(names, graph, strict=False)
        ]
        inputs = {HEAD: nd.ones_like(loss), self._images: images, self._labels: labels}
        inputs = {name: each.copy() for name, each in inputs.items()}
        self._executor = mx.sym.Group(updates).bind(
            mx.cpu(), inputs, grad_req="null", aux_states=dict(zip(names, weights, strict=True))
        )

    def train(self, batches: int) -> int:
        """Train on so many batches, and return the number of images."""
        trained = 0
        for images, labels in islice(self._next, batches):
            self._executor.forward(True, **{self._images: images, self._labels: labels})
            trained += len(images)
        return trained


def connected(graph: Symbol) -> Symbol:
    """Return a recorded graph in which each operator that goes backward knows its other half.

    Args:
        graph: gradients, and at the end the loss that they are of.
    """
    content = json.loads(graph.tojson())
    nodes, forward = content["nodes"], {}
    for number, node in enumerate(nodes):
        if node["op"].startswith(BACKWARD):
            source, place, _ = node["inputs"][0]
            if nodes[source]["name"] == HEAD:
                half = content["heads"][-1][0]
            else:
                half = nodes[forward[source]]["inputs"][place][0]
            forward[number], node["control_deps"] = half, [half]
            if node["op"] == "_backward_Pooling":  # where the maxima were, which is not recorded
                lost = [each for each in node["inputs"] if nodes[each[0]]["name"][:4] == "null"]
                for each in lost:
                    each[:] = [half, 1, 0]
    return mx.sym.load_json(json.dumps(content))


def _numbered(graph: Symbol, kind: str) -> list[str]:
    """Return the inputs of a recorded graph whose names begin so, as they were first used."""
    names = [each for each in graph.list_inputs() if each.startswith(kind)]
    return sorted(names, key=lambda name: int(name.removeprefix(kind)))


def _operator(name: str, *inputs: Symbol, **options: Any) -> Symbol:
    """Return an operator on symbols; MXNet's own functions for updates cannot be given any."""
    handle = ctypes.c_void_p()
    _LIB.NNGetOpHandle(name.encode(), ctypes.byref(handle))
    values = [str(each) for each in options.values()]
    return _symbol_creator(handle.value, inputs, None, list(options), values, None, False)
