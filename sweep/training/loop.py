"""The epoch loop. It knows Gluon; it knows no MLflow and no files."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.schema import SGD
from sweep.data.splits import Split
from sweep.training.selection import EpochRecord

EVALUATION_BATCH = 100
BATCHES_AHEAD = 16
MAX_FUSED_UPDATES = 45  # parameters that one call of MXNet's multi_sgd_update may take
LARGE = 8192  # values in a parameter from which an update of its own is faster than a fused one


class _Batch(gluon.HybridBlock):
    """A network with its data feed and its sums in one graph, so that a batch is one call.

    Takes images (all, 1, 28, 28) float32, labels (all,) uint8 and the batch's rows (n,) int32;
    returns the sum of the softmax cross-entropy over the batch, (1,) float32, and the number of
    right answers, (1,) float32. All images stay on the device; only rows are chosen.
    """

    def __init__(self, net: gluon.HybridBlock) -> None:
        super().__init__(prefix="")
        self.net = net
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.hybridize(static_alloc=True, static_shape=True)

    def hybrid_forward(self, F: Any, images: Any, labels: Any, rows: Any) -> tuple[Any, Any]:
        truth = F.cast(F.take(labels, rows), "float32")  # (n,)
        scores = self.net(F.take(images, rows))  # (n, 10)
        right = F.argmax(scores, axis=1) == truth  # (n,)
        return F.sum(self.loss(scores, truth)), F.sum(right)


class _Resident:
    """A split's images and labels on the device: shared memory on the CPU, a copy on a GPU."""

    def __init__(self, split: Split, context: mx.Context) -> None:
        side = split.images.shape[-1]
        images = nd.from_numpy(split.images).reshape((-1, 1, side, side))  # shares the memory
        self.images = images.as_in_context(context)
        self.labels = nd.from_numpy(split.labels).as_in_context(context)
        self.index, self.context = split.index, context

    def batches(self, order: np.ndarray[Any, Any], size: int) -> Iterator[tuple[Any, Any, Any]]:
        rows = nd.array(self.index[order], ctx=self.context, dtype="int32")
        for start in range(0, len(order), size):
            yield self.images, self.labels, rows[start : start + size]


class _SGD(mx.optimizer.SGD):
    """MXNet's SGD, with the faster of its kernels for each parameter.

    One call for many parameters saves the calls, but its kernel takes three times as long a value
    as the one for a single parameter. Both compute the same, up to rounding.
    """

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Update parameters; each argument is a sequence with an entry for each of them."""
        small = []
        for each in zip(index, weight, grad, state, strict=True):
            if each[1].size < LARGE:
                small.append(each)
            else:
                self._update_alone(*each)
        if small:
            super().update_multi_precision(*zip(*small, strict=True))

    def _update_alone(self, index: int, weight: Any, grad: Any, momentum: Any) -> None:
        self._update_count(index)
        options = {
            "lr": self._get_lr(index),
            "wd": self._get_wd(index),
            "rescale_grad": self.rescale_grad,
        }
        if momentum is None:
            nd.sgd_update(weight, grad, out=weight, **options)
        else:
            options["momentum"] = self.momentum
            nd.sgd_mom_update(weight, grad, momentum, out=weight, **options)


def build_trainer(net: gluon.HybridBlock, config: SGD) -> gluon.Trainer:
    """Return a trainer for the network's parameters. Weight decay acts on biases too."""
    parameters = list(net.collect_params().values())
    optimizer = _SGD(learning_rate=config.lr, wd=config.wd, momentum=config.momentum)
    optimizer.aggregate_num = min(len(parameters), MAX_FUSED_UPDATES)
    return gluon.Trainer(parameters, optimizer, kvstore=None)


def state(net: gluon.HybridBlock, trainer: gluon.Trainer) -> dict[str, np.ndarray[Any, Any]]:
    """Return copies of all that training goes on from, besides the epoch's number and the seed.

    ``net/…`` are the parameters, under the names that ``save_parameters`` gives them;
    ``momentum/0`` and so on belong to the trainer's parameters, in its order, once it has stepped.
    """
    arrays = {f"net/{key}": each.data().asnumpy() for key, each in parameters(net).items()}
    (updater,) = trainer._updaters
    momenta = {index: each for index, each in updater.states.items() if each is not None}
    return arrays | {f"momentum/{index}": each.asnumpy() for index, each in momenta.items()}


def restore(
    net: gluon.HybridBlock, trainer: gluon.Trainer, arrays: Mapping[str, np.ndarray[Any, Any]]
) -> None:
    """Put the network and its trainer into a state that :func:`state` returned."""
    restore_parameters(net, arrays)
    (updater,) = trainer._updaters
    for index, parameter in enumerate(net.collect_params().values()):
        if (momentum := arrays.get(f"momentum/{index}")) is not None:
            (context,) = parameter.list_ctx()
            updater.states[index] = nd.array(momentum, ctx=context, dtype=momentum.dtype)
            updater.states_synced[index] = True


def restore_parameters(net: gluon.HybridBlock, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Set the network's parameters to those in a state that :func:`state` returned."""
    for key, parameter in parameters(net).items():
        parameter.set_data(nd.array(arrays[f"net/{key}"]))


def parameters(net: gluon.HybridBlock) -> dict[str, gluon.Parameter]:
    """Return the parameters by their places in the network, which are the same in any process."""
    found: dict[str, gluon.Parameter] = net._collect_params_with_prefix()
    return found


def train_epochs(
    net: gluon.HybridBlock,
    trainer: gluon.Trainer,
    train: Split,
    measured: Mapping[str, Split],
    *,
    batch_size: int,
    seed: int,
    epochs: range,
    context: mx.Context,
) -> Iterator[EpochRecord]:
    """Train, and yield a record after each epoch, when its parameters are final.

    Args:
        net: with initialised parameters.
        trainer: of the same parameters.
        train: the images to train on.
        measured: splits to measure on after each epoch, as ``val`` and ``test``.
        batch_size: images a step; the last step of an epoch takes what is left.
        seed: with the epoch's number, it decides the order of that epoch's images.
        epochs: which ones to train, counted from 1; ``range(4, 11)`` goes on after the third.
        context: where the parameters are.
    """
    train_step, train_data = _Batch(net), _Resident(train, context)
    evaluations = {name: Evaluation(net, split, context) for name, split in measured.items()}

    for epoch in epochs:
        begin = time.perf_counter()
        mx.random.seed((seed * 1_000_003 + epoch) % 2**31)  # for layers that draw while they train
        order = np.random.RandomState([seed, epoch]).permutation(len(train))
        losses, rights = [], []
        for images, labels, rows in train_data.batches(order, batch_size):
            with autograd.record():
                loss, right = train_step(images, labels, rows)
            loss.backward()
            trainer.step(len(rows))
            losses.append(loss)
            rights.append(right)
            _limit_queue(losses)
        metrics = {"train/loss": _mean(losses, order), "train/accuracy": _mean(rights, order)}
        nd.waitall()
        trained = time.perf_counter()
        for name, evaluation in evaluations.items():
            metrics |= {f"{name}/{key}": value for key, value in evaluation.measure().items()}
        metrics["epoch_seconds"] = time.perf_counter() - begin
        metrics["images_per_second"] = len(order) / (trained - begin)
        yield EpochRecord(epoch, metrics)


class Evaluation:
    """Measures a network on a split, as often as asked."""

    def __init__(self, net: gluon.HybridBlock, split: Split, context: mx.Context) -> None:
        """Put the split on the device."""
        self._step, self._data = _Batch(net), _Resident(split, context)
        self._order = np.arange(len(split))

    def measure(self) -> dict[str, float]:
        """Return the mean ``loss`` and ``accuracy`` with the network's present parameters."""
        losses, rights = [], []
        for images, labels, rows in self._data.batches(self._order, EVALUATION_BATCH):
            loss, right = self._step(images, labels, rows)
            losses.append(loss)
            rights.append(right)
            _limit_queue(losses)
        return {"loss": _mean(losses, self._order), "accuracy": _mean(rights, self._order)}


def probabilities(net: gluon.HybridBlock, split: Split, context: mx.Context) -> NDArray[np.float64]:
    """Return the network's answers to a split's images, (n, 10), each row with the sum 1."""
    data, scores = _Resident(split, context), []
    for images, _, rows in data.batches(np.arange(len(split)), EVALUATION_BATCH):
        scores.append(net(nd.take(images, rows)))
        _limit_queue(scores)
    logits = nd.concat(*scores, dim=0).asnumpy().astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _limit_queue(results: list[Any]) -> None:
    """Wait for an earlier batch, so that a signal is never kept waiting for a whole epoch.

    MXNet runs what it is given later, in threads of its own; Python handles a signal only when it
    is not inside a call that waits for them.
    """
    if len(results) > BATCHES_AHEAD:
        results[-BATCHES_AHEAD].wait_to_read()


def _mean(sums: list[Any], order: np.ndarray[Any, Any]) -> float:
    """Return the batches' sums, (1,) float32 each, added up and divided by the images."""
    return float(nd.concat(*sums, dim=0).asnumpy().sum(dtype=np.float64)) / len(order)
