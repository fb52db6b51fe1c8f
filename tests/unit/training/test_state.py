"""What training goes on from: taken, and put into other objects, it changes no bit of the rest."""

import io
import re

import numpy as np
import pytest
from epochwise import Training, assert_equal_bits, synthetic
from pydantic.dataclasses import dataclass

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.compose import load
from sweep.config.fields import STRICT, Positive
from sweep.config.optimizers import OptimizerConfig
from sweep.networks.build import build_network
from sweep.training.loop import build_trainer
from sweep.training.optimizers.sgd import SGD
from sweep.training.state import parameters, restore, restore_parameters, state

NETWORKS = {
    "small": ("model.hidden=[6]",),
    "large": ("model.hidden=[12]",),  # 784·12 values have an update of their own
    "deep": (f"model.hidden={[4] * 40}", "model.activation=tanh"),  # more than one fused update
    "lenet": ("model=lenet", "model.channels=[3,5]", "model.hidden=[7]"),
}
OPTIMIZERS = {
    "plain": (),
    "weight decay": ("optim.wd=0.01",),
    "momentum": ("optim.momentum=0.9",),
    "both": ("optim.momentum=0.9", "optim.wd=0.01"),
}


def through_a_file(arrays):
    """Return the arrays as a checkpoint brings them back."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    stream.seek(0)
    with np.load(stream) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("network", "optimizer"),
    [
        pytest.param(network, optimizer, marks=[pytest.mark.nightly] * is_one_more)
        for network in NETWORKS
        for optimizer in OPTIMIZERS
        for is_one_more in [network != "small" and optimizer != "both"]
    ],
)
def test_a_restored_training_goes_on_with_the_same_bits(network, optimizer):
    options = (*NETWORKS[network], *OPTIMIZERS[optimizer], "batch_size=16", "optim.lr=0.05")
    whole = Training(synthetic(), *options).epochs(1, 3)
    for stop in (1, 2):
        first = Training(synthetic(), *options)
        trained = first.epochs(1, stop)
        arrays = through_a_file(state(first.net, first.trainer))
        second = Training(synthetic(), *options)
        second.epochs(7, 7)  # so that it has parameters and momenta of its own
        restore(second.net, second.trainer, arrays)
        assert_equal_bits(whole, trained + second.epochs(stop + 1, 3))


def test_what_is_restored_is_what_was_taken():
    options = ("model.hidden=[12]", "optim.momentum=0.9", "batch_size=16")
    first, second = Training(synthetic(), *options), Training(synthetic(), *options, "seed=1")
    first.epochs(1, 1)
    arrays = state(first.net, first.trainer)
    restore(second.net, second.trainer, arrays)
    again = state(second.net, second.trainer)
    assert list(again) == list(arrays)
    assert [each.tobytes() for each in again.values()] == [e.tobytes() for e in arrays.values()]


def test_the_names_are_those_of_the_parameters_file(tmp_path):
    training = Training(synthetic(), "model.hidden=[6]", "optim.momentum=0.9", "batch_size=16")
    training.epochs(1, 1)
    training.net.save_parameters(str(tmp_path / "net.params"))
    saved = nd.load(str(tmp_path / "net.params"))
    arrays = state(training.net, training.trainer)
    taken = {key.removeprefix("net/"): each for key, each in arrays.items() if "net/" in key}
    assert set(taken) == set(saved) == set(parameters(training.net))
    for key, value in saved.items():
        assert taken[key].tobytes() == value.asnumpy().tobytes()
    shapes = [each.shape for each in training.net.collect_params().values()]
    others = {key: each.shape for key, each in arrays.items() if f"net/{key}" not in arrays}
    others = {key: shape for key, shape in others.items() if not key.startswith("net/")}
    momenta = {f"optimizer/{number}": shape for number, shape in enumerate(shapes)}
    assert others == momenta | {"optimizer/update_counts": (1 + len(shapes),)}


@pytest.mark.parametrize(("momentum", "trained"), [("0.0", True), ("0.9", False)])
def test_there_is_no_momentum_where_there_is_none(momentum, trained):
    options = ("model.hidden=[6]", f"optim.momentum={momentum}", "batch_size=16")
    training = Training(synthetic(), *options)
    if trained:
        training.epochs(1, 1)
    arrays = state(training.net, training.trainer)
    others = [key for key in arrays if not key.startswith("net/")]
    assert (len(arrays), others) == (5, ["optimizer/update_counts"])
    # 53 images are 4 steps of 16
    assert arrays["optimizer/update_counts"].tolist() == [4 * trained] * 5


def test_a_state_stays_as_it_was_taken():
    training = Training(synthetic(), "model.hidden=[12]", "optim.momentum=0.9", "batch_size=16")
    training.epochs(1, 1)
    arrays = state(training.net, training.trainer)
    before = {key: each.tobytes() for key, each in arrays.items()}
    training.epochs(2, 2)
    assert {key: each.tobytes() for key, each in arrays.items()} == before
    after = state(training.net, training.trainer)
    assert all(after[key].tobytes() != value for key, value in before.items())
    restore(training.net, training.trainer, arrays)
    training.epochs(3, 3)
    assert {key: each.tobytes() for key, each in arrays.items()} == before


def test_a_state_of_version_0_1_goes_on_with_the_same_bits():
    options = ("model.hidden=[12]", "optim.momentum=0.9", "batch_size=16")
    whole = Training(synthetic(), *options).epochs(1, 3)
    first, second = Training(synthetic(), *options), Training(synthetic(), *options)
    trained = first.epochs(1, 1)
    arrays = {  # it called them momenta, and counted no updates
        re.sub(r"^optimizer/(\d)", r"momentum/\1", key): each
        for key, each in state(first.net, first.trainer).items()
        if key != "optimizer/update_counts"
    }
    assert [key for key in arrays if "net/" not in key] == [f"momentum/{n}" for n in range(4)]
    restore(second.net, second.trainer, through_a_file(arrays))
    assert_equal_bits(whole, trained + second.epochs(2, 3))


# --- other optimisers, which a user could add ---


@dataclass(frozen=True, config=STRICT)
class OfMXNet(OptimizerConfig):
    """An optimiser of MXNet's, by the name of its class."""

    lr: Positive

    def build(self, parameters):
        options = {"momentum": 0.9} if self.name == "NAG" else {}
        return getattr(mx.optimizer, self.name)(learning_rate=self.lr, **options)


OTHERS = {  # with how many arrays each keeps for a parameter
    "Adam": 2,
    "RMSProp": 1,
    "FTML": 3,
    "LAMB": 2,
    "NAG": 1,
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_restored_training_of_any_optimiser_goes_on_with_the_same_bits(name):
    def fresh():
        optimizer = OfMXNet(name, 0.01)
        return Training(synthetic(), "model.hidden=[6]", "batch_size=16", optimizer=optimizer)

    whole = fresh().epochs(1, 2)
    first, second = fresh(), fresh()
    trained = first.epochs(1, 1)
    arrays = through_a_file(state(first.net, first.trainer))
    kept = [key for key in arrays if re.match(r"optimizer/\d", key)]
    assert len(kept) == 4 * OTHERS[name]
    assert arrays["optimizer/update_counts"].tolist() == [4] * 5
    second.epochs(7, 7)  # so that it has a state of its own
    restore(second.net, second.trainer, arrays)
    assert_equal_bits(whole, trained + second.epochs(2, 2))
    again, last = state(second.net, second.trainer), fresh()
    last.epochs(1, 2)
    expected = state(last.net, last.trainer)
    assert list(again) == list(expected)
    for key, value in expected.items():
        assert again[key].tobytes() == value.tobytes(), key


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_parameters_alone_can_be_restored(model):
    options = load(f"model={model}", "model.hidden=[6]").model
    one, other = (
        build_network(options, (1, 28, 28), 10, seed=seed, context=mx.cpu()) for seed in (1, 2)
    )
    images = nd.array(np.random.RandomState(0).uniform(size=(5, 1, 28, 28)))
    expected = one(images).asnumpy()
    assert (other(images).asnumpy() != expected).any()
    restore_parameters(other, {f"net/{k}": p.data().asnumpy() for k, p in parameters(one).items()})
    assert (other(images).asnumpy() == expected).all()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_single_steps_go_on_with_the_same_bits(momentum):
    def build(seed):
        net = gluon.nn.Dense(3, in_units=4)
        mx.random.seed(seed)
        net.initialize(mx.init.Uniform())
        return net, build_trainer(net, SGD("sgd", 0.1, 0.01, momentum))

    def step(net, trainer, number):
        with autograd.record():
            loss = (net(nd.array(np.full((2, 4), number / 7))) ** 2).sum()
        loss.backward()
        trainer.step(2)
        return [each.data().asnumpy().tobytes() for each in net.collect_params().values()]

    net, trainer = build(1)
    whole = [step(net, trainer, number) for number in range(6)]
    for stop in range(1, 6):
        first, second = build(1), build(2)
        for number in range(stop):
            step(*first, number)
        restore(*second, state(*first))
        assert [step(*second, number) for number in range(stop, 6)] == whole[stop:]


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "int64", "uint8"])
def test_parameters_of_any_type_keep_their_bits(dtype):
    def build():
        net = gluon.nn.Dense(3, in_units=4, dtype="float64")
        net.count = net.params.get("count", shape=(2,), dtype=dtype, init="zeros", grad_req="null")
        net.initialize()
        return net

    first, second = build(), build()
    values = np.array([113, 7 / 3]).astype(dtype)
    first.count.set_data(nd.array(values, dtype=dtype))
    first.weight.set_data(nd.array(np.full((3, 4), 1 / 3), dtype="float64"))
    first.bias.set_data(nd.array([1 + 2**-40, 2, 3], dtype="float64"))
    arrays = {f"net/{key}": each.data().asnumpy() for key, each in parameters(first).items()}
    restore_parameters(second, through_a_file(arrays))
    for key, each in parameters(second).items():
        found = each.data().asnumpy()
        assert (found.dtype, found.tobytes()) == (
            arrays[f"net/{key}"].dtype,
            arrays[f"net/{key}"].tobytes(),
        )
    assert (second.count.data().asnumpy() == values).all()
    assert second.weight.data().asnumpy()[0, 0] == 1 / 3
