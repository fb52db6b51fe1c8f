import pytest

from sweep.config.again import overrides_of
from sweep.config.compose import load
from sweep.config.params import params


@pytest.mark.parametrize(
    "overrides",
    [
        ["model=lenet", "optim=adam", "optim.lr=0.01", "model.activation=relu", "seed=3"],
        ["model.hidden=[8,4]", "metrics=[accuracy,macro_f1]", "early_stopping.patience=2"],
        ["init_from='net (1), a.params'"],
        [r"init_from='it\'s \${x}.params'"],
        ["init_from='1e5'"],
        ["init_from='inf'"],
        ["freeze=['conv[0-9]*','größe','3']"],
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


DIGEST = "0123456789abcdef"


@pytest.mark.parametrize(
    "recorded",
    [
        {"model.name": "of a plugin"},
        {"dataset.name": "folder"},
        {"something": "else"},
        {"metrics": '["my_metrics.f2@max"]', "metrics_source": DIGEST},
        {"model.name": "custom", "model._target_": "my_nets.Net", "model._source_": DIGEST},
        {"loss.name": "custom", "loss._target_": "my_losses.Focal", "loss._source_": DIGEST},
        {"model.name": "symbol", "model.file": "net-symbol.json", "model._digest_": DIGEST},
    ],
)
def test_what_overrides_do_not_tell_has_none(recorded):
    assert overrides_of(recorded) is None
