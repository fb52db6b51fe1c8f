"""Operators that are cut off above a network's scores, as SoftmaxOutput.

Their attributes are those of MXNet 1.9.1: of ``src/operator/softmax_output-inl.h``,
``regression_output-inl.h``, ``svm_output-inl.h`` and ``nn/softmax-inl.h``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sweep.config.tasks import Task
from sweep.networks.params_file import Broken
from sweep.networks.symbols.attributes import Kind, number, one_of, switch
from sweep.networks.symbols.graph import Graph, Node, Place
from sweep.networks.symbols.shapes import parsed_attributes

CLASSES: Task = "classification"
NUMBERS: Task = "regression"
PASSING = ("BlockGrad", "stop_gradient")  # they return what they are given
SAME = "identity"  # an operator that does so, too, and is no end

_Attributes = Mapping[str, tuple[Kind, Any]]


@dataclass(frozen=True)
class End:
    """An operator that is cut off.

    Attributes:
        task: what the scores below it are.
        attributes: as those of other operators; no value that is allowed changes the answers.
        most_inputs: the scores, and the labels.
        after: the operator that computes of the scores what this one answers, where it stays.
    """

    task: Task
    attributes: _Attributes
    most_inputs: int = 2
    after: str = ""


_NO = one_of("False", "false", "0")
_SOFTMAX: _Attributes = {
    "axis": (one_of("-1", "1"), "-1"),  # the scores of an image are a row
    "temperature": (one_of("None"), "None"),
    "dtype": (one_of("None"), "None"),
    "use_length": (_NO, "False"),
}
_SOFTMAX_OUTPUT: _Attributes = {
    "multi_output": (_NO, "False"),
    "preserve_shape": (switch, False),  # of a row of scores it makes the same
    # These change the gradient alone.
    "grad_scale": (number, 1.0),
    "ignore_label": (number, -1.0),
    "use_ignore": (switch, False),
    "normalization": (one_of("null", "batch", "valid"), "null"),
    "out_grad": (switch, False),
    "smooth_alpha": (number, 0.0),
}
_SVM: _Attributes = {
    "margin": (number, 1.0),
    "regularization_coefficient": (number, 1.0),
    "use_linear": (switch, False),
}
_REGRESSION: _Attributes = {"grad_scale": (number, 1.0)}
ENDS = {
    "SoftmaxOutput": End(CLASSES, _SOFTMAX_OUTPUT),
    "Softmax": End(CLASSES, _SOFTMAX_OUTPUT),
    "SVMOutput": End(CLASSES, _SVM),
    "softmax": End(CLASSES, _SOFTMAX, most_inputs=1),
    "log_softmax": End(CLASSES, _SOFTMAX, most_inputs=1),
    "SoftmaxActivation": End(CLASSES, {"mode": (one_of("instance"), "instance")}, most_inputs=1),
    "LinearRegressionOutput": End(NUMBERS, _REGRESSION),
    "MAERegressionOutput": End(NUMBERS, _REGRESSION),
    "LogisticRegressionOutput": End(NUMBERS, _REGRESSION, after="sigmoid"),
}


def without_end(graph: Graph, head: Place) -> tuple[Graph, Task]:
    """Return the part of a network below its end, and what its scores are.

    One end at most is cut off: a softmax below another end is a part of what the network computes.

    Raises:
        Broken: the end computes something else than is known of it here.
    """
    head = _passed(graph, head)
    node = graph.nodes[head[0]]
    end = ENDS.get(str(node.operator))
    if end is None:
        return graph.ending_in(head), CLASSES
    _check(node, head, end.attributes, end.most_inputs)
    below = graph.ending_in(_passed(graph, node.inputs[0]))
    if end.after:
        below = below.followed_by(end.after, node.name)
    elif below.nodes[below.heads[0][0]].operator in ENDS:
        below = below.followed_by(SAME, node.name)  # so that it is not cut off when read again
    return below, end.task


def _passed(graph: Graph, place: Place) -> Place:
    while (node := graph.nodes[place[0]]).operator in PASSING:
        _check(node, place, {}, 1)
        place = node.inputs[0]
    return place


def _check(node: Node, place: Place, attributes: _Attributes, most_inputs: int) -> None:
    what = f"{node.name} ({node.operator})"
    if not 1 <= len(node.inputs) <= most_inputs:
        raise Broken(f"has {what}, which is given {len(node.inputs) or 'nothing'}")
    if place[1]:
        raise Broken(f"has no output {place[1]} of {node.name}")
    parsed_attributes(node, attributes)
