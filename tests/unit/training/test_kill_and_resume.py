"""Runs that die after every epoch and go on from their checkpoint, with all that can draw or count.

BatchNorm, dropout, augmentation, mixup, a schedule, clipping; trained parameters to start from, of
which some are frozen; and every optimiser, most at night: test_optimizers.py restores each of them.
What goes on is made anew, as in another process.
"""

import functools
from dataclasses import replace

import numpy as np
import pytest
from epochwise import TIMES, synthetic

from sweep.backend.mxnet import mx
from sweep.config.choices import OPTIMIZERS
from sweep.config.compose import load
from sweep.networks.blocks.eager import save_parameters
from sweep.networks.build import build_network
from sweep.networks.trained import PARAMETERS
from sweep.training.checkpoints import Checkpoints
from sweep.training.session import Training

EPOCHS = 3
LENET = ("model=lenet", "model.channels=[2,3]", "model.hidden=[4]", "model.batch_norm=true")
LENET += ("model.dropout=0.3",)
RESNET = ("model=resnet", "model.channels=[4,6]", "model.blocks=[1,1]", "model.dropout=0.3")
AUGMENTED = ("augment.flip=true", "augment.crop=2", "augment.rotate=20", "augment.mixup=0.4")
COMMON = (*AUGMENTED, "batch_size=16", f"epochs={EPOCHS}", "schedule=cosine", "optim.clip_norm=0.5")
OPTIONS = {"sgd": ("optim.momentum=0.9",)}
CASES = {name: (*LENET, f"optim={name}", *OPTIONS.get(name, ())) for name in OPTIMIZERS.names()}
AT_NIGHT = CASES.keys() - {"sgd", "adam"}
CASES["resnet"] = (*RESNET, "optim=adam")
CASES["started"] = (*LENET, "optim=nag", "freeze=['0.*','1.*']", "init_from=any", "init_digest=any")
loaded = functools.cache(load)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """What a run starts from."""
    file = tmp_path_factory.mktemp("source") / "net.params"
    model = loaded(*LENET).model
    net = build_network(model, (1, 28, 28), 10, seed=5, context=mx.cpu())
    save_parameters(net, str(file))
    return {PARAMETERS: file.read_bytes()}


def begin(case, files):
    config = replace(loaded(*CASES[case], *COMMON, "optim.wd=0.01"), context="cpu")
    return Training(config, synthetic(), mx.cpu(), files if config.init_from else {})


def all_of(training):
    """What a run measures, but times, and the parameters that it keeps, to the bit."""
    summary = training.conclude()
    measured = [
        {key: value for key, value in each.metrics.items() if key not in TIMES}
        for each in training.records
    ]
    arrays = [each.data().asnumpy().tobytes() for each in training.net.collect_params().values()]
    return measured, summary, arrays


@pytest.mark.parametrize(
    "case", [pytest.param(each, marks=[pytest.mark.nightly] * (each in AT_NIGHT)) for each in CASES]
)
def test_it_goes_on_to_the_same_bits(case, files, tmp_path):
    undisturbed = begin(case, files)
    assert len(list(undisturbed.epochs())) == EPOCHS
    expected = all_of(undisturbed)
    assert len({each["train/loss"] for each in expected[0]}) == EPOCHS
    for epoch in range(1, EPOCHS + 1):
        np.random.seed(epoch)
        mx.random.seed(epoch)
        checkpoints, training = Checkpoints(tmp_path, "fingerprint"), begin(case, files)
        if found := checkpoints.load(pytest.fail):
            training.resume(*found)
        snapshot = next(training.epochs())  # and then it dies
        assert snapshot.epoch == epoch
        checkpoints.save(snapshot)
    assert all_of(training) == expected
