"""``dataset.normalize``: trained, kept with the model, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
from photographs import of_photographs

from sweep.backend.mxnet import gluon, mx, nd
from sweep.carried import serving
from sweep.carried.serving import Interface
from sweep.config.compose import load
from sweep.data.scaling import Scaling, scaling
from sweep.data.splits import load_dataset
from sweep.errors import UserError
from sweep.networks.blocks.scaled import scaled
from sweep.training.session import Training

SMALL = ("epochs=2", "batch_size=40", "optim.lr=0.05", "context=cpu")
NETWORKS = {
    "mlp": ("model=mlp", "model.hidden=[6]"),
    "lenet": ("model=lenet", "model.channels=[3,5]", "model.hidden=[7]"),
}
WAYS = [None, "unit", "standard"]


def trained(normalize, network="mlp", kept_as="uint8"):
    """Return a run that is over, its dataset, and what it measured."""
    config = of_photographs(load(*SMALL, *NETWORKS[network]), normalize=normalize, kept_as=kept_as)
    dataset = load_dataset(config.dataset)
    training = Training(config, dataset, mx.cpu())
    for _ in training.epochs():
        pass
    return training, dataset, training.conclude()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("normalize", WAYS)
def test_the_model_does_what_was_trained(normalize, network, tmp_path):
    training, dataset, summary = trained(normalize, network)
    serving.save(training.model, Interface("p", dataset.shape, dataset.class_names), tmp_path)
    model, bytes_ = serving.load(tmp_path / "data"), dataset.test.images
    answers = model.predict(bytes_)
    assert (answers["class"] == dataset.test.labels).mean() == summary["test/accuracy"]
    assert answers.equals(model.predict(bytes_ / np.float32(255)))
    found = answers[["probability_0", "probability_1"]].to_numpy()
    np.testing.assert_allclose(found, training.answer(dataset.test), rtol=1e-4, atol=1e-6)

    # By hand: the bare network is given what dataset.normalize says.
    pixels = bytes_.astype(np.float64)
    seen = dataset.train.images[dataset.train.index].astype(np.float64)
    mean, deviation = (
        getattr(seen, each)(axis=(0, 2, 3), keepdims=True) for each in ("mean", "std")
    )
    given = {None: pixels, "unit": pixels / 255, "standard": (pixels - mean) / deviation}
    scores = training.net(nd.array(given[normalize].astype(np.float32)))
    np.testing.assert_allclose(found, nd.softmax(scores).asnumpy(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("normalize", WAYS)
def test_bytes_and_their_floats_train_to_the_same_bits(normalize):
    found = []
    for kept_as in ("uint8", "float32"):
        training, _, summary = trained(normalize, kept_as=kept_as)
        parameters = [each.data().asnumpy() for each in training.net.collect_params().values()]
        found.append((summary, [each.tobytes() for each in parameters]))
    (one, bits), (other, same_bits) = found
    if normalize == "standard":  # of floats, each rounded: the mean differs in its last digits
        assert one == pytest.approx(other, rel=1e-3)
    else:
        assert (one, bits) == (other, same_bits)


def test_the_parameters_that_are_kept_are_those_of_the_network_alone(tmp_path):
    training, _, _ = trained("standard")
    training.net.save_parameters(str(tmp_path / "net.params"))
    bare, _, _ = trained("unit")
    bare.net.save_parameters(str(tmp_path / "bare.params"))
    names = [set(nd.load(str(tmp_path / f"{each}.params"))) for each in ("net", "bare")]
    assert names == [{"0.weight", "0.bias", "1.weight", "1.bias"}] * 2
    assert bare.model is bare.net


def test_ways_to_normalize_train_differently():
    losses = {trained(normalize)[2]["test/loss"] for normalize in WAYS}
    assert len(losses) == 3


def test_a_standard_run_goes_on_with_the_same_bits():
    whole, dataset, summary = trained("standard")
    part = Training(whole.config, dataset, mx.cpu())
    snapshot = next(part.epochs())
    later = Training(whole.config, dataset, mx.cpu())
    later.resume(snapshot, snapshot)
    for _ in later.epochs():
        pass
    assert later.conclude() == summary


def test_features_are_given_and_served_as_numbers(tmp_path):
    random = np.random.RandomState(0)
    labels = np.arange(200) % 2
    features = random.normal(labels[:, None] * 3, 1, (200, 5)).astype(np.float32)
    features[:, 1] *= 1_000
    dataset = load_dataset(of_photographs(load()).dataset)
    images = features[:, None, None]
    splits = {
        name: replace(
            getattr(dataset, name), images=images, labels=labels, index=np.arange(*rows, dtype="i4")
        )
        for name, rows in {"train": (0, 120), "val": (120, 160), "test": (160, 200)}.items()
    }
    dataset = replace(dataset, **splits)
    config = of_photographs(load(*SMALL, *NETWORKS["mlp"], "epochs=9"), normalize="standard")
    training = Training(config, dataset, mx.cpu())
    for _ in training.epochs():
        pass
    assert training.conclude()["test/accuracy"] > 0.9
    interface = Interface("p", dataset.shape, dataset.class_names, values="numbers")
    serving.save(training.model, interface, tmp_path)
    model = serving.load(tmp_path / "data")
    assert model.interface == interface
    for given in (features[160:], images[160:], features[160:].astype(float).tolist()):
        assert (model.predict(given)["class"] == labels[160:]).mean() > 0.9
    assert scaling("standard", dataset.train).mean.shape == (1, 1, 1, 5)
    with pytest.raises(ValueError) as raised:
        model.predict(np.full((1, 5), np.inf))
    assert str(raised.value) == (
        "images with values from inf to inf: allowed are finite numbers, as float32 has them"
    )


def test_a_network_that_scales_its_images_itself_is_not_given_scaled_ones():
    class Scales(gluon.HybridBlock):
        def __init__(self):
            super().__init__(prefix="")
            self.mean = self.params.get_constant("scaled_mean", nd.array([0.5]))

    given = Scaling(np.zeros((1, 1, 1, 1), np.float32), np.ones((1, 1, 1, 1), np.float32))
    with pytest.raises(UserError) as refusal:
        scaled(Scales(), given, mx.cpu())
    assert str(refusal.value) == (
        "dataset.normalize: the network scales its images itself, as its file says (scaled_mean); "
        "allowed is dataset.normalize=unit"
    )
