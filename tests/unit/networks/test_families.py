"""The books' networks by value: sizes, costs, images that fit, first weights, what they compute."""

import functools
import re

import numpy as np
import pytest
from counted import multiplications

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import NETWORKS
from sweep.config.compose import CONF, load
from sweep.errors import UserError
from sweep.networks.blocks.planned import ChannelMeans
from sweep.networks.build import architecture, build_network, parameter_count
from sweep.networks.families.zoo import FACTS
from sweep.networks.plan import least_side
from sweep.networks.summary import layers

loaded = functools.cache(load)  # which composes the same again and again
FILES = sorted(each.stem for each in (CONF / "model").glob("*.yaml"))
PLANNED = [name for name in FILES if name not in ("custom", "lenet", "mlp", "symbol", "zoo")]
SMALL = {  # cheap ones, by their model
    "linear": (),
    "alexnet": ("model.channels=[4,6,8]", "model.kernels=[5,3,3]", "model.hidden=[8]"),
    "vgg": ("model.channels=[4,6]", "model.blocks=[1,2]", "model.hidden=[8]"),
    "nin": ("model.channels=[4,6]", "model.kernels=[5,3]"),
    "googlenet": ("model.width=0.05", "model.blocks=[1,1,1]"),
    "resnet": ("model.channels=[4,6]", "model.blocks=[1,1]"),
    "resnet20": ("model.channels=[4,6]", "model.blocks=[1,2]"),
    "densenet": ("model.stem_channels=4", "model.growth=3", "model.blocks=[2,1]"),
    "zoo": (),
}
BOOK = {  # the sizes of Dive into Deep Learning
    "alexnet": "model.channels=[96,256,384,384,256] model.kernels=[11,5,3,3,3] model.stride=4 "
    "model.padding=0 model.hidden=[4096,4096]",
    "vgg": "model.channels=[64,128,256,512,512] model.blocks=[1,1,2,2,2] model.hidden=[4096,4096] "
    "model.batch_norm=false",
    "nin": "model.channels=[96,256,384] model.kernels=[11,5,3] model.stride=4 model.padding=0 "
    "model.batch_norm=false",
    "googlenet": "model.stem=large model.width=1.0 model.batch_norm=false",
    "resnet": "model.stem=large model.channels=[64,128,256,512]",
    "densenet": "model.stem=large model.stem_channels=64 model.growth=32 model.blocks=[4,4,4,4]",
}


def small(name):
    return loaded(f"model={name}", *SMALL[name]).model


def book(name):
    return loaded(f"model={name}", *BOOK[name].split()).model


def initial(model, seed=0, shape=(1, 16, 16), classes=10):
    return build_network(model, shape, classes, seed=seed, context=mx.cpu())


def images(count, shape=(1, 16, 16), seed=1):
    return nd.array(np.random.RandomState(seed).rand(count, *shape))


def values(net):
    return {key: each.data().asnumpy() for key, each in net.collect_params().items()}


def dense(inputs, *units):
    """Count the weights and biases of dense layers."""
    return sum(a * b + b for a, b in zip((inputs, *units), units, strict=False))


def inception_weights(before, a, b, c, d):
    """Count weights and biases of an Inception block, and return them with its channels."""
    paths = a * (before + 1) + b[0] * (before + 1) + b[1] * (9 * b[0] + 1)
    paths += c[0] * (before + 1) + c[1] * (25 * c[0] + 1) + d * (before + 1)
    return paths, a + b[1] + c[1] + d


def googlenet_weights():
    blocks = [(64, (96, 128), (16, 32), 32), (128, (128, 192), (32, 96), 64)]
    blocks += [(192, (96, 208), (16, 48), 64), (160, (112, 224), (24, 64), 64)]
    blocks += [(128, (128, 256), (24, 64), 64), (112, (144, 288), (32, 64), 64)]
    blocks += [(256, (160, 320), (32, 128), 128)] * 2 + [(384, (192, 384), (48, 128), 128)]
    total, channels = 64 * (49 + 1) + 64 * (64 + 1) + 192 * (9 * 64 + 1), 192
    for each in blocks:
        count, channels = inception_weights(channels, *each)
        total += count
    assert channels == 1024
    return total + dense(1024, 10)


def densenet_weights():
    total, channels = 64 * 49 + 2 * 64, 64  # convolutions before a normalisation have no bias
    for stage in range(4):
        for _ in range(4):
            total += 2 * channels + 32 * (9 * channels + 1)
            channels += 32
        if stage < 3:
            total += 2 * channels + channels // 2 * (channels + 1)
            channels //= 2
    return total + 2 * channels + dense(channels, 10)


@pytest.mark.parametrize(
    ("name", "shape", "classes", "count"),
    [
        # 54 → 26 → 12 → 5, so the dense layers are given 256·5² values
        (
            "alexnet",
            (1, 224, 224),
            10,
            96 * (121 + 1)
            + 256 * (25 * 96 + 1)
            + 384 * (9 * 256 + 1)
            + 384 * (9 * 384 + 1)
            + 256 * (9 * 384 + 1)
            + dense(6400, 4096, 4096, 10),
        ),
        ("vgg", (3, 224, 224), 1000, 132_863_336),  # as torchvision.models.vgg11 says
        (
            "nin",
            (1, 224, 224),
            10,
            sum(
                c * (k**2 * b + 1) + 2 * c * (c + 1)
                for b, c, k in ((1, 96, 11), (96, 256, 5), (256, 384, 3), (384, 10, 3))
            ),
        ),
        ("googlenet", (1, 96, 96), 10, googlenet_weights()),
        # torchvision.models.resnet18 has 11,689,512; its three shortcuts of 1×1 are normalised (2
        # values a channel), those of the book have a bias (1)
        ("resnet", (3, 224, 224), 1000, 11_689_512 - (128 + 256 + 512)),
        ("densenet", (1, 96, 96), 10, densenet_weights()),
    ],
)
def test_the_books_sizes(name, shape, classes, count):
    model = book(name)
    model.check(shape)
    assert parameter_count(model.build(shape, classes)) == count


@pytest.mark.parametrize(("n", "millions"), [(3, 0.27), (5, 0.46), (7, 0.66), (9, 0.85)])
def test_residual_networks_for_cifar_have_the_papers_parameters(n, millions):
    """K. He et al. (2015), table 6: 6n + 2 layers; shortcuts have no parameters."""
    model = loaded("model=resnet20", f"model.blocks=[{n},{n},{n}]").model
    convolutions = 16 * 27 + 2 * n * 9 * 16**2
    convolutions += 9 * 16 * 32 + (2 * n - 1) * 9 * 32**2
    convolutions += 9 * 32 * 64 + (2 * n - 1) * 9 * 64**2
    normalizations = 2 * (16 + 2 * n * (16 + 32 + 64))
    count = convolutions + normalizations + 64 * 10 + 10
    assert parameter_count(model.build((3, 32, 32), 10)) == count
    assert count / 1e6 == pytest.approx(millions, abs=0.006)
    assert model.label == f"resnet{6 * n + 2}"


def test_the_multiplications_of_resnet_20():
    n, first, last = 3, 27 * 16 * 32**2, 640
    stages = 2 * n * 9 * 16**2 * 32**2
    stages += (9 * 16 * 32 + (2 * n - 1) * 9 * 32**2) * 16**2
    stages += (9 * 32 * 64 + (2 * n - 1) * 9 * 64**2) * 8**2
    model = loaded("model=resnet20").model
    assert model.multiplications((3, 32, 32), 10) == first + stages + last == 40_551_040


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (2, 40, 24)])
@pytest.mark.parametrize("name", PLANNED)
def test_multiplications_are_those_of_the_graph(name, shape):
    model = loaded(f"model={name}").model
    counted = multiplications(architecture(model, shape, 7), shape)
    assert model.multiplications(shape, 7) == counted


@pytest.mark.parametrize("name", BOOK)
def test_multiplications_of_the_books_sizes_are_those_of_the_graph(name):
    shape = (1, 224, 224)
    counted = multiplications(architecture(book(name), shape, 10), shape)
    assert book(name).multiplications(shape, 10) == counted


@pytest.mark.parametrize("net", ["resnet18_v1", "mobilenet1.0", "squeezenet1.1", "alexnet"])
def test_multiplications_in_the_zoo_are_roughly_those_of_the_graph(net):
    model = loaded("model=zoo", f"model.net={net}").model
    for shape in ((3, 256, 256), (3, 320, 240)):
        counted = multiplications(architecture(model, shape, 10), shape)
        assert 0.6 < model.multiplications(shape, 10) / counted < 1.5


def test_the_zoo_has_all_networks_of_gluon():
    with pytest.raises(ValueError) as raised:
        gluon.model_zoo.vision.get_model("?")
    assert sorted(FACTS) == sorted(str(raised.value).split()[-len(FACTS) :])


@pytest.mark.parametrize("name", PLANNED)
def test_the_least_image_is_taken_and_a_smaller_one_is_not(name):
    model = loaded(f"model={name}").model
    side = least_side(model.plan(10))
    assert side <= 28
    model.check((1, side, side))
    net = initial(model, shape=(1, side, side))
    assert net(images(2, (1, side, side))).asnumpy().shape == (2, 10)
    for smaller in ((1, side - 1, side), (1, side, side - 1)) if side > 1 else ():
        with pytest.raises(UserError, match=f"allowed are images of {side}×{side} or more"):
            model.check(smaller)


@pytest.mark.parametrize(
    ("overrides", "shape", "message"),
    [
        (
            ("model=vgg",),
            (1, 15, 20),
            "model.name=vgg: nothing is left of the 15×20 image; allowed are images of 16×16 or "
            "more, or fewer of model.channels and model.blocks",
        ),
        (
            ("model=alexnet", "model.kernels=[11,5,3,3,3]", "model.stride=4", "model.padding=0"),
            (1, 28, 28),
            "model.name=alexnet: nothing is left of the 28×28 image; allowed are images of 67×67 "
            "or more, or smaller model.kernels or model.stride",
        ),
        (
            ("model=densenet", "model.blocks=[1,1,1,1,1,1]"),
            (3, 28, 28),
            "model.name=densenet: nothing is left of the 28×28 image; allowed are images of 32×32 "
            "or more, or fewer model.blocks, or model.stem=small",
        ),
        (
            ("model=nin", "model.channels=[8,8,8,8]", "model.kernels=[5,5,3,3]"),
            (3, 28, 28),
            "model.name=nin: nothing is left of the 28×28 image; allowed are images of 31×31 or "
            "more, or smaller model.kernels or model.stride",
        ),
        (
            ("model=vgg", "model.blocks=[1,2]"),
            (1, 28, 28),
            "model.blocks=[1, 2]: there must be one for each of model.channels=[16, 32, 64, 128], "
            "and at least one",
        ),
        (
            ("model=resnet", "model.channels=[]", "model.blocks=[]"),
            (1, 28, 28),
            "model.blocks=[]: there must be one for each of model.channels=[], and at least one",
        ),
        (
            ("model=nin", "model.kernels=[5]"),
            (1, 28, 28),
            "model.kernels=[5]: there must be one for each of model.channels=[32, 64, 96], and at "
            "least one",
        ),
        (
            ("model=alexnet", "model.channels=[8,8]", "model.kernels=[5,5]"),
            (1, 28, 28),
            "model.channels=[8, 8]: too few convolutions; allowed are 3 or more, as in "
            "[32,64,96,96,64]",
        ),
        (
            ("model=resnet20", "model.channels=[16,32,8]"),
            (3, 32, 32),
            "model.channels=[16, 32, 8]: model.shortcut=padding only adds channels; allowed are "
            "numbers that never fall, or model.shortcut=projection",
        ),
        (
            ("model=densenet", "model.blocks=[]"),
            (1, 28, 28),
            "model.blocks=[]: allowed is one number or more, as in [4,4,4]",
        ),
        (
            ("model=googlenet", "model.blocks=[2,6,2]"),
            (1, 28, 28),
            "model.blocks=[2, 6, 2]: allowed is one number for each of the 3 stages, at most "
            "[2, 5, 2]",
        ),
        (
            ("model=googlenet", "model.blocks=[2,5]"),
            (1, 28, 28),
            "model.blocks=[2, 5]: allowed is one number for each of the 3 stages, at most "
            "[2, 5, 2]",
        ),
        (
            ("model=zoo", "model.net=vgg11"),
            (3, 28, 32),
            "model.net=vgg11: nothing is left of the 28×32 image; allowed are images of 32×32 or "
            "more, or for these images mobilenet0.25, mobilenet0.5, mobilenet0.75, mobilenet1.0, "
            "mobilenetv2_0.25, mobilenetv2_0.5, mobilenetv2_0.75, mobilenetv2_1.0, resnet101_v1, "
            "resnet101_v2, resnet152_v1, resnet152_v2, resnet18_v1, resnet18_v2, resnet34_v1, "
            "resnet34_v2, resnet50_v1 or resnet50_v2",
        ),
    ],
)
def test_what_does_not_fit_gets_a_line(overrides, shape, message):
    with pytest.raises(UserError) as raised:
        loaded(*overrides).model.check(shape)
    assert str(raised.value) == message


def test_an_unknown_network_of_the_zoo_gets_the_nearest():
    model = loaded("model=zoo", "model.net=mobilnet0.25").model
    for ask in (model.check, lambda shape: model.multiplications(shape, 10)):
        with pytest.raises(UserError) as raised:
            ask((3, 32, 32))
        text = str(raised.value)
        start = (
            "model.net=mobilnet0.25 (did you mean mobilenet0.25?): allowed is alexnet, densenet121"
        )
        assert text.startswith(start)
        assert text.endswith("vgg19 or vgg19_bn")


@pytest.mark.parametrize(
    ("given", "field"),
    [(("model=vgg16",), "model"), (("model=zoo", "model.name=vgg16"), "model.name")],
)
def test_a_network_that_is_in_the_zoo_is_told_to_be_there(given, field):
    reason = "is in Gluon's model zoo; allowed instead is model=zoo model.net=vgg16"
    with pytest.raises(UserError, match=f"^{re.escape(f'{field}=vgg16: {reason}')}$"):
        load(*given)


@pytest.mark.parametrize("net", ["mobilenet0.25", "resnet18_v1", "vgg11", "alexnet"])
def test_the_least_sides_of_the_zoo_are_those_of_its_graphs(net, capfd):
    side = FACTS[net].least_side
    symbol = architecture(loaded("model=zoo", f"model.net={net}").model, (3, 1, 1), 10)
    assert symbol.infer_shape(data=(1, 3, side, side))[1] == [(1, 10)]
    if side > 1:
        with pytest.raises(mx.base.MXNetError):
            symbol.infer_shape(data=(1, 3, side - 1, side - 1))


@pytest.mark.parametrize("net", [net for net, facts in FACTS.items() if facts.most_side])
def test_the_greatest_sides_of_the_zoo_are_those_of_its_graphs(net):
    side, model = FACTS[net].most_side, loaded("model=zoo", f"model.net={net}").model
    model.check((3, side, side))
    symbol = architecture(model, (3, side, side), 10)
    assert symbol.infer_shape(data=(1, 3, side, side))[1] == [(1, 10)]
    assert symbol.infer_shape(data=(1, 3, side, side + 1))[1] == [(1, 20)]
    with pytest.raises(UserError) as error:
        model.check((3, side, side + 1))
    assert str(error.value) == (
        f"model.net={net}: has several answers for each class of a {side}×{side + 1} image; "
        f"allowed are images of {side}×{side} or less"
    )


@pytest.mark.parametrize("name", SMALL)
def test_one_finite_score_a_class_that_depends_on_the_image(name):
    for shape, classes in (((1, 16, 16), 10), ((3, 20, 24), 4)):
        net = initial(small(name), shape=shape, classes=classes)
        x = images(5, shape)
        with autograd.train_mode():  # so that what follows a normalisation is of usual size
            scores = net(x).asnumpy()
        assert scores.shape == (5, classes)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        assert len(np.unique(scores.round(6), axis=0)) == 5


@pytest.mark.parametrize("name", SMALL)
def test_first_weights_depend_on_the_seed_alone(name):
    model = small(name)
    kept = values(initial(model, seed=4))
    mx.random.seed(99)
    np.random.seed(99)
    initial(small("resnet"), seed=8)
    again = values(initial(model, seed=4))
    assert list(again) == list(kept)
    for key, value in kept.items():
        assert value.tobytes() == again[key].tobytes(), key
    others = values(initial(model, seed=5))
    weights = [key for key in kept if key.endswith("weight")]
    assert weights
    assert all((kept[key] != others[key]).mean() > 0.99 for key in weights)


def test_he_is_normal_by_the_values_that_a_unit_is_given():
    net = initial(loaded("model=resnet20").model, shape=(3, 32, 32))
    weight = values(net)["resnet_residual8_conv1_weight"]
    assert weight.shape == (64, 64, 3, 3)
    assert weight.std() == pytest.approx(np.sqrt(2 / (64 * 9)), rel=0.02)
    assert np.abs(weight).max() > 3 * weight.std()  # not uniform


def test_parameter_names_are_the_same_in_every_build():
    for name in SMALL:
        once, again = (list(initial(small(name)).collect_params()) for _ in range(2))
        assert once == again
    assert list(initial(small("vgg")).collect_params())[:5] == [
        *("vgg_conv0_weight", "vgg_batchnorm0_gamma", "vgg_batchnorm0_beta"),
        *("vgg_batchnorm0_running_mean", "vgg_batchnorm0_running_var"),
    ]
    assert list(initial(small("zoo")).collect_params())[0] == "mobilenet0_conv0_weight"


def test_a_vgg_equals_the_usual_order_of_layers():
    nn = gluon.nn
    net = initial(loaded("model=vgg", *SMALL["vgg"], "model.dropout=0.0").model)
    usual = nn.HybridSequential()
    for channels, before, pools in ((4, 1, True), (6, 4, False), (6, 6, True)):
        usual.add(nn.Conv2D(channels, 3, padding=1, in_channels=before, use_bias=False))
        usual.add(nn.BatchNorm(in_channels=channels), nn.Activation("relu"))
        usual.add(*[nn.MaxPool2D(2, 2)] * pools)
    usual.add(nn.Dense(8, activation="relu", in_units=96), nn.Dense(10, in_units=8))
    usual.initialize()
    own = net.collect_params().values()
    for source, target in zip(own, usual.collect_params().values(), strict=True):
        target.set_data(source.data())
    x = images(8)
    for mode in (autograd.train_mode, autograd.predict_mode):
        with mode():
            np.testing.assert_allclose(net(x).asnumpy(), usual(x).asnumpy(), rtol=1e-4, atol=1e-6)


def test_a_shortcut_of_zeros_is_the_image_itself():
    model = loaded("model=resnet20", "model.channels=[2,5]", "model.blocks=[1,1]").model
    net = initial(model, shape=(1, 5, 7))
    residual = net[5]
    assert residual.name == "resnet_residual1"
    x = images(3, (2, 5, 7))
    for each in residual.body.collect_params(".*weight").values():
        each.set_data(each.data() * 0)
    found = residual(x).asnumpy()
    assert found.shape == (3, 5, 3, 4)
    np.testing.assert_array_equal(found[:, :2], x.asnumpy()[:, :, ::2, ::2])
    assert not found[:, 2:].any()


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("growth", [12, 16])
def test_joined_channels_are_taken_apart_again_whatever_their_number(growth, hybridize):
    """MXNet's own concatenation fails backwards for some numbers, as 40 and 12."""
    model = loaded("model=densenet", f"model.growth={growth}", "model.blocks=[4,4]").model
    net = initial(model, shape=(1, 8, 8))
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    x = images(4, (1, 8, 8))
    x.attach_grad()
    with autograd.record():
        scores = net(x).square().sum()
    scores.backward()
    assert np.isfinite(x.grad.asnumpy()).all() and x.grad.asnumpy().any()


def test_joined_channels_stand_in_the_order_of_their_paths():
    model = loaded("model=googlenet", "model.width=0.05", "model.batch_norm=false").model
    net = initial(model, shape=(1, 6, 6))
    inception = next(each for each in net if each.name.startswith("googlenet_joined"))
    x = images(2, (10, 3, 3))
    parts = [path(x).asnumpy() for path in inception._children.values()]
    assert [each.shape[1] for each in parts] == [3, 6, 2, 2]  # 64, 128, 32 and 32 times 0.05
    np.testing.assert_array_equal(inception(x).asnumpy(), np.concatenate(parts, axis=1))


def test_running_means_are_no_trained_values():
    model = small("vgg")
    table = layers(architecture(model, (1, 16, 16), 10), (1, 16, 16))
    assert sum(each.parameters for each in table) == parameter_count(initial(model))
    assert [each.parameters for each in table if "BatchNorm" in each.kind] == [8, 12, 12]


@pytest.mark.parametrize("name", ["alexnet", "vgg", "nin", "googlenet", "resnet", "densenet"])
def test_dropout_and_normalisation_are_there_if_they_are_asked_for(name):
    for rate in (0.0, 0.25):
        for normalized in (True, False):
            options = (f"model.dropout={rate}", f"model.batch_norm={str(normalized).lower()}")
            model = loaded(f"model={name}", *SMALL[name], *options).model
            kinds = {
                each.kind for each in layers(architecture(model, (1, 16, 16), 10), (1, 16, 16))
            }
            assert ("Dropout" in kinds, "BatchNorm" in kinds) == (bool(rate), normalized)


def test_every_network_has_a_file():
    assert set(NETWORKS.names()) <= set(FILES)


# --- the means of channels ---


def test_means_of_channels_and_their_gradients_by_the_formula():
    net, x = ChannelMeans(), images(3, (2, 5, 4))
    x.attach_grad()
    with autograd.record():
        means = net(x)
    means.backward(nd.arange(6).reshape((3, 2, 1, 1)))
    expected = x.asnumpy().astype(np.float64).mean(axis=(2, 3), keepdims=True)
    np.testing.assert_allclose(means.asnumpy(), expected, rtol=1e-6)
    each = np.arange(6).reshape(3, 2, 1, 1) / 20
    np.testing.assert_allclose(x.grad.asnumpy(), np.broadcast_to(each, x.shape), rtol=1e-6)


@pytest.mark.parametrize("name", ["densenet", "googlenet", "nin", "resnet20"])
def test_both_ways_to_compute_the_means_train_the_same_but_for_low_bits(name):
    found = []
    for way in ("reduce", "pooling"):
        model = loaded(f"model={name}", *SMALL[name], f"model.global_mean={way}").model
        net = initial(model)
        with autograd.record():
            scores = net(images(4))
        scores.backward()
        gradients = [
            each.grad() for each in net.collect_params().values() if each.grad_req != "null"
        ]
        found.append([each.asnumpy() for each in (scores, *gradients)])
    for reduced, pooled in zip(*found, strict=True):
        np.testing.assert_allclose(reduced, pooled, rtol=1e-4, atol=1e-5 * abs(pooled).max())
