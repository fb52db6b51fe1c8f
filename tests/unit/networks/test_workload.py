import pytest
from sweep.networks.workload import STEP, workload

from sweep.config.compose import load


def test_the_multiplications_of_a_multilayer_perceptron():
    # 784·128 + 128·64 + 64·10 = 109,184 for each of 3,500 images, and 35 steps, 10 times
    assert workload(load()) == 10 * (3_500 * 109_184 + 35 * STEP)
    # 784·10 alone; 60,000 images; 60,000/256 steps
    options = ("model.hidden=[]", "dataset=mnist", "dataset.val_size=0", "test_every_epoch=true")
    config = load(*options, "epochs=3", "batch_size=256")
    assert workload(config) == pytest.approx(3 * (60_000 * 7_840 + 60_000 / 256 * STEP), rel=1e-12)


def test_the_multiplications_of_a_lenet():
    # 20·5²·24² + 20·50·5²·8² = 1,888,000; 50·4² = 800 into 800·500 + 500·10 = 405,000
    assert workload(load("model=lenet")) == 10 * (3_500 * 2_293_000 + 35 * STEP)


def test_lenets_are_longer_than_multilayer_perceptrons():
    assert workload(load("model=lenet")) > workload(load())
    assert workload(load("model=lenet", "batch_size=10")) > workload(load("batch_size=10"))


@pytest.mark.parametrize("model", ["mlp", "lenet"])
@pytest.mark.parametrize(
    "override", ["epochs=11", "dataset.val_size=499", "dataset=mnist", "batch_size=99"]
)
def test_what_makes_a_run_longer(model, override):
    assert workload(load(f"model={model}", override)) > workload(load(f"model={model}"))


@pytest.mark.parametrize("override", ["optim.lr=0.5", "seed=3", "n_jobs=2", "context=cpu"])
def test_what_does_not(override):
    assert workload(load(override)) == workload(load())
