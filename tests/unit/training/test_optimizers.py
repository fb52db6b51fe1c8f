"""Each optimiser equals its formula, repeats its bits, and goes on where it was interrupted."""

import io
from dataclasses import replace

import numpy as np
import pytest
from epochwise import Training, assert_equal_bits, synthetic

from sweep.backend.mxnet import autograd, gluon, mx, nd
from sweep.config.choices import OPTIMIZERS
from sweep.training.clipping import ClippingTrainer, global_norm
from sweep.training.loop import build_trainer
from sweep.training.optimizers.adagrad import AdaGrad
from sweep.training.optimizers.adam import Adam
from sweep.training.optimizers.adamw import AdamW
from sweep.training.optimizers.lamb import LAMB
from sweep.training.optimizers.nag import NAG
from sweep.training.optimizers.rmsprop import RMSProp
from sweep.training.optimizers.sgd import SGD
from sweep.training.optimizers.signum import Signum
from sweep.training.rates import set_rate
from sweep.training.state import restore, state

CHOICES = {  # with settings in which every term of the formula counts
    "sgd": SGD("sgd", 0.05, 0.1, 0.9),
    "sgd, no momentum": SGD("sgd", 0.05, 0.1, 0.0),
    "nag": NAG("nag", 0.05, 0.1, 0.9),
    "nag, no momentum": NAG("nag", 0.05, 0.1, 0.0),
    "adam": Adam("adam", 0.01, 0.1, 0.8, 0.95, 1e-3),
    "adamw": AdamW("adamw", 0.01, 0.5, 0.8, 0.95, 1e-3),
    "rmsprop": RMSProp("rmsprop", 0.01, 0.1, 0.8, 1e-3),
    "adagrad": AdaGrad("adagrad", 0.05, 0.5, 1e-3),
    "signum": Signum("signum", 0.01, 0.3, 0.8),
    "signum, no momentum": Signum("signum", 0.01, 0.3, 0.0),
    "lamb": LAMB("lamb", 0.01, 0.1, 0.8, 0.95, 1e-3),
}
SHAPES = {  # two weights, one of them large; a bias; BatchNorm's scale
    "weight": (5, 7),
    "bias": (5,),
    "large_weight": (90, 101),
    "gamma": (1,),
}
RATES = (1.0, 1.0, 0.5, 0.7, 0.1)  # of each step, by what its rate is multiplied
BATCHES = (1, 4, 2, 9, 3)  # images of each step


# --- the formulas: NumPy, float64 ---


def of_sgd(c, p, g, wd, lr, t, kept):
    kept["m"] = c.momentum * kept.get("m", 0) - lr * (g + wd * p)
    return p + kept["m"]


def of_nag(c, p, g, wd, lr, t, kept):
    """Sutskever et al. 2013, in the form that is taken at the point ahead."""
    g = g + wd * p
    kept["m"] = c.momentum * kept.get("m", 0) - lr * g
    return p + c.momentum * kept["m"] - lr * g


def moments(c, g, kept):
    kept["m"] = c.beta1 * kept.get("m", 0) + (1 - c.beta1) * g
    kept["v"] = c.beta2 * kept.get("v", 0) + (1 - c.beta2) * g**2
    return kept["m"], kept["v"]


def of_adam(c, p, g, wd, lr, t, kept):
    """Kingma, Ba 2015, with the order of computation from the end of its section 2."""
    m, v = moments(c, g + wd * p, kept)
    return p - lr * np.sqrt(1 - c.beta2**t) / (1 - c.beta1**t) * m / (np.sqrt(v) + c.epsilon)


def unbiased(c, g, t, kept):
    m, v = moments(c, g, kept)
    return (m / (1 - c.beta1**t)) / (np.sqrt(v / (1 - c.beta2**t)) + c.epsilon)


def of_adamw(c, p, g, wd, lr, t, kept):
    """Loshchilov, Hutter 2019, algorithm 2, with λ = lr · wd / α."""
    return p - lr * (unbiased(c, g, t, kept) + wd * p)


def of_lamb(c, p, g, wd, lr, t, kept):
    """You et al. 2020, algorithm 2, with φ(z) = z."""
    update = unbiased(c, g, t, kept) + wd * p
    return p - lr * np.linalg.norm(p) / np.linalg.norm(update) * update


def of_rmsprop(c, p, g, wd, lr, t, kept):
    g = g + wd * p
    kept["n"] = c.gamma1 * kept.get("n", 0) + (1 - c.gamma1) * g**2
    return p - lr * g / np.sqrt(kept["n"] + c.epsilon)


def of_adagrad(c, p, g, wd, lr, t, kept):
    kept["h"] = kept.get("h", 0) + g**2
    return p - lr * (g / np.sqrt(kept["h"] + c.epsilon) + wd * p)


def of_signum(c, p, g, wd, lr, t, kept):
    kept["m"] = c.momentum * kept.get("m", 0) + (1 - c.momentum) * (g + wd * p)
    return p - lr * np.sign(kept["m"])


FORMULAS = {
    name: globals()[f"of_{name}"] for name in OPTIMIZERS.names() if f"of_{name}" in globals()
}


def formula(choice, parameters, steps):
    """Return the parameters after each step, float64, by name."""
    found, kept = [], {name: {} for name in parameters}
    parameters = {name: value.astype(np.float64) for name, value in parameters.items()}
    for t, (batch, rate, grads) in enumerate(steps, 1):
        means = {name: value.astype(np.float64) / batch for name, value in grads.items()}
        norm = np.sqrt(sum((each**2).sum() for each in means.values()))
        factor = min(1, choice.clip_norm / norm) if choice.clip_norm else 1
        parameters = {
            name: FORMULAS[choice.name](
                choice,
                value,
                factor * means[name],
                choice.wd if choice.wd_on == "all" or "weight" in name else 0,
                rate * choice.lr,
                t,
                kept[name],
            )
            for name, value in parameters.items()
        }
        found.append(parameters)
    return found


# --- the optimisers ---


class Stepped:
    """Parameters of some shapes, and their trainer."""

    def __init__(self, choice, seed=0):
        random = np.random.RandomState(seed)
        self.block = gluon.Block()
        self.parameters = {
            name: self.block.params.get(name, shape=shape) for name, shape in SHAPES.items()
        }
        self.block._reg_params.update(self.parameters)
        self.block.initialize()
        for each in self.parameters.values():
            each.set_data(nd.array(random.uniform(-1, 1, each.shape)))
        self.trainer, self.lr = build_trainer(self.block, choice), choice.lr

    def values(self):
        return {name: each.data().asnumpy() for name, each in self.parameters.items()}

    def step(self, batch, rate, grads):
        """Make a step whose gradients are these, summed over a batch; return the parameters."""
        with autograd.record():
            loss = [
                (each.data() * nd.array(grads[name])).sum()
                for name, each in self.parameters.items()
            ]
        autograd.backward(loss)
        set_rate(self.trainer, rate * self.lr)
        self.trainer.step(batch)
        return self.values()


def steps_of(seed, scale=3.0):
    random = np.random.RandomState(seed)
    return [
        (batch, rate, {n: random.uniform(-scale, scale, s).astype("f4") for n, s in SHAPES.items()})
        for batch, rate in zip(BATCHES, RATES, strict=True)
    ]


STEPS = steps_of(1)
VARIANTS = {
    "as it is": {},
    "no decay": {"wd": 0.0},
    "decay on weights": {"wd_on": "weights"},
    "clipped": {"clip_norm": 20.0},  # some steps are, others are not
    "clipped, decay on weights": {"clip_norm": 20.0, "wd_on": "weights"},
}


def test_every_optimiser_is_compared():
    assert {each.name for each in CHOICES.values()} == {*FORMULAS}
    assert {*FORMULAS} >= {"sgd", "nag", "adam", "adamw", "rmsprop", "adagrad", "signum", "lamb"}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CHOICES)
def test_it_equals_its_formula(name, variant):
    choice = replace(CHOICES[name], **VARIANTS[variant])
    stepped = Stepped(choice)
    expected = formula(choice, stepped.values(), STEPS)
    for step, truth in zip(STEPS, expected, strict=True):
        found = stepped.step(*step)
        for key, value in truth.items():
            np.testing.assert_allclose(found[key], value, rtol=2e-5, atol=4e-6, err_msg=key)


def test_gradients_of_both_kinds_were_clipped():
    norms = [
        np.sqrt(sum((each.astype(float) ** 2).sum() for each in grads.values())) / batch
        for batch, _, grads in STEPS
    ]
    assert min(norms) < 20 < max(norms)


@pytest.mark.parametrize("name", CHOICES)
def test_it_repeats_to_the_bit(name):
    """Also where arrays begin elsewhere in memory."""
    choice, found, others = replace(CHOICES[name], clip_norm=20.0), set(), []
    for number in range(4):
        others.append(nd.ones((1000 * number + 7,)))
        stepped = Stepped(choice)
        last = [stepped.step(*step) for step in STEPS][-1]
        found.add(b"".join(each.tobytes() for each in last.values()))
    assert len(found) == 1


@pytest.mark.parametrize("name", CHOICES)
def test_single_steps_go_on_with_the_same_bits(name):
    choice = replace(CHOICES[name], clip_norm=20.0, wd_on="weights")

    def bits(values):
        return [each.tobytes() for each in values.values()]

    whole, first = Stepped(choice), Stepped(choice)
    expected = [bits(whole.step(*step)) for step in STEPS]
    for stop, step in enumerate(STEPS[:-1], 1):
        first.step(*step)
        second = Stepped(choice, seed=9)
        second.step(*STEPS[4])  # so that it has a state of its own
        restore(second.block, second.trainer, through_a_file(state(first.block, first.trainer)))
        assert [bits(second.step(*step)) for step in STEPS[stop:]] == expected[stop:]


def through_a_file(arrays):
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("name", CHOICES)
def test_a_restored_training_goes_on_with_the_same_bits(name):
    def fresh():
        choice = replace(CHOICES[name], clip_norm=0.5, lr=0.01)
        return Training(synthetic(), "model.hidden=[12]", "batch_size=16", optimizer=choice)

    whole = fresh().epochs(1, 3)
    assert len({metrics["train/loss"] for _, metrics, _ in whole}) == 3
    first, second = fresh(), fresh()
    trained = first.epochs(1, 2)
    second.epochs(7, 7)
    restore(second.net, second.trainer, through_a_file(state(first.net, first.trainer)))
    assert_equal_bits(whole, trained + second.epochs(3, 3))


# --- MXNet's own, where ours is faster ---


@pytest.mark.parametrize(
    ("name", "stock"),
    [
        (
            "lamb",
            lambda c: mx.optimizer.LAMB(c.lr, c.beta1, c.beta2, epsilon=c.epsilon, wd=c.wd),
        ),
        (
            "adagrad",
            lambda c: mx.optimizer.AdaGrad(learning_rate=c.lr, wd=c.wd, eps=c.epsilon),
        ),
    ],
)
def test_it_equals_the_slower_one_of_mxnet(name, stock):
    choice = CHOICES[name]
    ours, theirs = Stepped(choice), Stepped(choice)
    theirs.trainer = gluon.Trainer([*theirs.parameters.values()], stock(choice), kvstore=None)
    for step in STEPS:
        for own, other in zip(ours.step(*step).values(), theirs.step(*step).values(), strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-6)


def test_lamb_does_not_scale_the_first_step_of_what_begins_at_zero():
    choice = replace(CHOICES["lamb"], wd=0.0, epsilon=1e-9)
    stepped = Stepped(choice)
    stepped.parameters["bias"].set_data(nd.zeros((5,)))
    batch, rate, grads = STEPS[0]
    after = stepped.step(batch, rate, grads)
    np.testing.assert_allclose(after["bias"], -choice.lr * np.sign(grads["bias"]), rtol=1e-5)


# --- what decays ---


@pytest.mark.parametrize(
    ("wd_on", "decaying"), [("all", [*SHAPES]), ("weights", ["weight", "large_weight"])]
)
def test_what_decays(wd_on, decaying):
    stepped = Stepped(SGD("sgd", 0.5, 0.5, 0.0, wd_on=wd_on))
    before = stepped.values()
    after = stepped.step(1, 1.0, {name: np.zeros(shape, "f4") for name, shape in SHAPES.items()})
    for name, value in before.items():
        assert (after[name] == value * (0.75 if name in decaying else 1)).all(), name


def test_a_decay_that_the_networks_author_chose_is_kept():
    stepped = Stepped(SGD("sgd", 0.5, 0.5, 0.0, wd_on="weights"))
    stepped.parameters["weight"].wd_mult = 0.5
    before = stepped.values()
    after = stepped.step(1, 1.0, {name: np.zeros(shape, "f4") for name, shape in SHAPES.items()})
    assert (after["weight"] == before["weight"] * np.float32(0.875)).all()


# --- clipping ---


@pytest.mark.parametrize("factor", [0.0, 0.999, 1.001, 50.0])
def test_only_gradients_beyond_the_limit_are_clipped(factor):
    """The limit is on the mean over the batch, whatever its size."""
    sums = {name: np.full(shape, 4.0, "f4") for name, shape in SHAPES.items()}
    sums = {name: np.float32(factor) * value for name, value in sums.items()}
    norm = np.sqrt(sum(each.size for each in sums.values()))  # of the mean of 4, with factor 1
    plain, clipped = (Stepped(SGD("sgd", 0.5, 0.0, 0.0, clip_norm=c)) for c in (None, float(norm)))
    assert isinstance(clipped.trainer, ClippingTrainer)
    assert not isinstance(plain.trainer, ClippingTrainer)
    before = plain.values()
    one, other = plain.step(4, 1.0, sums), clipped.step(4, 1.0, sums)
    for name in SHAPES:
        if factor < 1:
            assert one[name].tobytes() == other[name].tobytes()
        else:
            np.testing.assert_allclose(before[name] - other[name], 0.5, rtol=1e-5)


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_stays_so(name, bad):
    """So that the run fails because it has diverged, and not in the middle of an update."""
    stepped = Stepped(replace(CHOICES[name], clip_norm=1.0))
    grads = {key: value.copy() for key, value in STEPS[0][2].items()}
    grads["weight"][0, 0] = bad
    after = stepped.step(2, 1.0, grads)
    assert np.isfinite(after["gamma"]).all()
    if name.startswith(("sgd", "nag", "adam")):
        assert not np.isfinite(after["weight"][0, 0])


def test_the_norm_is_of_all_values_together():
    random = np.random.RandomState(3)
    arrays = [random.uniform(-9, 9, shape).astype("f4") for shape in [(3,), (200, 300), (1, 1, 4)]]
    truth = np.sqrt(sum((each.astype(np.float64) ** 2).sum() for each in arrays))
    assert global_norm([nd.array(each) for each in arrays]) == pytest.approx(truth, rel=1e-6)
    assert global_norm([nd.array([3.0]), nd.array([[4.0]])]) == 5
    assert global_norm([nd.array([3e30]), nd.array([[4e30]])]) == pytest.approx(5e30, rel=1e-6)
    assert global_norm([nd.array([1.0, np.inf])]) == np.inf
    assert np.isnan(global_norm([nd.array([1.0, np.nan])]))
