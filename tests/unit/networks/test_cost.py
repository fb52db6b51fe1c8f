import functools

import pytest

from sweep.config.compose import load
from sweep.networks.cost import STEP, run_cost

TRAIN_SIZES = {"mnist_5k": 4_000, "mnist": 60_000}
loaded = functools.cache(load)


def cost(*overrides):
    config = loaded(*overrides)
    return run_cost(config, TRAIN_SIZES[config.dataset.name], (1, 28, 28), 10)


def test_the_multiplications_of_a_multilayer_perceptron():
    # 784·128 + 128·64 + 64·10 = 109,184 for each of 3,500 images, and 35 steps, 10 times
    assert cost() == 10 * (3_500 * 109_184 + 35 * STEP)
    # 784·10 alone; 60,000 images; 60,000/256 steps
    options = ("model.hidden=[]", "dataset=mnist", "dataset.val_size=0", "test_every_epoch=true")
    found = cost(*options, "epochs=3", "batch_size=256")
    assert found == pytest.approx(3 * (60_000 * 7_840 + 60_000 / 256 * STEP), rel=1e-12)


def test_the_multiplications_of_a_lenet():
    # 20·5²·24² + 20·50·5²·8² = 1,888,000; 50·4² = 800 into 800·500 + 500·10 = 405,000
    assert cost("model=lenet") == 10 * (3_500 * 2_293_000 + 35 * STEP)


def test_lenets_are_longer_than_multilayer_perceptrons():
    assert cost("model=lenet") > cost()
    assert cost("model=lenet", "batch_size=10") > cost("batch_size=10")


@pytest.mark.parametrize("model", ["mlp", "lenet"])
@pytest.mark.parametrize(
    "override", ["epochs=11", "dataset.val_size=499", "dataset=mnist", "batch_size=99"]
)
def test_what_makes_a_run_longer(model, override):
    assert cost(f"model={model}", override) > cost(f"model={model}")


@pytest.mark.parametrize("override", ["optim.lr=0.5", "seed=3", "n_jobs=2", "context=cpu"])
def test_what_does_not(override):
    assert cost(override) == cost()


def test_larger_images_and_more_classes_cost_more():
    for model in ("mlp", "lenet"):
        config = loaded(f"model={model}")
        costs = [run_cost(config, 4_000, *each) for each in (((1, 28, 28), 10), ((3, 28, 28), 10))]
        costs += [run_cost(config, 4_000, *each) for each in (((3, 32, 32), 10), ((3, 32, 32), 99))]
        assert costs == sorted(set(costs))
    # 3·20·24·128 + 128·64 + 64·4 for each of 3,500 images
    expected = 10 * (3_500 * (184_320 + 8_192 + 256) + 35 * STEP)
    assert run_cost(loaded(), 4_000, (3, 20, 24), 4) == expected
