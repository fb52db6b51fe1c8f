"""Ways to do what the bare loop does, or to measure a network: see benchmarks/limit_tried.py."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from bare_loop import BareLoop
from whole_step import WholeStep

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.schema import Config
from sweep.data.splits import Dataset
from sweep.networks.blocks.planned import ChannelMeans
from sweep.networks.build import initialized

STATIC = {"static_alloc": True, "static_shape": True}
FORWARD_IMAGES = 10_000
CORE = "LIMIT_CORE"  # in the environment: the only core for the threads of this process


class Dynamic(BareLoop):
    """Memory and shapes are found anew for each batch."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        self.net.hybridize()
        self.loss.hybridize()


class Inlined(BareLoop):
    """The graph's operators are called one by one."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        self.net.hybridize(inline_limit=1000)
        self.loss.hybridize(inline_limit=1000)


class Optimized(BareLoop):
    """The network is rewritten by the backend for subgraphs."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        self.net.optimize_for(self.batches[0][0], backend="MKLDNN", **STATIC)


class Unpadded(BareLoop):
    """LeNet's channels as they are, not widened to the processor's vectors."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        plain = config.model.build_plain(dataset.shape, dataset.outputs)
        own = self.net._collect_params_with_prefix()
        self.net = initialized(plain, mx.init.Zero(), dataset.shape, mx.cpu())
        for name, each in plain._collect_params_with_prefix().items():
            each.set_data(own[name].data())
        self.net.hybridize(**STATIC)
        self.trainer = gluon.Trainer(plain.collect_params(), self.trainer.optimizer, kvstore=None)


class Pooled(BareLoop):
    """The mean of each channel is oneDNN's pooling, which has only reference code for its gradient.

    It returns that in a layout for which the normalisations before it have no other code either.
    """

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        layers = self.net._children
        for key in [key for key, each in layers.items() if isinstance(each, ChannelMeans)]:
            layers[key] = gluon.nn.GlobalAvgPool2D()
        self.net.hybridize(**STATIC)


class Direct(BareLoop):
    """The optimiser is called without Gluon's trainer, which asks each parameter at each step."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        every = list(self.net.collect_params().values())
        self._arguments = [each.data() for each in every], [each.grad() for each in every]
        self._numbers = range(len(every))

    def train(self, batches: int) -> int:
        """Train on so many batches, and return the number of images."""
        trained = 0
        for images, labels in islice(self._next, batches):
            self.backward(images, labels)
            self.trainer.optimizer.rescale_grad = 1 / len(images)
            states = [None] * len(self._numbers)
            self.trainer.optimizer.update_multi_precision(self._numbers, *self._arguments, states)
            trained += len(images)
        return trained

    def backward(self, images: Any, labels: Any) -> None:
        """Compute the gradients of a batch."""
        with autograd.record():
            loss = self.loss(self.net(images), labels)
        loss.backward()


class Bound(Direct):
    """Network and loss are bound as one executor, forward and backward; the same direct update."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Build it."""
        super().__init__(config, dataset)
        every = self.net.collect_params()
        (images, labels), names = self.batches[0], list(every)
        loss = self.loss(self.net(mx.sym.var("images")), mx.sym.var("labels"))
        given = dict(zip(names, self._arguments[0], strict=True))
        given |= {"images": images.copy(), "labels": labels.copy()}
        gradients = dict(zip(names, self._arguments[1], strict=True))
        self._executor = loss.bind(mx.cpu(), given, gradients)
        self._head = nd.ones(len(images))

    def backward(self, images: Any, labels: Any) -> None:
        """Compute the gradients of a batch."""
        self._executor.forward(True, images=images, labels=labels)
        self._executor.backward(self._head)


class Forward:
    """Scores of 10,000 images: what is measured after each epoch."""

    def __init__(self, config: Config, dataset: Dataset, size: int) -> None:
        """Build it."""
        self.net = BareLoop(config, dataset).net
        count = -(-FORWARD_IMAGES // len(dataset.train))
        images = nd.array(dataset.train.images[dataset.train.index])
        images = nd.concat(*[images] * count, dim=0)[:FORWARD_IMAGES]
        self._batches = [images[i : i + size] for i in range(0, FORWARD_IMAGES, size)]
        self.scores: list[Any] = []

    def train(self, batches: int) -> int:
        """Compute the scores of all images, whatever is asked for, and return their number."""
        self.scores = [self.net(each) for each in self._batches]
        return FORWARD_IMAGES


@dataclass(frozen=True)
class Variant:
    """A way to compute what another one does, the environment of its process, and that other."""

    build: Callable[[Config, Dataset], Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    against: str = "bare"


def forward(size: int) -> Variant:
    """Return evaluation with batches of this size."""
    return Variant(lambda *given: Forward(*given, size), against="forward, 100 at once")


VARIANTS = {
    "bare": Variant(BareLoop),
    "memory and shapes anew for each batch": Variant(Dynamic),
    "operators one by one (`inline_limit`)": Variant(Inlined),
    '`optimize_for(backend="MKLDNN")`': Variant(Optimized),
    "channels not padded": Variant(Unpadded),
    "means of channels by pooling": Variant(Pooled),
    "the optimiser without Gluon's trainer": Variant(Direct),
    "the same, forward and backward as one executor": Variant(Bound),
    "the same without the subgraph backend": Variant(Bound, {"MXNET_SUBGRAPH_BACKEND": "NONE"}),
    "forward, backward and update in one graph": Variant(
        WholeStep, {"MXNET_SUBGRAPH_BACKEND": "NONE"}
    ),
    "`MXNET_ENGINE_TYPE=NaiveEngine`": Variant(BareLoop, {"MXNET_ENGINE_TYPE": "NaiveEngine"}),
    "all of a graph at once (`MXNET_EXEC_BULK_…=1000`)": Variant(
        BareLoop, {"MXNET_EXEC_BULK_EXEC_MAX_NODE_TRAIN": "1000"}
    ),
    "operators not in bulk (`MXNET_EXEC_BULK_…=0`)": Variant(
        BareLoop, {"MXNET_EXEC_BULK_EXEC_TRAIN": "0"}
    ),
    "four threads of the engine": Variant(BareLoop, {"MXNET_CPU_WORKER_NTHREADS": "4"}),
    "`MXNET_USE_FUSION=1`": Variant(BareLoop, {"MXNET_USE_FUSION": "1"}),
    "huge pages": Variant(BareLoop, {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}),
    "freed memory kept": Variant(
        BareLoop, {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "1073741824"}
    ),
    "one core for all of its threads": Variant(BareLoop, {CORE: "0"}),
    "without oneDNN and its blocked layouts": Variant(BareLoop, {"MXNET_MKLDNN_ENABLED": "0"}),
    "forward, 100 at once": forward(100),
    "forward, 500 at once": forward(500),
    "forward, 2,000 at once": forward(2000),
    "forward, 10,000 at once": forward(10_000),
}
