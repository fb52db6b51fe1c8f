import functools

import numpy as np
import pytest

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.compose import load
from sweep.networks.build import build_network, parameter_count

GREY_28 = (1, 28, 28)
ACTIVATIONS = ("tanh", "relu", "sigmoid")
LAYERS = {
    # 784·128+128 + 128·64+64 + 64·10+10 = 109,386
    "model=mlp": [(128, 784), (128,), (64, 128), (64,), (10, 64), (10,)],
    # 25·20+20 + 20·25·50+50 + 50·4·4·500+500 + 500·10+10 = 431,080; sides 28 → 24/2 → 8/2
    "model=lenet": [
        *((20, 1, 5, 5), (20,), (50, 20, 5, 5), (50,)),
        *((500, 800), (500,), (10, 500), (10,)),
    ],
    # 25·20+20 + 20·9·50+50 + 50·5·5·128+128 + 128·10+10 = 170,988; sides 28 → 24/2 → 10/2
    "experiment=fashion_lenet": [
        *((20, 1, 5, 5), (20,), (50, 20, 3, 3), (50,)),
        *((128, 1250), (128,), (10, 128), (10,)),
    ],
}


loaded = functools.cache(load)  # which composes the same again and again


def initial(model, seed, shape=GREY_28, classes=10):
    return build_network(model, shape, classes, seed=seed, context=mx.cpu())


def build(*overrides, seed=0):
    return initial(loaded(*overrides).model, seed)


def images(count):
    return nd.array(np.random.RandomState(1).rand(count, 1, 28, 28))


def values(net):
    return {key: each.data().asnumpy() for key, each in net.collect_params().items()}


def assert_same_bits(one, other):
    assert list(one) == list(other)
    for key, value in one.items():
        assert value.tobytes() == other[key].tobytes(), key


@pytest.mark.parametrize(
    ("override", "count"),
    [("model=mlp", 109_386), ("model=lenet", 431_080), ("experiment=fashion_lenet", 170_988)],
)
def test_layers_and_parameter_count(override, count):
    net = build(override)
    assert [each.shape for each in net.collect_params().values()] == LAYERS[override]
    assert parameter_count(net) == count


def test_an_mlp_without_hidden_layers_is_one_dense_layer():
    net = build("model=mlp", "model.hidden=[]")
    weight, bias = values(net).values()
    x = images(3)
    assert weight.shape == (10, 784)
    np.testing.assert_allclose(
        net(x).asnumpy(), x.asnumpy().reshape(3, 784) @ weight.T + bias, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_one_finite_score_a_class_for_every_activation(model, activation):
    scores = build(f"model={model}", f"model.activation={activation}")(images(7)).asnumpy()
    assert scores.shape == (7, 10)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 10  # depends on the image and on the class


def test_the_activation_is_the_one_asked_for():
    functions = {
        "tanh": np.tanh,
        "relu": lambda x: np.maximum(x, 0),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    }
    x = images(5)
    for activation, function in functions.items():
        net = build("model=mlp", "model.hidden=[16]", f"model.activation={activation}")
        weight, bias, weight_out, bias_out = (v.astype(np.float64) for v in values(net).values())
        hidden = function(x.asnumpy().reshape(5, 784) @ weight.T + bias)
        expected = hidden @ weight_out.T + bias_out
        np.testing.assert_allclose(net(x).asnumpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_parameter_file_has_the_keys_of_a_plain_lenet(tmp_path, monkeypatch):
    nn = gluon.nn
    plain = nn.HybridSequential()
    plain.add(nn.Conv2D(20, 5), nn.MaxPool2D(), nn.Activation("tanh"))
    plain.add(nn.Conv2D(50, 5), nn.MaxPool2D(), nn.Activation("tanh"))
    plain.add(nn.Dense(500, activation="tanh"), nn.Dense(10))
    nets, file = padded_builds(monkeypatch), str(tmp_path / "net.params")
    nets[16].save_parameters(file)
    plain.load_parameters(file)
    np.testing.assert_array_equal(plain(images(4)).asnumpy(), nets[1](images(4)).asnumpy())


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lenet_equals_the_usual_order_of_layers(activation, pooling, hybridize, monkeypatch):
    monkeypatch.setattr("sweep.networks.families.lenet.float_lanes", lambda: 1)
    net = build("model=lenet", f"model.activation={activation}", f"model.pooling={pooling}", seed=5)
    pool = {"max": gluon.nn.MaxPool2D, "avg": gluon.nn.AvgPool2D}[pooling]
    usual = gluon.nn.HybridSequential()
    usual.add(
        gluon.nn.Conv2D(20, 5, in_channels=1, activation=activation),
        pool(2, 2),
        gluon.nn.Conv2D(50, 5, in_channels=20, activation=activation),
        pool(2, 2),
        gluon.nn.Flatten(),
        gluon.nn.Dense(500, in_units=800, activation=activation),
        gluon.nn.Dense(10, in_units=500),
    )
    usual.initialize()
    own, reference = net.collect_params().values(), usual.collect_params().values()
    for source, target in zip(own, reference, strict=True):
        target.set_data(source.data())
    if hybridize:
        net.hybridize(static_alloc=True, static_shape=True)
    x = images(32)
    assert net(x).asnumpy().tobytes() == usual(x).asnumpy().tobytes()


def padded_builds(monkeypatch, *overrides):
    """Return the same LeNet, with random biases, unpadded and padded to 8 and to 16."""
    config, nets = loaded("model=lenet", *overrides).model, {}
    for lanes in (1, 8, 16):
        monkeypatch.setattr("sweep.networks.families.lenet.float_lanes", lambda lanes=lanes: lanes)
        nets[lanes] = initial(config, 5)
        random = np.random.RandomState(2)
        for key, each in nets[lanes].collect_params().items():
            if key.endswith("bias"):
                each.set_data(nd.array(random.uniform(-0.5, 0.5, each.shape)))
    return nets


def widths(net):
    """Return the number of channels after each convolution."""
    x, found = images(1), []
    for layer in net:
        if isinstance(layer, gluon.nn.Dense):
            return found
        x = layer(x)
        if isinstance(layer, gluon.nn.Conv2D):
            found.append(x.shape[1])


def scores_and_gradients(net, x):
    x = x.copy()
    x.attach_grad()
    with autograd.record():
        scores = net(x)
        loss = (scores * nd.array(np.random.RandomState(3).uniform(-1, 1, scores.shape))).sum()
    loss.backward()
    parameters = net.collect_params().items()
    found = {"scores": scores, "images": x.grad} | {key: each.grad() for key, each in parameters}
    return {key: each.asnumpy() for key, each in found.items()}


def assert_padding_changes_nothing(nets, hybridize):
    """Compare scores and gradients, which are about 0.03 to 4 in the mean.

    Other kernels add in another order: they differ by up to 3e-6. The images are few, so that
    hardly two values under one window are as near to each other, and the same one is the maximum.
    """
    x = images(4)
    expected = scores_and_gradients(nets[1], x)
    for lanes in (8, 16):
        if hybridize:
            nets[lanes].hybridize(static_alloc=True, static_shape=True)
        scores_and_gradients(nets[lanes], 1 - x)  # leaves nothing behind
        found = scores_and_gradients(nets[lanes], x)
        assert list(found) == list(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(found[key], value, rtol=1e-4, atol=1e-5, err_msg=key)


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_padding_changes_no_score_and_no_gradient(activation, pooling, hybridize, monkeypatch):
    options = (f"model.activation={activation}", f"model.pooling={pooling}")
    nets = padded_builds(monkeypatch, *options)
    padded = {1: [20, 50], 8: [24, 56], 16: [32, 64]}
    assert {lanes: widths(net) for lanes, net in nets.items()} == padded
    assert_padding_changes_nothing(nets, hybridize)


@pytest.mark.parametrize(
    ("channels", "kernels", "padded"),
    [
        ("[16,50]", "[5,5]", {1: [16, 50], 8: [16, 56], 16: [16, 64]}),
        ("[20,48]", "[5,5]", {1: [20, 48], 8: [24, 48], 16: [32, 48]}),
        ("[12,20,30]", "[5,3,3]", {1: [12, 20, 30], 8: [16, 24, 32], 16: [16, 32, 32]}),
        ("[20]", "[7]", {1: [20], 8: [24], 16: [32]}),
    ],
)
def test_padding_changes_nothing_of_other_sizes(channels, kernels, padded, monkeypatch):
    options = (f"model.channels={channels}", f"model.kernels={kernels}", "model.hidden=[30]")
    nets = padded_builds(monkeypatch, *options, "model.activation=sigmoid")
    assert {lanes: widths(net) for lanes, net in nets.items()} == padded
    assert_padding_changes_nothing(nets, hybridize=True)


def test_padding_changes_no_parameter_and_no_file(monkeypatch):
    nets = padded_builds(monkeypatch)
    for lanes, net in nets.items():
        assert [each.shape for each in net.collect_params().values()] == LAYERS["model=lenet"]
        assert_same_bits(values(nets[1]), values(net))
        net.save_parameters(f"{lanes}.params")
    kept = {lanes: nd.load(f"{lanes}.params") for lanes in nets}
    for tensors in kept.values():
        assert list(tensors) == list(kept[1])
        assert [each.shape for each in tensors.values()] == LAYERS["model=lenet"]
    for source, target in [(16, 1), (8, 1), (1, 16), (16, 8)]:
        for each in nets[target].collect_params().values():
            each.set_data(each.data() * 0)
        nets[target].load_parameters(f"{source}.params")
        assert_same_bits(values(nets[target]), values(nets[source]))


@pytest.mark.parametrize(
    ("channels", "kernels", "lanes", "padded"),
    [
        # (32·25·24² + 32·64·25·8²) / (20·25·24² + 20·50·25·8²) = 3,737,600 / 1,888,000 = 1.98
        ("[20,50]", "[5,5]", 16, (32, 64)),
        # 3,737,600 / (20·25·24² + 20·49·25·8²) = 3,737,600 / 1,856,000 = 2.01
        ("[20,49]", "[5,5]", 16, (20, 49)),
        ("[20,50]", "[5,5]", 8, (24, 56)),
        ("[20,50]", "[5,5]", 1, (20, 50)),
        ("[16,48]", "[5,5]", 16, (16, 48)),
        ("[17,48]", "[5,5]", 16, (32, 48)),
        # (16·25·24² + 16·16·25·8²) / (6·25·24² + 6·16·25·8²) = 640,000 / 240,000 = 2.67
        ("[6,16]", "[5,5]", 16, (6, 16)),
        ("[6,16]", "[5,5]", 8, (8, 16)),
        ("[8]", "[5]", 16, (16,)),  # twice
        ("[7]", "[5]", 16, (7,)),
    ],
)
def test_channels_are_padded_unless_that_doubles_the_work(channels, kernels, lanes, padded):
    options = (f"model.channels={channels}", f"model.kernels={kernels}")
    assert loaded("model=lenet", *options).model.padded_channels(GREY_28, lanes) == padded


@pytest.mark.parametrize(
    ("options", "channels", "count"),
    [
        # Sides 28 → 24/2 = 12 → 8: 20·5²·24² + 20·50·5²·8²
        ((), (20, 50), 288_000 + 1_600_000),
        ((), (32, 64), 460_800 + 3_276_800),
        # 28 → 24/3 = 8 → 6: 20·5²·24² + 20·50·3²·6²
        (("model.kernels=[5,3]", "model.pool_size=3", "model.pool_stride=3"), (20, 50), 612_000),
        # 28 → 22, (22 - 3) // 2 + 1 = 10 → 9: 2·7²·22² + 2·3·2²·9²
        (
            ("model.kernels=[7,2]", "model.pool_size=3", "model.pool_stride=2"),
            (2, 3),
            47_432 + 1_944,
        ),
    ],
)
def test_multiplications_of_the_convolutions(options, channels, count):
    model = loaded("model=lenet", *options).model
    assert model.convolution_multiplications(GREY_28, channels) == count


def test_sizes_of_the_feature_maps():
    assert loaded("model=lenet").model.sizes(GREY_28) == [(12, 12), (4, 4)]
    assert loaded("experiment=fashion_lenet").model.sizes(GREY_28) == [(12, 12), (5, 5)]
    fitting = loaded("model=lenet", "model.kernels=[5,12]", "model.pool_size=1").model
    assert fitting.sizes(GREY_28) == [(12, 12), (1, 1)]


def test_sizes_of_the_feature_maps_of_images_that_are_not_square():
    model = loaded("model=lenet", "model.kernels=[5,3]").model
    # 20 - 5 + 1 = 16 → 8, 8 - 3 + 1 = 6 → 3; 24 - 5 + 1 = 20 → 10, 10 - 3 + 1 = 8 → 4
    assert model.sizes((3, 20, 24)) == [(8, 10), (3, 4)]
    assert model.features((3, 20, 24)) == 50 * 3 * 4
    # 3·20·5²·16·20 + 20·50·3²·6·8; 600·500 + 500·4
    convolutions = 480_000 + 432_000
    assert model.convolution_multiplications((3, 20, 24), (20, 50)) == convolutions
    assert model.multiplications((3, 20, 24), 4) == convolutions + 302_000


def test_max_and_average_pooling_differ():
    x = images(4)
    maximum, average = (build("model=lenet", f"model.pooling={p}")(x) for p in ("max", "avg"))
    assert (maximum.asnumpy() != average.asnumpy()).all()


def test_pool_size_and_stride_are_used():
    # 28 - 5 + 1 = 24 → (24 - 3) // 3 + 1 = 8; 8 - 3 + 1 = 6 → (6 - 3) // 3 + 1 = 2
    net = build("model=lenet", "model.kernels=[5,3]", "model.pool_size=3", "model.pool_stride=3")
    assert net.collect_params()["lenet_dense0_weight"].shape == (500, 50 * 2 * 2)
    assert net(images(2)).asnumpy().shape == (2, 10)


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_output_activation_bounds_the_scores(model):
    initial = ("model.init=normal", "model.init_scale=0.5")
    x = images(20)
    plain = build(f"model={model}", *initial)(x).asnumpy()
    bounded = build(f"model={model}", *initial, "model.output_activation=tanh")(x).asnumpy()
    assert np.abs(plain).max() > 1
    assert np.abs(bounded).max() <= 1
    np.testing.assert_allclose(bounded, np.tanh(plain), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_initialisation_depends_on_the_seed_alone(model):
    first = build(f"model={model}", seed=4)
    kept = values(first)
    mx.random.seed(99)
    np.random.seed(99)
    build("model=lenet", seed=8)
    build("model=mlp", "model.hidden=[7]", seed=9)
    with autograd.record():
        first(images(3)).sum().backward()
    assert_same_bits(kept, values(build(f"model={model}", seed=4)))


def test_another_seed_gives_other_weights():
    one, other = values(build("model=mlp", seed=0)), values(build("model=mlp", seed=1))
    for key in one:
        if key.endswith("weight"):
            assert (one[key] != other[key]).mean() > 0.99, key


@pytest.mark.parametrize(("override", "magnitude"), [("null", 3), ("0.75", 0.75)])
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_xavier_is_uniform_up_to_its_bound(model, override, magnitude):
    for key, value in values(build(f"model={model}", f"model.init_scale={override}")).items():
        if key.endswith("bias"):
            assert not value.any(), key
            continue
        area = np.prod(value.shape[2:])
        bound = np.sqrt(magnitude / ((value.shape[0] + value.shape[1]) * area / 2))
        assert 0.98 * bound < np.abs(value).max() <= bound * (1 + 1e-6), key
        if value.size > 10_000:
            assert value.std() == pytest.approx(bound / np.sqrt(3), rel=0.03), key


@pytest.mark.parametrize(("override", "sigma"), [("null", 0.01), ("0.3", 0.3)])
def test_normal_has_its_standard_deviation(override, sigma):
    net = build("model=mlp", "model.init=normal", f"model.init_scale={override}")
    weight = net.collect_params()["mlp_dense0_weight"].data().asnumpy()
    assert weight.std() == pytest.approx(sigma, rel=0.02)
    assert abs(weight.mean()) < 0.02 * sigma
    assert np.abs(weight).max() > 3 * sigma  # not uniform
    assert not net.collect_params()["mlp_dense0_bias"].data().asnumpy().any()


def test_parameter_names_are_the_same_in_every_build():
    build("model=lenet")
    names = ["mlp_dense0_weight", "mlp_dense0_bias", "mlp_dense1_weight", "mlp_dense1_bias"]
    for _ in range(2):
        assert list(build("model=mlp", "model.hidden=[5]").collect_params()) == names
        assert list(build("model=lenet").collect_params())[::2] == [
            *("lenet_conv0_weight", "lenet_conv1_weight"),
            *("lenet_dense0_weight", "lenet_dense1_weight"),
        ]
