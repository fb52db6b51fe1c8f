"""Losses of a user's own: tried, trained with, recorded."""

import re
import sys
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from epochwise import TIMES, synthetic

from sweep import own_modules
from sweep.backend.mxnet import gluon, mx
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.networks import Tried
from sweep.config.params import params
from sweep.config.recorded import from_yaml, to_yaml
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.networks.blocks import planned  # noqa: F401 - as below
from sweep.networks.families import custom, linear  # noqa: F401 - as below
from sweep.runs.own_networks import Request, completed, tried, try_all
from sweep.runs.reproduce import recorded_source
from sweep.tracking import RunRecord
from sweep.training import own_loss_trial  # noqa: F401 - the fixture keeps what is imported here
from sweep.training.batches import BatchSums, EagerSums, batch_sums
from sweep.training.mixed import EagerMixedSums, MixedSums, mixed_sums
from sweep.training.session import Training

LOSSES = """import random

from mxnet import gluon, nd, np

import parts


class Focal(gluon.loss.Loss):
    def __init__(self, gamma=0.0):
        super().__init__(weight=None, batch_axis=0)
        self.gamma = gamma

    def hybrid_forward(self, F, pred, label):
        right = F.pick(F.log_softmax(pred, axis=1), label, axis=1)
        return -((1 - F.exp(right)) ** self.gamma) * right


class Weighted(gluon.HybridBlock):
    def __init__(self, weights):
        super().__init__()
        self.weights = self.params.get_constant("weights", weights)

    def hybrid_forward(self, F, pred, label, weights):
        return -F.pick(F.log_softmax(pred, axis=1), label) * F.take(weights, label)


class Eager(gluon.Block):
    def forward(self, pred, label):
        return nd.pick(nd.log_softmax(pred, axis=1), label, axis=1) * -parts.ONE


class Learned(gluon.HybridBlock):
    def __init__(self):
        super().__init__()
        self.scale = self.params.get("scale", shape=(1,))


class Moving(gluon.Block):
    steps = 0

    def forward(self, pred, label):
        self.steps += 1
        return pred.sum(axis=1) * self.steps


class Kept(gluon.HybridBlock):
    steps = 0

    def hybrid_forward(self, F, pred, label):
        self.steps += 1
        return pred.sum(axis=1) * self.steps


class Stepped(gluon.HybridBlock):
    def hybrid_forward(self, F, pred, label):
        return pred.sum(axis=1) * (1 if isinstance(pred, nd.NDArray) else 2)


class Nothing:
    pass


def negative(pred, label, factor=1.0):
    return pred.log_softmax(axis=1).pick(label, axis=1) * -factor


def shaped(pred, label):
    return (pred - label.one_hot(pred.shape[1])).square().mean(axis=1)


def squares(pred, label):
    return (pred - label).square().mean(axis=1)


def half(pred, label):
    return squares(pred, label) / 2


def logarithms(pred, label):
    return (pred - label.log()).square().mean(axis=1)


def one(pred):
    return pred


def mean(pred, label):
    return negative(pred, label).mean()


def each(pred, label):
    return pred


def number(pred, label):
    return 1.0


def constant(pred, label):
    return pred.argmax(axis=1) * 1.0


def drawn(pred, label):
    return pred.log_softmax(axis=1).pick(label, axis=1) * -random.random()


def undefined(pred, label):
    return (pred.pick(label, axis=1) - 9).log()


def steep(pred, label):
    return (pred.pick(label, axis=1) * 0).sqrt()


def even(pred, label):
    return pred.reshape((-4, -1, 2, 0)).sum(axis=2).reshape((-1,))


def raises(pred, label):
    raise ArithmeticError("not like\\nthis")


def numpys(pred, label):
    return np.exp(pred)


def wrong(pred, label):
    return (pred.reshape((3, 3)) - label).sum(axis=1)
"""
FIELD = r"loss\._target_=my_losses\."
GIVEN = r"given \(64, 10\) scores and \(64,\) labels"


@pytest.fixture(autouse=True)
def _own_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    (tmp_path / "my_losses.py").write_text(LOSSES)
    (tmp_path / "parts.py").write_text("ONE = 1\n")
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if not name.startswith("sweep."):  # to import ours again for each test takes long
            del sys.modules[name]


def config(target, *given):
    own = ("loss=custom", f"loss._target_=my_losses.{target}") if target else ()
    return replace(load(*own, "epochs=2", "batch_size=64", *given), context="cpu")


def known(target, *given):
    """The configuration as it trains, and the line that is shown about it."""
    found = tried(Request.of(before := config(target, *given), synthetic()))
    return completed(before, found), found.note


def training(target, *given):
    return Training(known(target, *given)[0], synthetic(), mx.cpu())


def measured(snapshots):
    return [
        {key: value for key, value in each.records[-1].metrics.items() if key not in TIMES}
        for each in snapshots
    ]


@pytest.mark.parametrize("target", ["Focal", "negative", "Eager"])
@pytest.mark.parametrize("given", [(), ("augment.mixup=0.5",)])
def test_it_trains_as_the_same_loss_of_gluons(target, given):
    own, usual = (measured(training(each, *given).epochs()) for each in (target, None))
    for one, other in zip(own, usual, strict=True):
        assert one.keys() == other.keys()
        np.testing.assert_allclose([*one.values()], [*other.values()], rtol=2e-4)


@pytest.mark.parametrize("target", ["Focal", "shaped"])
def test_it_goes_on_to_the_same_bits(target):
    given = ("optim.momentum=0.5", "augment.mixup=0.5")
    whole = training(target, *given)
    expected = measured(whole.epochs())
    begun = [*islice(training(target, *given).epochs(), 1)]
    resumed = training(target, *given)
    resumed.resume(begun[-1], begun[begun[-1].best_epoch - 1])
    assert measured(resumed.epochs()) == expected[1:]
    assert resumed.conclude() == whole.conclude()


def test_only_what_cannot_be_traced_is_eager_and_says_so():
    for target, kinds, note in (
        ("Focal", (BatchSums, MixedSums), ""),
        ("negative", (BatchSums, MixedSums), ""),
        ("Eager", (EagerSums, EagerMixedSums), "it is a gluon.Block (my_losses.py:27)"),
        ("shaped", (EagerSums, EagerMixedSums), "it cannot be traced (AttributeError: "),
    ):
        loss, told = config(target).loss.tried(10, 64, Path("modules"))
        net, images = gluon.nn.Dense(10), np.dtype(np.float32)
        found = [make(net, loss, [], images) for make in (batch_sums, mixed_sums)]
        assert tuple(map(type, found)) == kinds
        assert told.startswith(f"loss._target_=my_losses.{target}: runs eagerly") == bool(note)
        assert note in told


def test_arguments_and_constants_count():
    scores, labels = mx.nd.random.normal(shape=(64, 10)), mx.nd.zeros(64)
    usual = config(None).loss.build()(scores, labels).asnumpy()
    for target, given in (("negative", "factor=2"), ("Weighted", f"weights={[2] * 10}")):
        loss, _ = config(target, f"+loss.{given}").loss.tried(10, 64, Path("modules"))
        np.testing.assert_allclose(loss.build()(scores, labels).asnumpy(), 2 * usual, rtol=1e-5)


def test_numbers_are_predicted_by_one_too():
    given = ("loss.task=regression", "dataset=csv", "dataset.train=a.csv", "metrics=[mae]")
    given += ("dataset.task=regression", "monitor=val/loss", "batch_size=64")
    own = config("squares", *given)
    loss, note = own.loss.tried(2, 64, Path("modules"))
    assert (loss.task, note) == ("regression", "")
    assert config("logarithms", *given).loss.tried(2, 64, Path("modules"))[1] == ""
    scores, labels = mx.nd.array([[1, 2], [3, 5]]), mx.nd.array([[1, 1], [3, 1]])
    assert loss.build()(scores, labels).asnumpy().tolist() == [0.5, 8.0]


def test_numbers_are_trained_by_one_as_by_gluons():
    numbers = np.random.RandomState(0).normal(size=(60, 4))
    np.savetxt("a.csv", numbers, delimiter=",", header="a,b,c,y", comments="")
    given = ("dataset=csv", "dataset.train=a.csv", "dataset.label=y", "dataset.val_size=10")
    given += ("dataset.test_size=10", "model=linear", "batch_size=20")
    usual = config(None, *given, "loss=l2")
    of_numbers = ("loss.task=regression", "dataset.task=regression", "metrics=[mae,rmse]")
    own = config("half", *given, *of_numbers, "monitor=val/loss", "batch_size=20")
    dataset = load_dataset(own.dataset)
    own = completed(own, tried(Request.of(own, dataset)))
    one, other = (measured(Training(each, dataset, mx.cpu()).epochs()) for each in (own, usual))
    for ours, gluons in zip(one, other, strict=True):
        assert ours.keys() == gluons.keys()
        np.testing.assert_allclose([*ours.values()], [*gluons.values()], rtol=1e-5)


def test_its_modules_are_part_of_the_run(tmp_path):
    before = known("Focal", "+loss.gamma=2")[0]
    assert {key: value for key, value in params(before).items() if key.startswith("loss.")} == {
        "loss.name": "custom",
        "loss._target_": "my_losses.Focal",
        "loss.task": "classification",
        "loss.gamma": "2",
        "loss._source_": before.loss._source_,
    }
    assert {each.name for each in before.loss.source.iterdir()} == {"my_losses.py", "parts.py"}
    assert from_yaml(to_yaml(before)).loss == before.loss
    for file, text in (("my_losses.py", LOSSES + "\n"), ("parts.py", "ONE = 1  # still\n")):
        (tmp_path / file).write_text(text)
        after = known("Focal", "+loss.gamma=2")[0]
        assert fingerprint(after, "d") != fingerprint(before, "d")
    (tmp_path / "my_losses.py").write_text("raise RuntimeError('of today')\n")
    files = own_modules.contents(before.loss.source)
    record = RunRecord("0", "run", "FINISHED", {}, {}, to_yaml(before), {}, None, files)
    with recorded_source(record, from_yaml(to_yaml(before))) as recorded:
        again = Training(replace(recorded, context="cpu"), synthetic(), mx.cpu())
        assert measured(again.epochs()) == measured(
            Training(before, synthetic(), mx.cpu()).epochs()
        )


def test_a_network_and_a_loss_have_their_modules_together(tmp_path):
    (tmp_path / "my_nets.py").write_text(
        "from mxnet.gluon import nn\nimport parts\ndef net(classes): return nn.Dense(classes)\n"
    )
    given = ("model=custom", "model._target_=my_nets.net")
    both = known("Focal", *given)[0]
    assert both.model.source == both.loss.source
    assert both.model._source_ == both.loss._source_ == own_modules.identified(both.loss.source)
    found = {each.name for each in both.loss.source.iterdir()}
    assert found == {"my_nets.py", "my_losses.py", "parts.py"}
    assert known(None, *given)[0].model._source_ != both.model._source_
    assert len(measured(Training(both, synthetic(), mx.cpu()).epochs())) == 2


def test_a_network_is_tried_once_for_all_losses(monkeypatch, tmp_path):
    asked = []

    def network_tried(network, shape, outputs, keep):
        asked.append(network.call.target)
        return Tried(network, "a note")

    monkeypatch.setattr(custom.Custom, "tried", network_tried)
    given = ("model=custom", "model._target_=my_nets.net")
    configs = [config("Focal", *given, f"+loss.gamma={each}") for each in (0, 1)]
    first, second = try_all([Request.of(each, synthetic()) for each in configs])
    assert asked == ["my_nets.net"]
    assert [each.loss.call.arguments for each in (first, second)] == [{"gamma": 0}, {"gamma": 1}]


def test_installed_ones_have_no_modules_to_share():
    given = ("model=custom", "model._target_=mxnet.gluon.nn.Dense", "+model.units=10")
    given += ("loss=custom", "loss._target_=mxnet.gluon.loss.SoftmaxCrossEntropyLoss")
    found = known(None, *given)[0]
    assert not own_modules.contents(found.loss.source)
    assert not own_modules.contents(found.model.source)


@pytest.mark.parametrize(
    ("target", "given", "expected"),
    [
        (
            "Fokal",
            (),
            r" \(did you mean Focal\?\): .*my_losses\.py has no Fokal; allowed is module",
        ),
        ("LOSS.x", (), r": cannot be imported: ModuleNotFoundError: "),
        ("Nothing", (), r": is a class of Nothing, no block; allowed is a gluon\.loss\.Loss, "),
        (
            "Learned",
            (),
            r": has the parameter \w*scale, which would be neither trained nor saved; ",
        ),
        ("one", (), r": takes pred; allowed is a function of the scores, the labels, and its "),
        ("mean", (), rf": {GIVEN}: returned \(1,\) \(my_losses\.py:87\); allowed is \(64,\), the "),
        (
            "each",
            (),
            rf": {GIVEN}: returned \(64, 10\) \(my_losses\.py:\d+\); allowed is \(64,\), ",
        ),
        (
            "number",
            (),
            rf": {GIVEN}: returned float \(my_losses\.py:\d+\); allowed is \(64,\), the ",
        ),
        (
            "constant",
            (),
            rf": {GIVEN}: has a gradient of 0 in all scores \(my_losses\.py:\d+\), so ",
        ),
        (
            "Moving",
            (),
            rf": {GIVEN} again: returned other losses \(my_losses\.py:\d+\); allowed is ",
        ),
        *(
            (target, (), rf": {GIVEN} again: returned other losses \(my_losses\.py:\d+\); allowed ")
            for target in ("Kept", "Stepped", "drawn")
        ),
        ("undefined", (), rf": {GIVEN}: returned nan in row 0 \(my_losses\.py:\d+\); allowed are "),
        (
            "steep",
            (),
            rf": {GIVEN}: has a gradient of nan in row 0 \(my_losses\.py:\d+\); allowed ",
        ),
        (
            "even",
            (),
            r": given \(63, 10\) scores and \(63,\) labels: my_losses\.py:\d+: MXNetError",
        ),
        ("raises", (), rf": {GIVEN}: my_losses\.py:\d+: ArithmeticError: not like this$"),
        ("numpys", (), rf": {GIVEN}: my_losses\.py:\d+: TypeError: "),
        ("wrong", (), rf": {GIVEN}: .*my_losses\.py:\d+"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(target, given, expected):
    with pytest.raises(UserError, match=f"^{FIELD}{target}{expected}") as told:
        known(target, *given)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("+loss.gama=2",), "loss.gama=2: my_losses.Focal has no such argument (did you mean "),
        (("loss._target_=null",), "loss._target_=null: no loss; allowed is module.Class or "),
        (("loss._target_=Focal",), "loss._target_=Focal: names no module; allowed is module.Class"),
        (("loss.task=ranking",), "loss.task=ranking: allowed is classification or regression"),
        (
            ("loss.task=regression",),
            "loss.task=regression: is for numbers, and dataset=mnist_5k has classes; allowed is "
            "loss.task=classification",
        ),
        (
            ("dataset=csv", "dataset.train=a.csv", "dataset.task=regression"),
            "loss.task=classification: is for classes, and dataset.task=regression for numbers; "
            "allowed is loss.task=regression, or dataset.task=classification",
        ),
    ],
)
def test_what_is_wrong_with_a_field_is_told_in_a_line(given, expected):
    with pytest.raises(UserError, match=f"^{re.escape(expected)}"):
        known("Focal", *given)
