import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from epochwise import (
    CROSS_ENTROPY,
    Training,
    assert_equal_bits,
    signatures,
    split_of,
    subset,
    synthetic,
)

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.compose import load
from sweep.config.metrics import METRICS, Metric, measured_metric, register
from sweep.networks.build import build_network
from sweep.training.loop import EVALUATION_BATCH, Evaluation, build_trainer, train_epochs
from sweep.training.optimizers.sgd import SGD

ACCURACY = [measured_metric("accuracy")]
ACTIVATIONS = ("tanh", "relu", "sigmoid")
SMALL = ("model=mlp", "model.hidden=[6]")
WITH_A_LARGE_PARAMETER = "model.hidden=[12]"  # 784·12 = 9408; see SIZES


# --- the reference: NumPy, float64, one hidden layer ---


def forward(parameters, x, activation):
    weight, bias, weight_out, bias_out = parameters
    before = x @ weight.T + bias
    hidden = {
        "tanh": np.tanh(before),
        "relu": np.maximum(before, 0),
        "sigmoid": 1 / (1 + np.exp(-before)),
    }[activation]
    return hidden, hidden @ weight_out.T + bias_out


def measure(scores, labels):
    """Return the sum of the cross-entropies, the number of right answers, the probabilities."""
    exps = np.exp(scores - scores.max(axis=1, keepdims=True))
    probabilities = exps / exps.sum(axis=1, keepdims=True)
    losses = -np.log(probabilities[np.arange(len(labels)), labels])
    return losses.sum(), (scores.argmax(axis=1) == labels).sum(), probabilities


def gradients(parameters, x, labels, activation):
    """Return the sum over the batch of the gradients of the loss, and what it measured."""
    hidden, scores = forward(parameters, x, activation)
    loss, right, probabilities = measure(scores, labels)
    to_scores = probabilities - np.eye(scores.shape[1])[labels]
    slope = {"tanh": 1 - hidden**2, "relu": hidden > 0, "sigmoid": hidden * (1 - hidden)}
    to_hidden = (to_scores @ parameters[2]) * slope[activation]
    grads = [to_hidden.T @ x, to_hidden.sum(0), to_scores.T @ hidden, to_scores.sum(0)]
    return grads, loss, right


def pixels(split):
    images = split.images[split.index].reshape(len(split), -1)
    return images.astype(np.float64), split.labels[split.index]


def reference(initial, dataset, config, epochs):
    """Train in NumPy; return each epoch's parameters, train/loss and train/accuracy."""
    images, labels = pixels(dataset.train)
    parameters = [each.astype(np.float64) for each in initial]
    momenta = [np.zeros_like(each) for each in parameters]
    lr, wd, momentum = config.optim.lr, config.optim.wd, config.optim.momentum
    found = []
    for epoch in range(1, epochs + 1):
        order = np.random.RandomState([config.seed, epoch]).permutation(len(labels))
        loss_sum = right_sum = 0
        for start in range(0, len(labels), config.batch_size):
            rows = order[start : start + config.batch_size]
            grads, loss, right = gradients(
                parameters, images[rows], labels[rows], config.model.activation
            )
            loss_sum, right_sum = loss_sum + loss, right_sum + right
            momenta = [
                momentum * m - lr * (g / len(rows) + wd * p)
                for m, g, p in zip(momenta, grads, parameters, strict=True)
            ]
            parameters = [p + m for p, m in zip(parameters, momenta, strict=True)]
        found.append((parameters, loss_sum / len(labels), right_sum / len(labels)))
    return found


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    "options",
    [
        ("batch_size=53",),  # one step
        ("batch_size=16",),  # the last one with 5 images
        ("batch_size=16", "optim.wd=0.1"),
        ("batch_size=16", "optim.momentum=0.9"),
        ("batch_size=20", "optim.lr=0.05", "optim.momentum=0.5", "optim.wd=0.01", "seed=7"),
        ("batch_size=1", "optim.lr=0.01"),
        ("batch_size=16", WITH_A_LARGE_PARAMETER, "optim.wd=0.1"),
        ("batch_size=16", WITH_A_LARGE_PARAMETER, "optim.lr=0.02", "optim.momentum=0.9"),
    ],
    ids=" ".join,
)
def test_sgd_equals_numpy(activation, options):
    dataset = synthetic()
    training = Training(dataset, *SMALL, f"model.activation={activation}", *options)
    for bias in list(training.net.collect_params().values())[1::2]:
        bias.set_data(nd.array(np.random.RandomState(4).uniform(-1, 1, bias.shape)))
    expected = reference(training.parameters(), dataset, training.config, epochs=3)
    trained = training.epochs(1, 3)
    for (_, metrics, parameters), (truth, loss, accuracy) in zip(trained, expected, strict=True):
        for own, numpy in zip(parameters, truth, strict=True):
            np.testing.assert_allclose(own, numpy, rtol=1e-4, atol=2e-6)
        assert metrics["train/loss"] == pytest.approx(loss, rel=1e-5)
        assert metrics["train/accuracy"] == accuracy
        images, labels = pixels(dataset.val)
        loss, right, _ = measure(forward(truth, images, activation)[1], labels)
        assert metrics["val/loss"] == pytest.approx(loss / len(labels), rel=1e-4)
        assert metrics["val/accuracy"] == right / len(labels)


SIZES = {  # from 8192 values, a parameter has an update of its own
    "small": [8191, 10, 1],
    "large": [8192, 8193, 20_000],
    "both": [10, 8193, 8191, 8192, 7],
    "many": [*[3] * 30, 8192, *[4] * 30, 8199, *[5] * 40],  # for more than one fused update
}


@pytest.mark.parametrize("wd", [0.0, 0.1])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("sizes", SIZES)
def test_updates_of_all_sizes_equal_numpy(sizes, momentum, wd, monkeypatch):
    alone, update_name = [], "sgd_mom_update" if momentum else "sgd_update"
    update = getattr(nd, update_name)

    def noted(weight, *others, **options):
        alone.append(weight.size)
        return update(weight, *others, **options)

    monkeypatch.setattr(nd, update_name, noted)
    random = np.random.RandomState(0)
    block = gluon.Block()
    for number, size in enumerate(SIZES[sizes]):
        block.params.get(f"p{number}", shape=(size,))
    block.initialize()
    parameters = list(block.collect_params().values())
    for each in parameters:
        each.set_data(nd.array(random.uniform(-1, 1, each.shape)))
    truth = [each.data().asnumpy().astype(np.float64) for each in parameters]
    momenta = [np.zeros_like(each) for each in truth]
    trainer = build_trainer(block, SGD("sgd", 0.05, wd, momentum))
    for batch_size in (1, 4, 2, 9, 3):
        grads = [random.uniform(-3, 3, each.shape).astype(np.float32) for each in parameters]
        with autograd.record():
            loss = [(p.data() * nd.array(g)).sum() for p, g in zip(parameters, grads, strict=True)]
        autograd.backward(loss)
        trainer.step(batch_size)
        momenta = [
            momentum * m - 0.05 * (g / batch_size + wd * p)
            for m, g, p in zip(momenta, grads, truth, strict=True)
        ]
        truth = [p + m for p, m in zip(truth, momenta, strict=True)]
        for own, numpy in zip(parameters, truth, strict=True):
            np.testing.assert_allclose(own.data().asnumpy(), numpy, rtol=1e-5, atol=2e-6)
    assert alone == [size for size in SIZES[sizes] if size >= 8192] * 5
    assert trainer.optimizer.num_update == 5


@pytest.mark.parametrize("count", [2 * EVALUATION_BATCH + 217, EVALUATION_BATCH, 1])
def test_evaluation_equals_numpy(count):
    split = split_of(count, 5, among=count + 100)
    net = build_network(load(*SMALL).model, (1, 28, 28), 10, seed=0, context=mx.cpu())
    images, labels = pixels(split)
    parameters = [each.data().asnumpy() for each in net.collect_params().values()]
    evaluation = Evaluation(net, split, ACCURACY, mx.cpu(), CROSS_ENTROPY)
    loss, right, _ = measure(forward(parameters, images, "relu")[1], labels)
    measured = evaluation.measure()
    assert measured["loss"] == pytest.approx(loss / count, rel=1e-5)
    assert measured["accuracy"] == right / count

    # It measures the present parameters, as often as asked.
    assert evaluation.measure() == measured
    for each in net.collect_params().values():
        each.set_data(each.data() * 0)
    assert evaluation.measure() == {
        "loss": pytest.approx(np.log(10), rel=1e-5),
        "accuracy": (labels == 0).mean(),
    }


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_networks_are_given_the_images_of_their_split(model):
    split = split_of(40, 6, among=70)
    net = build_network(load(f"model={model}").model, (1, 28, 28), 10, seed=0, context=mx.cpu())
    images, labels = pixels(split)
    scores = net(nd.array(images.reshape(40, 1, 28, 28))).asnumpy().astype(np.float64)
    loss, right, _ = measure(scores, labels)
    measured = Evaluation(net, split, ACCURACY, mx.cpu(), CROSS_ENTROPY).measure()
    assert measured == {"loss": pytest.approx(loss / 40, rel=1e-5), "accuracy": right / 40}


def test_training_and_evaluation_leave_the_images_as_they_were():
    dataset = synthetic()
    before = [each.images.copy() for each in (dataset.train, dataset.val, dataset.test)]
    Training(dataset, *SMALL, "batch_size=16", "test_every_epoch=true").epochs(1, 2)
    for kept, split in zip(before, (dataset.train, dataset.val, dataset.test), strict=True):
        assert np.array_equal(kept, split.images)


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_going_on_later_equals_one_go(model):
    options = (f"model={model}", "batch_size=64", "optim.momentum=0.9", "optim.wd=0.001", "seed=3")
    whole = Training(subset(300), *options)
    in_one_go = whole.epochs(1, 3)

    parts = Training(subset(300), *options)
    first = parts.epochs(1, 1)
    mx.random.seed(77)
    np.random.seed(77)
    nd.random.uniform(shape=(5,)).wait_to_read()
    assert_equal_bits(in_one_go, first + parts.epochs(2, 3))


class Drawing(gluon.Block):
    """Draws from all generators of the process: what it begins with, and in every batch."""

    def __init__(self, classes):
        super().__init__()
        self.scale = random.random() + np.random.rand()
        self.dense = gluon.nn.Dense(classes)

    def forward(self, x):
        noise = nd.random.uniform(shape=x.shape) * float(np.random.rand())
        return self.dense(x * self.scale + noise * random.random())


def drawing(seed):
    def build(shape, classes):
        return Drawing(classes)

    network = SimpleNamespace(builder=lambda device: build, initializer=lambda: None)
    return build_network(network, (1, 28, 28), 10, seed=seed, context=mx.cpu())


def test_a_network_that_draws_from_any_generator_goes_on_as_in_one_go():
    def training():
        made = Training(subset(100), *SMALL, "batch_size=32", "seed=3")
        made.net = drawing(3)
        made.trainer = build_trainer(made.net, made.config.optim)
        return made

    in_one_go = training().epochs(1, 3)
    nd.random.uniform(shape=(5,)).wait_to_read()
    np.random.rand(5)
    random.random()
    parts = training()
    first = parts.epochs(1, 1)
    nd.random.uniform(shape=(5,)).wait_to_read()
    np.random.rand(5)
    random.random()
    assert_equal_bits(in_one_go, first + parts.epochs(2, 3))
    assert drawing(4).scale != drawing(3).scale == parts.net.scale


def test_the_order_of_images_depends_on_seed_and_epoch():
    def after_one_epoch(epoch, seed):
        training = Training(synthetic(), *SMALL, "batch_size=8")
        records = train_epochs(
            training.net,
            training.trainer,
            training.dataset.train,
            {},
            metrics=ACCURACY,
            batch_size=8,
            seed=seed,
            epochs=range(epoch, epoch + 1),
            context=mx.cpu(),
            loss=CROSS_ENTROPY,
        )
        return [record.metrics["train/loss"] for record in records][0]

    assert after_one_epoch(1, seed=0) == after_one_epoch(1, seed=0)
    different = {after_one_epoch(epoch, seed) for epoch in (1, 2) for seed in (0, 1)}
    assert len(different) == 4


def test_the_same_seed_gives_the_same_bits_again():
    here = signatures()
    assert len(set(here.values())) == 6
    assert signatures() == here


def test_another_seed_trains_differently():
    one, other = (
        Training(synthetic(), *SMALL, "batch_size=16", f"seed={seed}").epochs(1, 1)[0]
        for seed in (0, 1)
    )
    assert one[1]["train/loss"] != other[1]["train/loss"]
    assert all((a != b).any() for a, b in zip(one[2], other[2], strict=True))


@pytest.mark.parametrize("batch_size", [1, 53])
def test_smallest_and_largest_batch(batch_size):
    training = Training(synthetic(), *SMALL, f"batch_size={batch_size}", "optim.lr=0.02")
    losses = [metrics["train/loss"] for _, metrics, _ in training.epochs(1, 8)]
    assert losses[-1] < losses[0]


def test_what_is_measured():
    trained = {"train/loss", "train/accuracy"}
    validated = {"val/loss", "val/accuracy"}
    tested = {"test/loss", "test/accuracy"}

    def measured(dataset, *options):
        return Training(dataset, *SMALL, "batch_size=16", *options).epochs(1, 1)[0][1]

    assert set(measured(synthetic())) == trained | validated
    assert set(measured(synthetic(val=0), "test_every_epoch=true")) == trained | tested
    everything = measured(synthetic(), "test_every_epoch=true")
    assert set(everything) == trained | validated | tested


def test_test_metrics_are_of_the_test_split_after_the_epoch():
    dataset = synthetic()
    training = Training(dataset, *SMALL, "batch_size=16", "test_every_epoch=true")
    for _, metrics, parameters in training.epochs(1, 2):
        images, labels = pixels(dataset.test)
        loss, right, _ = measure(forward(parameters, images, "relu")[1], labels)
        assert metrics["test/loss"] == pytest.approx(loss / len(labels), rel=1e-5)
        assert metrics["test/accuracy"] == right / len(labels)


def test_measuring_on_the_test_set_changes_no_training():
    plain = Training(synthetic(), *SMALL, "batch_size=16").epochs(1, 2)
    tested = Training(synthetic(), *SMALL, "batch_size=16", "test_every_epoch=true").epochs(1, 2)
    for (_, metrics, parameters), (_, metrics2, parameters2) in zip(plain, tested, strict=True):
        assert metrics.items() <= metrics2.items()
        assert all(a.tobytes() == b.tobytes() for a, b in zip(parameters, parameters2, strict=True))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_many_parameters_are_updated_by_one_trainer(momentum):
    # One fused update of MXNet's takes 60 at most; with more the process dies.
    options = (f"model.hidden={[4] * 40}", "model.activation=tanh", "batch_size=53")
    training = Training(synthetic(), "model=mlp", *options, f"optim.momentum={momentum}")
    before = training.parameters()
    after = training.epochs(1, 1)[0][2]
    assert len(after) == 82
    assert all((a != b).any() for a, b in zip(before, after, strict=True))


# --- images of another kind, metrics of one's own ---


COLOUR = {"shape": (3, 20, 24), "classes": 4}
LENET = ("model=lenet", "model.channels=[3,5]", "model.kernels=[5,3]", "model.hidden=[7]")


@pytest.mark.parametrize("options", [("batch_size=16",), ("batch_size=20", "optim.momentum=0.9")])
def test_an_mlp_on_colour_images_equals_numpy(options):
    dataset = synthetic(**COLOUR)
    training = Training(dataset, *SMALL, *options)
    assert training.parameters()[0].shape == (6, 3 * 20 * 24)
    expected = reference(training.parameters(), dataset, training.config, epochs=2)
    trained = training.epochs(1, 2)
    for (_, metrics, parameters), (truth, loss, accuracy) in zip(trained, expected, strict=True):
        for own, numpy in zip(parameters, truth, strict=True):
            np.testing.assert_allclose(own, numpy, rtol=1e-4, atol=2e-6)
        assert metrics["train/loss"] == pytest.approx(loss, rel=1e-5)
        assert metrics["train/accuracy"] == accuracy
        images, labels = pixels(dataset.val)
        loss, right, _ = measure(forward(truth, images, "relu")[1], labels)
        assert metrics["val/loss"] == pytest.approx(loss / len(labels), rel=1e-4)
        assert metrics["val/accuracy"] == right / len(labels)


def pooled(x):
    """Return the largest of each 2×2 values: (n, c, h, w) to (n, c, h/2, w/2)."""
    n, c, height, width = x.shape
    return x.reshape(n, c, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def convolved(x, weight, bias):
    """Return (n, after, h', w') of x (n, before, h, w) and weight (after, before, k, k)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    return np.einsum("nchwij,ocij->nohw", windows, weight) + bias[:, None, None]


def test_a_lenet_on_colour_images_evaluates_as_numpy_does():
    dataset = synthetic(**COLOUR)
    training = Training(dataset, *LENET, "batch_size=16", "optim.lr=0.2")
    for _, metrics, parameters in training.epochs(1, 2):
        first, first_bias, second, second_bias, *dense = (
            each.astype(np.float64) for each in parameters
        )
        x = dataset.val.images[dataset.val.index].astype(np.float64)
        x = np.tanh(pooled(convolved(x, first, first_bias)))  # 20×24 → 16×20 → 8×10
        x = np.tanh(pooled(convolved(x, second, second_bias)))  # 6×8 → 3×4
        assert x.shape == (20, 5, 3, 4)
        _, scores = forward(dense, x.reshape(20, -1), "tanh")
        labels = dataset.val.labels[dataset.val.index]
        loss, right, _ = measure(scores, labels)
        assert metrics["val/loss"] == pytest.approx(loss / 20, rel=1e-5)
        assert metrics["val/accuracy"] == right / 20


def test_a_lenet_learns_colours():
    dataset = synthetic(**COLOUR)
    strongest = dataset.train.images[:, :, :10].mean(axis=(2, 3)).argmax(axis=1)
    dataset = replace(dataset, train=replace(dataset.train, labels=strongest.astype(np.uint8)))
    losses = [
        metrics["train/loss"]
        for _, metrics, _ in Training(dataset, *LENET, "batch_size=8").epochs(1, 8)
    ]
    assert losses[-1] < losses[0] / 1.02


def top5(F, scores, labels):
    best = F.topk(scores, axis=1, k=5)
    return F.sum(F.broadcast_equal(best, F.expand_dims(labels, axis=1)))


def test_a_metric_of_ones_own_equals_numpy(monkeypatch):
    monkeypatch.setattr(METRICS, "_choices", dict(METRICS._choices))
    register(Metric("top5_accuracy", "max", top5))
    dataset = synthetic()
    both = ("metrics=[top5_accuracy,accuracy]", "batch_size=16", "test_every_epoch=true")
    training = Training(dataset, *SMALL, *both)
    for _, metrics, parameters in training.epochs(1, 2):
        for name, split in {"val": dataset.val, "test": dataset.test}.items():
            images, labels = pixels(split)
            scores = forward(parameters, images, "relu")[1]
            best = np.argsort(-scores, axis=1)[:, :5]
            right = (best == labels[:, None]).any(axis=1).mean()
            assert metrics[f"{name}/top5_accuracy"] == right
            assert 0.2 < right < 1
            assert metrics[f"{name}/accuracy"] == (best[:, 0] == labels).mean()
        assert metrics["train/accuracy"] < metrics["train/top5_accuracy"] < 1


def test_what_is_measured_changes_no_training():
    plain = Training(synthetic(), *SMALL, "batch_size=16").epochs(1, 2)
    bare = Training(synthetic(), *SMALL, "batch_size=16", "metrics=[]", "monitor=val/loss")
    for (_, metrics, parameters), (_, fewer, same) in zip(plain, bare.epochs(1, 2), strict=True):
        assert fewer == {key: value for key, value in metrics.items() if "loss" in key}
        assert all(a.tobytes() == b.tobytes() for a, b in zip(parameters, same, strict=True))


def test_learns_real_digits():
    training = Training(subset(2000), "model=mlp", "batch_size=50")
    assert training.epochs(1, 5)[-1][1]["val/accuracy"] > 0.85
