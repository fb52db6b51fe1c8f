"""A network in a file of MXNet's: ``model=symbol model.file=NET-symbol.json``."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from sweep.config.choices import NETWORKS
from sweep.config.fields import STRICT, Positive, Role, Text, allowed
from sweep.config.images import Shape
from sweep.config.networks import Network, Tried
from sweep.config.params import as_text
from sweep.digests import short_digest
from sweep.errors import UserError
from sweep.files import as_meant
from sweep.networks.initial import Init, Initialized, InitScale
from sweep.networks.params_file import Broken
from sweep.networks.symbols.graph import DATA, Graph
from sweep.networks.symbols.outputs import number_of_scores, scores_of, with_scores
from sweep.networks.symbols.reading import read_graph
from sweep.networks.symbols.shapes import OTHER, Checked, check_shapes, slots

ALLOWED = "allowed is a file NET-symbol.json of a Module, or of HybridBlock.export"
SHOWN = 8  # parameters in a message

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Means = Annotated[tuple[Finite, ...], allowed("a list of finite numbers, one for each channel")]
Deviations = Annotated[
    tuple[Positive, ...], allowed("a list of numbers above 0, one for each channel")
]


@NETWORKS.registers("symbol")
@dataclass(frozen=True, config=STRICT)
class Symbol(Initialized, Network):
    """A network in a file of MXNet's, up to the scores of one of its outputs.

    What is found out when it is tried is in the last two fields. So every process builds it from
    the same graph, whatever becomes of the file meanwhile, and its record has it.

    Attributes:
        file: with the graph in JSON, from any version of MXNet.
        output: the name of the output; None for the only one.
        mean: what is taken from the pixels of each channel before the network.
        std: what they are divided by then.
        white: what white is to ``mean`` and ``std``.
        _digest_: 16 hex digits that identify the graph; None before it is known.
        _graph_: the graph, in the form of MXNet 1.9.1.
    """

    name: Literal["symbol"]
    file: Annotated[Text | None, Role.RECORD]
    output: Annotated[Text | None, Role.RECORD]
    mean: Means
    std: Deviations
    white: Positive
    init: Init
    init_scale: InitScale
    # Not in conf/: nobody has to give them.
    _digest_: Text | None = None
    _graph_: Annotated[Text | None, Role.MACHINE] = None

    @property
    def label(self) -> str:
        """The name of the file, as ``resnet18`` for ``resnet18-symbol.json``."""
        return Path(self.file or self.name).stem.removesuffix("-symbol")

    @property
    def is_unknown(self) -> bool:  # type: ignore[override]
        """Whether the file was not read yet."""
        return self._graph_ is None

    def check(self, shape: Shape) -> None:
        """Check that there is a file, and a mean for each channel; whether it fits is tried.

        Raises:
            UserError: naming the field and what is allowed.
        """
        if not self.file:
            raise UserError(f"model.file=null: no network; {ALLOWED}")
        for field, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (0, shape[0]):
                raise UserError(
                    f"model.{field}={as_text(list(values))}: images have {shape[0]} channels; "
                    "allowed is a number for each, or []"
                )

    def tried(self, shape: Shape, classes: int, keep: Path) -> Tried:
        """Read the file, and check that the network takes the images.

        Raises:
            UserError: it is no network, has an operator that is not known, or does not fit.
        """
        self.check(shape)
        try:
            graph = read_graph(as_meant(str(self.file)).read_bytes())
            found = self.of(scores_of(graph, self.output, None).graph)
            found._fitted(shape, classes)
        except Broken as error:
            raise UserError(f"model.file={self.file}: {error}; {ALLOWED}") from error
        except OSError as error:
            raise UserError(f"model.file={self.file}: {error.strerror}; {ALLOWED}") from error
        found.build(shape, classes)  # MXNet takes it, too
        return Tried(found)

    def check_anew(self, shape: Shape, classes: int) -> None:
        """Check that all parameters are those of layers: nothing tells what others begin with.

        Raises:
            UserError: one is no layer's own, as a mean that is taken from images.
        """
        others = [name for name, slot in slots(self._fitted(shape, classes)[0]).items()
                  if slot == OTHER and name != DATA]  # fmt: skip
        if others:
            raise UserError(
                f"model.file={self.file}: has {', '.join(others[:SHOWN])}, which no layer has as "
                "its weight or bias, and whose values are not in the file; allowed is "
                "init_from=RUN_ID, or init_from=NET-0010.params, with what was trained"
            )

    def of(self, graph: Graph) -> "Symbol":
        """Return it with what is known of its file.

        Args:
            graph: up to the scores, cleaned.
        """
        # A dollar and a brace would be a reference to a field in the record's configuration.
        text = graph.to_json().replace("$", "\\u0024")
        return replace(self, _digest_=short_digest(text), _graph_=text)

    def multiplications(self, shape: Shape, classes: int) -> int:
        """Return how many one image needs; none before the file was read."""
        return 0 if self._graph_ is None else self._fitted(shape, classes)[1].multiplications

    def build(self, shape: Shape, classes: int) -> Any:
        """Return the network: (n, channels, height, width) to (n, classes) float32 scores.

        Where the file has another number of classes, the last layer has the dataset's.

        Raises:
            UserError: what is recorded of it is no network, or takes no such images.
        """
        from sweep.networks.blocks.symbol import SymbolNetwork  # which imports MXNet

        try:
            graph, checked = self._fitted(shape, classes)
        except Broken as error:
            raise UserError(f"model.file={self.file}: {error}; {ALLOWED}") from error
        mean, deviation = ([each / self.white for each in every] for every in (self.mean, self.std))
        if self.white != 1 and not deviation:
            deviation = [1 / self.white] * shape[0]
        return SymbolNetwork(graph, checked.parameters, mean, deviation)

    def _fitted(self, shape: Shape, classes: int) -> tuple[Graph, Checked]:
        """Return the graph with so many scores, and what is known of it."""
        graph = scores_of(read_graph(str(self._graph_)), None, None).graph
        checked = check_shapes(graph, shape, {})
        if number_of_scores(checked.output) != classes:
            graph = with_scores(graph, classes)
            checked = check_shapes(graph, shape, {})
            if checked.output != (classes,):
                raise Broken(f"returns {checked.output} for an image; allowed is {classes} scores")
        return graph, checked
