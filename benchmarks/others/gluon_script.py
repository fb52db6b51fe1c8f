"""The usual Gluon script: DataLoader, no hybridize, mx.metric, MXNet's own number of threads."""

from common import arguments, loaded, train_in_turn

given = arguments()

import os  # noqa: E402

os.environ.setdefault("OMP_NUM_THREADS", str(given.cores))  # else 1

import numpy as np  # noqa: E402

from sweep.backend.mxnet import autograd, gluon, mx, nd  # noqa: E402

nn = gluon.nn
parts = {
    name: gluon.data.ArrayDataset(images, labels.astype("float32"))
    for name, (images, labels) in loaded(given.data).items()
}


def network() -> gluon.Block:
    """Return the network of the tutorial."""
    net = nn.Sequential()
    if given.model == "mlp":
        net.add(nn.Dense(128, activation="relu"), nn.Dense(64, activation="relu"), nn.Dense(10))
    else:
        net.add(
            *(nn.Conv2D(20, kernel_size=5, activation="tanh"), nn.MaxPool2D(2, 2)),
            *(nn.Conv2D(50, kernel_size=5, activation="tanh"), nn.MaxPool2D(2, 2)),
            *(nn.Dense(500, activation="tanh"), nn.Dense(10)),
        )
    return net


def train(seed: int) -> gluon.Block:
    """Train one network."""
    mx.random.seed(seed)  # of the weights
    np.random.seed(seed)  # of the loader's order
    net = network()
    net.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": given.lr})
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    loader = gluon.data.DataLoader(parts["train"], batch_size=given.batch, shuffle=True)
    metric = mx.metric.Accuracy()
    for _ in range(given.epochs):
        metric.reset()
        for data, label in loader:
            with autograd.record():
                output = net(data)
                loss = loss_of(output, label)
            loss.backward()
            trainer.step(data.shape[0])
            metric.update(label, output)
        metric.get()
    nd.waitall()
    return net


def accuracy(net: gluon.Block) -> float:
    """Return what is right of the validation images."""
    metric = mx.metric.Accuracy()
    for data, label in gluon.data.DataLoader(parts["val"], batch_size=given.batch):
        metric.update(label, net(data))
    return float(metric.get()[1])


train_in_turn(train, accuracy, given.runs)
