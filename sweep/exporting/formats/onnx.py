"""ONNX: the network itself, for onnxruntime and whatever else reads it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep import __version__
from sweep.errors import UserError
from sweep.exporting.format import EXPORTS, Answers, Format
from sweep.exporting.graph import Graph
from sweep.exporting.onnx_graph import IMAGES, OnnxGraph, translated
from sweep.optional import need

# Pinned, so that the same network gives the same file whatever version of onnx writes it.
OPSET, IR = 17, 8  # of 2022: https://github.com/onnx/onnx/blob/main/docs/Versioning.md
BATCH = "batch"  # the name of the number of images, which is left open
AT_ONCE = 100  # images that it is tried with
ERRORS = 3  # onnxruntime's number; its warnings are about its own optimisations


class Onnx(Format):
    """``FILE.onnx``, from ``images`` to ``scores`` or ``probabilities``."""

    suffix = ".onnx"
    summary = "The network, for onnxruntime and others."
    computed_by = "onnxruntime"

    def check(self) -> None:
        """Check that onnx, which writes, and onnxruntime, which tries, are installed.

        Raises:
            UserError: they are not.
        """
        for module in ("onnx", "onnxruntime"):
            need("onnx", module, f"--onnx needs {module}")

    def covers(self, graph: Graph) -> None:
        """Check that ONNX has words for a network.

        Raises:
            UserError: an operator is not covered.
        """
        translated(graph)

    def write(self, graph: Graph, file: Path) -> None:
        """Write the network.

        Raises:
            UserError: an operator is not covered, or the network is none that ONNX allows.
        """
        import onnx  # an extra

        made = translated(graph)
        with _explained("ONNX"):
            model = onnx.helper.make_model(
                _proto(made, graph),
                opset_imports=[onnx.helper.make_opsetid("", OPSET)],
                ir_version=IR,
                producer_name="gluon-sweep",
                producer_version=__version__,
            )
            onnx.checker.check_model(model, full_check=True)
            onnx.save_model(model, str(file))

    def answers(self, graph: Graph, file: Path) -> Answers:
        """Return onnxruntime's answers, computed on one thread.

        Raises:
            UserError: onnxruntime cannot compute the network; the answers raise it, too.
        """
        import onnxruntime  # an extra

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = ERRORS
        with _explained("onnxruntime"):
            session = onnxruntime.InferenceSession(
                str(file), options, providers=["CPUExecutionProvider"]
            )

        def scores(images: NDArray[Any]) -> NDArray[np.float32]:
            parts = (images[start : start + AT_ONCE] for start in range(0, len(images), AT_ONCE))
            with _explained("onnxruntime"):
                found = [session.run([graph.answers], {IMAGES: each})[0] for each in parts]
            return np.concatenate(found)

        return scores

    def facts(self) -> Mapping[str, str]:
        """Return the versions of what is in the file."""
        return {"opset": str(OPSET)}


@contextmanager
def _explained(program: str) -> Iterator[None]:
    """Turn what ONNX's programs raise, of a dozen kinds, into one line."""
    try:
        yield
    except OSError:
        raise  # the file cannot be written
    except Exception as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{program} does not take the network: {type(error).__name__}: {reason}; --numpy "
            "writes one that ONNX has no words for"
        ) from error


def _proto(made: OnnxGraph, graph: Graph) -> Any:
    from onnx import helper, numpy_helper

    nodes = [
        helper.make_node(each.kind, each.inputs, each.outputs, each.outputs[0], **each.attributes)
        for each in made.nodes
    ]
    used = {name for each in made.nodes for name in each.inputs}
    constants = [
        numpy_helper.from_array(array, name)
        for name, array in made.constants.items()
        if name in used
    ]
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(graph.takes))
    outputs = made.sides(graph.result)[1:]
    images = helper.make_tensor_value_info(IMAGES, kind, [BATCH, *graph.shape])
    floats = helper.np_dtype_to_tensor_dtype(np.dtype(np.float32))
    found = helper.make_tensor_value_info(graph.answers, floats, [BATCH, *outputs])
    return helper.make_graph(nodes, "network", [images], [found], constants)


EXPORTS.register("onnx", Onnx())
