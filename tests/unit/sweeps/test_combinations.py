"""Which combinations a sweep has, and in which order."""

from pathlib import Path

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from sweep.config.compose import CONF
from sweep.errors import UserError
from sweep.sweeps.combinations import Source, combinations_of
from sweep.sweeps.compose import Composer

ZIP = "both=zip(optim.lr=[0.1,0.2],optim.wd=[0.0,0.5])"


@pytest.fixture(scope="module")
def composer():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        yield Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))


def names(combinations):
    return [" ".join(each) for each in combinations]


def test_a_zip_is_one_dimension(composer):
    assert names(combinations_of(composer, [ZIP, "seed=1,2"])) == [
        "optim.lr=0.1 optim.wd=0.0 seed=1",
        "optim.lr=0.1 optim.wd=0.0 seed=2",
        "optim.lr=0.2 optim.wd=0.5 seed=1",
        "optim.lr=0.2 optim.wd=0.5 seed=2",
    ]


def test_rows_of_a_file_are_another(composer):
    Path("rows.csv").write_text("epochs,batch_size\n1,10\n2,20\n")
    source = Source(file="rows.csv")
    found = combinations_of(composer, [ZIP, *source.overrides()], source.rows())
    assert names(found)[::2] == [
        "epochs=1 batch_size=10 optim.lr=0.1 optim.wd=0.0",
        "epochs=2 batch_size=20 optim.lr=0.1 optim.wd=0.0",
    ]


@pytest.mark.parametrize(
    ("where", "left"),
    [
        ("optim.lr < 0.15", [0]),
        ("optim.lr > 0.1 or schedule.warmup_epochs == 0", [1]),
        ("model.name == 'mlp' and optim.wd in [0, 0.5]", [0, 1]),
    ],
)
def test_a_condition_leaves_combinations_out(composer, where, left):
    # What is left out is not checked: all epochs would be warm-up.
    rows = [("optim.lr=0.1", "schedule.warmup_epochs=10"), ("optim.lr=0.2", "optim.wd=0.5")]
    assert Source(where=where).kept(rows, composer) == [rows[number] for number in left]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("seed > 5", "is true of none of 2 combinations; allowed is one that leaves some"),
        (
            "optim.rate < 1",
            "optim.rate is not known (did you mean optim.lr?); a text is in quotes: 'optim.rate'",
        ),
    ],
)
def test_what_is_wrong_with_a_condition(composer, where, message):
    with pytest.raises(UserError) as error:
        Source(where=where).kept([("seed=1",), ("seed=2",)], composer)
    assert str(error.value) == f"sweep.where={where}: {message}"


def test_what_cannot_be_told_apart(composer):
    with pytest.raises(UserError) as error:
        combinations_of(composer, [ZIP, "optim.lr=0.3"])
    assert (
        str(error.value) == f"optim.lr: is set in two places of {ZIP} optim.lr=0.3; allowed is one"
    )


def test_a_search_has_no_combinations_to_choose_from():
    Source().refuse(["seed=0,1"])
    for source, given, text in (
        (Source(where="seed > 1"), [], "sweep.where=seed > 1"),
        (Source(), ["seed=0", ZIP], ZIP),
    ):
        with pytest.raises(UserError) as error:
            source.refuse(given)
        assert str(error.value) == (
            f"{text}: is for a grid, and hydra/sweeper=optuna suggests values itself; allowed is "
            "to leave it out"
        )
