"""Forward, backward and update of a network, and nothing else."""

from itertools import cycle, islice

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.schema import Config
from sweep.data.splits import Dataset
from sweep.networks.build import build_network
from sweep.training.loop import build_trainer


class BareLoop:
    """A network and all its batches, ready-made as float32 on the device."""

    def __init__(self, config: Config, dataset: Dataset) -> None:
        """Put all batches on the device."""
        self.net = build_network(
            config.model, dataset.shape, dataset.outputs, seed=config.seed, context=mx.cpu()
        )
        self.net.hybridize(static_alloc=True, static_shape=True)
        self.loss = gluon.loss.SoftmaxCrossEntropyLoss()
        self.loss.hybridize(static_alloc=True, static_shape=True)
        self.trainer = build_trainer(self.net, config.optim)
        rows, size = dataset.train.index, config.batch_size
        images = nd.array(dataset.train.images[rows])
        labels = nd.array(dataset.train.labels[rows].astype("float32"))
        starts = range(0, len(rows), size)
        self.batches = [(images[i : i + size], labels[i : i + size]) for i in starts]
        self._next = cycle(self.batches)

    def train(self, batches: int) -> int:
        """Train on so many batches, and return the number of images."""
        trained = 0
        for images, labels in islice(self._next, batches):
            with autograd.record():
                loss = self.loss(self.net(images), labels)
            loss.backward()
            self.trainer.step(len(images))
            trained += len(images)
        return trained
