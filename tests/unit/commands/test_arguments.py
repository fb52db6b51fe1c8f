import pytest
from hydra.errors import ConfigCompositionException

from sweep.commands.arguments import check_arguments, explain
from sweep.errors import UserError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("reprot", "reprot is neither a command (did you mean report?) nor an override such as"),
        ("--multirn a=1", "--multirn is not a flag (did you mean --multirun?); sweep --hydra-help"),
        (
            "seed=1 --multirun epochs=2 context=cpu",
            "epochs=2: overrides go together, and flags before or after them all: "
            "sweep seed=1 epochs=2 context=cpu --multirun",
        ),
        ("--experimental-rerun no.pickle", "--experimental-rerun no.pickle: there is no such file"),
    ],
)
def test_what_is_typed_wrong_is_explained(given, message):
    with pytest.raises(UserError) as raised:
        check_arguments(given.split())
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "--help",
        "seed=1,2 ~experiment +optim.lr=3 --multirun",
        "--multirun seed=1 epochs=2",
        "--cfg job seed=1 -p optim",
        "seed=1 -m --config-dir more",
    ],
)
def test_what_hydra_takes_is_let_through(given):
    check_arguments(given.split())


def test_only_what_a_user_did_is_explained():
    assert explain(KeyError("a bug"), []) is None
    assert explain(PermissionError(13, "Permission denied", "outputs"), []) == (
        "outputs: Permission denied"
    )


def test_a_misspelt_argument_of_a_network_of_ones_own_is_answered_with_the_nearest(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "my_net.yaml").write_text("_target_: my_nets.Net\nwidth: 16\n")
    given = ["--config-dir", str(tmp_path), "model=my_net", "model.widht=3"]
    error = ConfigCompositionException(
        "Could not override 'model.widht'.\nNo match in the defaults"
    )
    assert explain(error, given) == (
        "model.widht is not a field of the configuration (did you mean model.width?)"
    )
    (tmp_path / "model" / "my_net.yaml").write_text("a: b: c")
    assert "widht is not a field" in explain(error, given)
