"""A configuration as a run's record keeps it."""

import pytest
import yaml

from sweep.config.compose import load
from sweep.config.recorded import from_yaml, to_yaml
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
