"""A configuration as a run's record keeps it."""

from datetime import date

import pytest
import yaml

from sweep.config.compose import load
from sweep.config.fields import declared
from sweep.config.recorded import from_yaml, to_yaml
from sweep.config.schema import Config
from sweep.errors import UserError


def test_what_is_recorded_refers_to_nothing():
    config = load(r"dataset.root='/data/a\${b}'", r"init_from='\${oc.env:HOME}.params'")
    assert (config.dataset.root, config.init_from) == ("/data/a${b}", "${oc.env:HOME}.params")
    assert from_yaml(to_yaml(config)) == config


ALLOWED = "; allowed is what a run has recorded, a line for each field, as in `epochs: 10`"


@pytest.mark.parametrize("text", ["", "5", "lenet", "- model", "null"])
def test_what_has_no_fields_is_no_configuration(text):
    with pytest.raises(UserError) as error:
        from_yaml(text)
    assert str(error.value) == f"config.yaml: is no configuration (it has no fields){ALLOWED}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "while parsing a flow node expected the node content, but found '<stream end>'"),
        ("seed: 2026-13-40", "month must be in 1..12"),
    ],
)
def test_what_is_no_yaml_is_no_configuration(text, why):
    with pytest.raises(UserError) as error:
        from_yaml(text)
    assert str(error.value).startswith(f"config.yaml: is no configuration ({why}")
    assert str(error.value).endswith(f"){ALLOWED}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("model", ["lenet", None, ["lenet"]])
def test_a_network_without_fields_is_none(model):
    recorded = yaml.safe_load(to_yaml(load()))
    with pytest.raises(UserError, match=r"^model\.name is missing"):
        from_yaml(yaml.safe_dump({**recorded, "model": model}))


def test_a_day_is_no_number():
    recorded = yaml.safe_load(to_yaml(load()))
    with pytest.raises(UserError, match=r'^epochs="2026-01-02": allowed is a whole number'):
        from_yaml(yaml.safe_dump({**recorded, "epochs": date(2026, 1, 2)}))


def test_fields_of_a_newer_version_are_refused_by_name():
    recorded = yaml.safe_load(to_yaml(load()))
    with pytest.raises(UserError) as error:
        from_yaml(yaml.safe_dump({**recorded, "shuffled": True, "layers": ["all"]}))
    assert str(error.value) == (
        "config.yaml: has layers, shuffled, which this version of gluon-sweep does not know; "
        "install a newer one, which may have recorded it"
    )


EVER = "model optim schedule loss dataset augment init_from init_digest freeze batch_size epochs "
EVER += "seed context threads_per_run n_jobs metrics metrics_source monitor early_stopping "
EVER += "test_every_epoch preset"


def test_all_that_was_ever_recorded_is_known():
    """What a version leaves out one day has to be read all the same."""
    assert {*EVER.split()} <= {*declared(Config)}
