"""Schedules: their factors by value, how they are trained with, and what is recorded of them."""

import functools
import math
from dataclasses import replace

import pytest
from epochwise import TIMES, synthetic

from sweep.backend.mxnet import mx
from sweep.config.choices import OPTIMIZERS, SCHEDULES
from sweep.config.compose import load
from sweep.training.checkpoints import Checkpoints
from sweep.training.schedules.constant import Constant
from sweep.training.schedules.cosine import Cosine
from sweep.training.schedules.multistep import MultiStep
from sweep.training.schedules.one_cycle import OneCycle
from sweep.training.schedules.poly import Poly
from sweep.training.schedules.step import Step
from sweep.training.session import Training
from sweep.training.state import state

EPOCHS, BATCHES = 10, 4
SCHEDULES_BY_NAME = {
    "constant": Constant("constant"),
    "step": Step("step", 3, 0.1),
    "multistep": MultiStep("multistep", (4, 6), 0.5),
    "cosine": Cosine("cosine", 0.2),
    "poly": Poly("poly", 2.0, 0.0),
    "one_cycle": OneCycle("one_cycle", 0.25, 0.04, 0.01),
}


def factors(schedule, epochs=EPOCHS, batches=BATCHES):
    """Return the factor of every batch of a run."""
    return [
        schedule.factor(epoch, batch, batches, epochs)
        for epoch in range(1, epochs + 1)
        for batch in range(batches)
    ]


def test_every_schedule_and_optimiser_is_there():
    assert sorted(SCHEDULES_BY_NAME) == SCHEDULES.names()
    assert sorted(TRAINED) == OPTIMIZERS.names()


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("constant", {(1, 0): 1, (10, 3): 1}),
        ("step", {(1, 0): 1, (3, 3): 1, (4, 0): 0.1, (6, 3): 0.1, (7, 0): 0.01, (10, 3): 0.001}),
        (
            "multistep",
            {(1, 0): 1, (4, 3): 1, (5, 0): 0.5, (6, 3): 0.5, (7, 0): 0.25, (10, 3): 0.25},
        ),
        (
            "cosine",
            {
                (1, 0): 1,
                (6, 0): 0.6,  # in the middle, half way from 1 to 0.2
                (3, 2): 0.2 + 0.8 * (1 + math.sqrt(0.5)) / 2,  # a quarter is over
                (10, 3): 0.2 + 0.8 * (1 + math.cos(math.pi * 39 / 40)) / 2,
            },
        ),
        ("poly", {(1, 0): 1, (6, 0): 0.25, (3, 2): 0.75**2, (10, 3): (1 / 40) ** 2}),
        (
            "one_cycle",
            {
                (1, 0): 0.04,
                (2, 1): 0.52,  # half of the way up, from 0.04 to 1
                (3, 2): 1,  # a quarter of the run is over
                (7, 1): 0.505,  # half of the way down to 0.01
                (10, 3): 0.01 + 0.99 * (1 + math.cos(math.pi * 29 / 30)) / 2,
            },
        ),
    ],
)
def test_factors(name, points):
    schedule = SCHEDULES_BY_NAME[name]
    for (epoch, batch), truth in points.items():
        found = schedule.factor(epoch, batch, BATCHES, EPOCHS)
        assert found == pytest.approx(truth, rel=1e-12), (epoch, batch)


@pytest.mark.parametrize("name", SCHEDULES_BY_NAME)
@pytest.mark.parametrize("warmup", [0.0, 0.3, 2.0, 9.9])
@pytest.mark.parametrize("batches", [1, 4])
def test_factors_are_above_zero_and_at_most_one(name, warmup, batches):
    schedule = replace(SCHEDULES_BY_NAME[name], warmup_epochs=warmup)
    assert all(0 < each <= 1 for each in factors(schedule, batches=batches))


@pytest.mark.parametrize("name", SCHEDULES_BY_NAME)
def test_a_warmup_rises_in_equal_steps_to_the_schedules_first_factor(name):
    plain = SCHEDULES_BY_NAME[name]
    found = factors(replace(plain, warmup_epochs=2.0))
    first = plain.factor(1, 0, BATCHES, EPOCHS)
    assert found[:8] == pytest.approx([first * n / 8 for n in range(1, 9)], rel=1e-12)
    assert found[8] == pytest.approx(first, rel=1e-12)


def test_after_a_warmup_the_schedule_takes_what_is_left():
    found = factors(Cosine("cosine", 0.0, warmup_epochs=2.0))
    assert found[8:] == pytest.approx(factors(Cosine("cosine", 0.0), epochs=8), rel=1e-12)
    found = factors(Poly("poly", 1.0, 0.0, warmup_epochs=5.0))
    assert found[20:] == pytest.approx([n / 20 for n in range(20, 0, -1)], rel=1e-12)


def test_epochs_after_which_a_rate_falls_are_counted_from_the_beginning():
    plain = SCHEDULES_BY_NAME["multistep"]
    warmed = replace(plain, warmup_epochs=1.5)
    assert factors(warmed)[6:] == factors(plain)[6:]


def test_a_warmup_that_ends_within_a_batch():
    found = factors(Constant("constant", warmup_epochs=0.3), batches=4)  # 1.2 batches
    assert found[:3] == pytest.approx([1 / 1.2, 1, 1])


@pytest.mark.parametrize("warmup", [0.0, 2.0])
@pytest.mark.parametrize("name", SCHEDULES_BY_NAME)
def test_they_depend_on_the_number_of_epochs_where_they_say_so(name, warmup):
    """Where they do not, a longer run goes on from a shorter one: their trajectory is the same."""
    schedule = replace(SCHEDULES_BY_NAME[name], warmup_epochs=warmup)
    same = factors(schedule) == factors(schedule, epochs=EPOCHS + 5)[: EPOCHS * BATCHES]
    assert same == ("epochs" not in schedule.reads)


@pytest.mark.parametrize("name", SCHEDULES_BY_NAME)
def test_only_a_constant_rate_does_not_vary(name):
    schedule = SCHEDULES_BY_NAME[name]
    assert schedule.varies == (len(set(factors(schedule))) > 1)
    assert replace(schedule, warmup_epochs=0.5).varies


# --- training with them ---

SMALL = ("model.hidden=[6]", "batch_size=16", "epochs=4", "context=cpu")
TRAINED = {  # every schedule and every optimiser
    "sgd": ("schedule=step", "schedule.every=1", "optim.momentum=0.9", "optim.wd=0.01"),
    "nag": ("schedule=multistep", "schedule.milestones=[2,3]", "optim.wd=0.01"),
    "adam": ("schedule=constant", "schedule.warmup_epochs=2.5", "optim.wd=0.01"),
    "adamw": ("schedule=cosine", "optim.clip_norm=0.5", "optim.wd_on=weights"),
    "rmsprop": ("schedule=poly", "schedule.warmup_epochs=1"),
    "adagrad": ("schedule=one_cycle", "optim.wd=0.01", "optim.clip_norm=0.1"),
    "signum": ("schedule=cosine", "schedule.final=0.5"),
    "lamb": ("schedule=one_cycle", "schedule.peak=0.5"),
}


_loaded = functools.cache(load)  # composing takes a while


def prepared(name):
    config = _loaded(f"optim={name}", *TRAINED[name], *SMALL)
    return Training(config, synthetic(), mx.cpu())


def noted(training):
    """Note the rate of every step that a training makes."""
    rates, step = [], training._trainer.step

    def noting(batch_size, **options):
        rates.append(training._trainer.learning_rate)
        step(batch_size, **options)

    training._trainer.step = noting
    return rates


def measured(record):
    return {key: value for key, value in record.metrics.items() if key not in TIMES}


@pytest.mark.parametrize("name", TRAINED)
def test_every_step_has_its_rate_and_every_epoch_records_the_last(name):
    training = prepared(name)
    rates = noted(training)
    records = [snapshot.records[-1] for snapshot in training.epochs()]
    config = training.config
    expected = [each * config.optim.lr for each in factors(config.schedule, epochs=4, batches=4)]
    assert rates == expected  # 53 images are 4 steps of 16
    assert len(set(rates)) > 2
    assert [each.metrics["lr"] for each in records] == rates[3::4]


@pytest.mark.parametrize("name", TRAINED)
def test_what_is_interrupted_goes_on_with_the_same_rates_and_bits(name, tmp_path):
    whole = prepared(name)
    rates = noted(whole)
    snapshots = list(whole.epochs())
    expected = state(whole.net, whole._trainer)
    for stop in (1, 2, 3):
        again = prepared(name)
        others = noted(again)
        checkpoints = Checkpoints(tmp_path / str(stop), "fingerprint")
        for each in snapshots[:stop]:
            checkpoints.save(each)
        again.resume(*checkpoints.load(pytest.fail))
        last = list(again.epochs())[-1]
        assert others == rates[4 * stop :]
        assert [measured(each) for each in last.records] == [
            measured(each) for each in snapshots[-1].records
        ]
        found = state(again.net, again._trainer)
        assert {key: value.tobytes() for key, value in found.items()} == {
            key: value.tobytes() for key, value in expected.items()
        }


def test_a_constant_rate_is_trained_and_recorded_as_it_always_was():
    training = Training(load(*SMALL), synthetic(), mx.cpu())
    rates = noted(training)
    records = [snapshot.records[-1] for snapshot in training.epochs()]
    assert set(rates) == {0.1}
    assert all("lr" not in each.metrics for each in records)
