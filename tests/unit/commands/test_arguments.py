import pytest

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
