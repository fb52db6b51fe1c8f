import pytest

from sweep.config.compose import load
from sweep.errors import UserError


@pytest.mark.parametrize(
    ("override", "field"),
    [
        ("learning_rate=0.1", "optim.lr"),
        ("optim.learning_rate=0.1", "optim.lr"),
        ("weight_decay=0.1", "optim.wd"),
        ("model.layers=3", "model.hidden"),
    ],
)
def test_a_field_by_another_name_that_is_usual(override, field):
    key = override.partition("=")[0]
    message = f"^{key} is not a field of the configuration \\(did you mean {field}\\?\\)$"
    with pytest.raises(UserError, match=message):
        load(override)


def test_hydra_explains_a_comma_without_backslashes():
    with pytest.raises(UserError, match="key='value1,value2'") as raised:
        load("optim.lr=0.1,0.2")
    assert "\\" not in str(raised.value)
