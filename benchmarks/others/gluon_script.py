"""The usual Gluon script: DataLoader, no hybridize, mx.metric, MXNet's own number of threads."""

from common import BATCH, LR, arguments, mnist, report

given = arguments()

import os  # noqa: E402

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))  # else 1

from sweep.backend.mxnet import autograd, gluon, mx, nd  # noqa: E402

nn = gluon.nn
images, labels = mnist(given.root)
dataset = gluon.data.ArrayDataset(images, labels.astype("float32"))


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


def train() -> None:
    """Train one network."""
    net = network()
    net.initialize(mx.init.Xavier())
    trainer = gluon.Trainer(net.collect_params(), "sgd", {"learning_rate": LR})
    loss_of = gluon.loss.SoftmaxCrossEntropyLoss()
    loader = gluon.data.DataLoader(dataset, batch_size=BATCH, shuffle=True)
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


report(train, given.runs, given.epochs, len(images))
