import numpy as np
import pytest

from sweep.backend import autograd, gluon, mx, nd
from sweep.config import load
from sweep.models import build_model, parameter_count

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


def build(*overrides, seed=0):
    return build_model(load(*overrides).model, seed, mx.cpu())


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


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("pooling", ["max", "avg"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lenet_equals_the_usual_order_of_layers(activation, pooling, hybridize):
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


def test_max_and_average_pooling_differ():
    x = images(4)
    maximum, average = (build("model=lenet", f"model.pooling={p}")(x) for p in ("max", "avg"))
    assert (maximum.asnumpy() != average.asnumpy()).all()


def test_pool_size_and_stride_are_used():
    # 28 - 5 + 1 = 24 → (24 - 3) // 3 + 1 = 8; 8 - 3 + 1 = 6 → (6 - 3) // 3 + 1 = 2
    net = build("model=lenet", "model.kernels=[5,3]", "model.pool_size=3", "model.pool_stride=3")
    assert net.collect_params()["lenet_dense0_weight"].shape == (500, 50 * 2 * 2)
    assert net(images(2)).shape == (2, 10)


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
