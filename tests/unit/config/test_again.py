import pytest

from sweep.config.again import overrides_of
from sweep.config.compose import load
from sweep.config.params import params


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=lenet", "optim=adam", "optim.lr=0.01", "model.activation=relu", "seed=3"],
        ["model.hidden=[8,4]", "metrics=[accuracy,macro_f1]", "early_stopping.patience=2"],
    ],
)
def test_a_runs_params_lead_to_the_overrides_that_made_it(overrides):
    found = overrides_of(params(load(*overrides)))
    assert params(load(*found)) == params(load(*overrides))
    assert len(found) == len(overrides)


def test_a_preset_is_written_out():
    found = overrides_of(params(load("experiment=tutorial_lenet")))
    first, again = params(load("experiment=tutorial_lenet")), params(load(*found))
    assert {**first, "preset": ""} == {**again, "preset": ""}


@pytest.mark.parametrize(
    "recorded",
    [{"model.name": "of a plugin"}, {"dataset.name": "folder"}, {"something": "else"}],
)
def test_what_overrides_do_not_tell_has_none(recorded):
    assert overrides_of(recorded) is None
