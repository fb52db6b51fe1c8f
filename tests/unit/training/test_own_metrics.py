"""Metrics of a user's own: tried, measured, recorded."""

import math
import re
import sys
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from epochwise import TIMES, synthetic
from sklearn.metrics import fbeta_score

from sweep import own_modules
from sweep.backend.mxnet import mx
from sweep.config.compose import load
from sweep.config.fingerprint import fingerprint
from sweep.config.recorded import from_yaml, to_yaml
from sweep.errors import Diverged, UserError
from sweep.networks.blocks import planned  # noqa: F401 - as below
from sweep.networks.families import custom, linear  # noqa: F401 - as below
from sweep.runs.own_networks import Request, completed, tried
from sweep.runs.reproduce import recorded_source
from sweep.tracking import RunRecord
from sweep.training import (
    own_loss_trial,  # noqa: F401 - the fixture keeps what is imported here
    own_metric_trial,  # noqa: F401 - as above
)
from sweep.training.session import Training

METRICS = """import random

import numpy as np

import parts

calls = 0


def f2(labels, scores):
    assert labels.dtype == np.int64 and scores.dtype == np.float32
    found = []
    for each in range(scores.shape[1]):
        is_there, answered = labels == each, scores.argmax(axis=1) == each
        both = parts.BETA**2 * is_there.sum() + answered.sum()
        found.append((1 + parts.BETA**2) * (is_there & answered).sum() / both if both else 0.0)
    labels[:] = 0
    return np.mean(found)


def share(labels, scores):
    return np.array((scores.argmax(axis=1) == labels).mean())


def largest(labels, scores):
    return scores.max()


def distance(labels, scores):
    return float(abs(labels - scores).mean())


def unknown(labels, scores):
    return float("nan")


def infinite(labels, scores):
    return float("inf")


def infinite_later(labels, scores):
    return float("inf") if labels.tolist() != [*range(10)] * 2 else 1


def fails_later(labels, scores):
    if labels.tolist() != [*range(10)] * 2:
        raise ArithmeticError("too many")
    return 1


def a_text_later(labels, scores):
    return "many" if labels.tolist() != [*range(10)] * 2 else 1


def one(labels):
    return 1.0


def three(labels, scores, more):
    return 1.0


def nothing(labels, scores):
    pass


def each(labels, scores):
    return scores[:, 0]


def raises(labels, scores):
    raise ArithmeticError("not like\\nthis")


def drawn(labels, scores):
    return random.random()


def counted(labels, scores):
    global calls
    calls += 1
    return calls


number = 3
"""
FIELD = r"^metrics=\[my_metrics\."
GIVEN = r": given \(20,\) labels and \(20, 10\) scores"


@pytest.fixture(autouse=True)
def _own_python(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(own_modules, "_entered", [])
    (tmp_path / "my_metrics.py").write_text(METRICS)
    (tmp_path / "parts.py").write_text("BETA = 2\n")
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        if not name.startswith("sweep."):  # to import ours again for each test takes long
            del sys.modules[name]


def config(metrics, *given):
    named = ",".join(each if "@" not in each else f"my_metrics.{each}" for each in metrics)
    usual = ("epochs=2", "batch_size=64", "monitor=val/loss", f"metrics=[{named}]")
    return replace(load(*usual, *given), context="cpu")


def known(metrics, *given):
    """The configuration as it trains."""
    found = tried(Request.of(before := config(metrics, *given), synthetic()))
    assert found.note == ""
    return completed(before, found)


def training(metrics, *given):
    return Training(known(metrics, *given), synthetic(), mx.cpu())


def measured(snapshots):
    return [
        {key: value for key, value in each.records[-1].metrics.items() if key not in TIMES}
        for each in snapshots
    ]


def test_it_is_measured_of_whole_splits_and_not_of_what_is_trained_on():
    run = training(["f2@max", "accuracy", "share@max"])
    records = measured(run.epochs())
    end = run.conclude()
    assert "train/f2" not in records[0]
    for values, split in (*((each, "val") for each in records), (end, "test")):
        assert values[f"{split}/share"] == pytest.approx(values[f"{split}/accuracy"], abs=1e-7)
    data = synthetic().test
    labels, scores = data.labels[data.index], run.predict_test()
    truth = fbeta_score(
        labels, scores.argmax(axis=1), beta=2, average=None, labels=range(10), zero_division=0
    )
    assert end["test/f2"] == pytest.approx(truth.mean(), abs=1e-12)
    assert end["val_at_best/f2"] == records[run.chosen.epoch - 1]["val/f2"]


def test_it_changes_nothing_else_of_a_run():
    own, usual = (
        measured(training(each).epochs()) for each in (["f2@max", "accuracy"], ["accuracy"])
    )
    assert [{key: each[key] for key in usual[0]} for each in own] == usual


@pytest.mark.parametrize(("direction", "choose"), [("max", max), ("min", min)])
def test_it_chooses_the_epoch_that_is_kept(direction, choose):
    run = training([f"largest@{direction}"], "monitor=val/largest", "epochs=4")
    values = [each["val/largest"] for each in measured(run.epochs())]
    assert len({*values}) == 4
    assert run.chosen.metrics["val/largest"] == choose(values)


def test_it_goes_on_to_the_same_bits():
    given = (["f2@max", "accuracy"], "monitor=val/f2", "optim.momentum=0.5", "augment.mixup=0.5")
    whole = training(*given)
    expected = measured(whole.epochs())
    begun = [*islice(training(*given).epochs(), 1)]
    resumed = training(*given)
    resumed.resume(begun[-1], begun[begun[-1].best_epoch - 1])
    assert measured(resumed.epochs()) == expected[1:]
    assert resumed.conclude() == whole.conclude()


def test_it_may_be_unknown_but_not_infinite():
    run = training(["unknown@max"], "monitor=val/unknown")
    assert all(math.isnan(each["val/unknown"]) for each in measured(run.epochs()))
    assert run.chosen.epoch == 1  # none is better
    with pytest.raises(Diverged, match=r"^diverged at epoch 1: val/infinite_later is inf$"):
        measured(training(["infinite_later@max"]).epochs())


def test_what_it_raises_later_is_what_the_run_fails_with():
    with pytest.raises(ArithmeticError, match=r"^too many$"):
        measured(training(["fails_later@max"]).epochs())
    expected = (
        r"^my_metrics\.a_text_later returned str \(my_metrics\.py:\d+\); allowed is a number, or "
    )
    with pytest.raises(TypeError, match=expected):
        measured(training(["a_text_later@max"]).epochs())


def test_numbers_to_predict_are_given_as_they_are():
    given = ("loss=l2", "dataset=csv", "dataset.train=a.csv", "dataset.label=y", "model=linear")
    given += ("dataset.val_size=10", "dataset.test_size=10", "batch_size=20")
    numbers = np.random.RandomState(0).normal(size=(60, 4))
    np.savetxt("a.csv", numbers, delimiter=",", header="a,b,c,y", comments="")
    from sweep.data.splits import load_dataset

    before = config(["mae", "distance@min"], *given)
    dataset = load_dataset(before.dataset)
    found = completed(before, tried(Request.of(before, dataset)))
    for each in measured(Training(found, dataset, mx.cpu()).epochs()):
        assert each["val/distance"] == pytest.approx(each["val/mae"], rel=1e-5)


def test_its_modules_are_part_of_the_run(tmp_path):
    before = known(["f2@max"])
    copies = before.metrics_folder
    assert {*own_modules.contents(tmp_path / copies)} == {"my_metrics.py", "parts.py"}
    (tmp_path / "parts.py").write_text("BETA = 2  # still\n")
    assert fingerprint(known(["f2@max"]), "d") != fingerprint(before, "d")
    (tmp_path / "my_metrics.py").write_text("raise RuntimeError('of today')\n")
    files = own_modules.contents(tmp_path / copies)
    record = RunRecord("0", "run", "FINISHED", {}, {}, to_yaml(before), {}, None, files)
    with recorded_source(record, from_yaml(to_yaml(before))) as recorded:
        again = Training(replace(recorded, context="cpu"), synthetic(), mx.cpu())
        expected = measured(Training(before, synthetic(), mx.cpu()).epochs())
        assert measured(again.epochs()) == expected


def test_a_network_a_loss_and_metrics_have_their_modules_together(tmp_path):
    (tmp_path / "my_nets.py").write_text(
        "from mxnet.gluon import nn\nimport parts\ndef net(classes): return nn.Dense(classes)\n"
    )
    (tmp_path / "my_losses.py").write_text(
        "def own(scores, labels): return -scores.log_softmax(axis=1).pick(labels, axis=1)\n"
    )
    given = ("model=custom", "model._target_=my_nets.net")
    given += ("loss=custom", "loss._target_=my_losses.own")
    every = known(["f2@max"], *given)
    assert str(every.model.source) == str(every.loss.source) == every.metrics_folder
    assert every.model._source_ == every.loss._source_ == every.metrics_source
    found = {*own_modules.contents(every.model.source)}
    assert found == {"my_nets.py", "my_losses.py", "my_metrics.py", "parts.py"}
    assert len(measured(Training(every, synthetic(), mx.cpu()).epochs())) == 2


def test_modules_that_were_edited_are_not_measured_by(tmp_path):
    edited = known(["f2@max"])
    (tmp_path / edited.metrics_folder / "parts.py").write_text("BETA = 1\n")
    with pytest.raises(UserError, match=rf"^metrics_source={edited.metrics_source}: .* any more; "):
        Training(edited, synthetic(), mx.cpu())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f3", r" \(did you mean f2\?\): .*my_metrics\.py has no f3; allowed is module\.function@"),
        ("number", r": is of type int, no class or function; allowed is module\.function@max, "),
        ("one", r": takes labels \(my_metrics\.py:\d+\); allowed is a function of the labels and "),
        (
            "three",
            r": takes labels, scores, more \(my_metrics\.py:\d+\); allowed is a function of ",
        ),
        (
            "nothing",
            rf"{GIVEN}: my_metrics\.nothing returned NoneType \(my_metrics\.py:\d+\); allowed is ",
        ),
        (
            "each",
            rf"{GIVEN}: my_metrics\.each returned ndarray \(20,\) \(my_metrics\.py:\d+\); allowed ",
        ),
        ("raises", rf"{GIVEN}: my_metrics\.py:\d+: ArithmeticError: not like this$"),
        ("infinite", rf"{GIVEN}: returned inf; allowed is a finite number, or NaN$"),
        ("drawn", rf"{GIVEN} again: returned [\d.]+, and [\d.]+ before; allowed is a function "),
        ("counted", rf"{GIVEN} again: returned 2\.0, and 1\.0 before; allowed is a function that "),
    ],
)
def test_what_is_wrong_is_told_in_a_line(name, expected):
    with pytest.raises(UserError, match=rf"{FIELD}{name}@max\]{expected}") as told:
        known([f"{name}@max"])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("module", "hint"), [("none", ""), ("my_metric", "my_metrics")])
def test_a_module_that_is_not_there(module, hint, tmp_path):
    meant = rf" \(did you mean {hint}\?\)" if hint else ""
    expected = (
        rf"^metrics=\[{module}\.f2@max\]{meant}: cannot be imported: ModuleNotFoundError: No "
        rf"module named '{module}'; looked for in {tmp_path} and among what is installed; allowed "
    )
    with pytest.raises(UserError, match=expected):
        tried(Request.of(load(f"metrics=[{module}.f2@max]", "monitor=val/loss"), synthetic()))


def test_it_needs_no_example_of_its_own_for_many_classes():
    own = config(["share@max"])
    request = replace(Request.of(own, synthetic()), outputs=100)
    assert re.fullmatch("[0-9a-f]{16}", tried(request).metrics.digest)
