import os
import pickle
import signal
import sys

import pytest
from hydra import compose, initialize_config_dir, version
from hydra.errors import ConfigCompositionException

from sweep import __version__, signals
from sweep.__main__ import main
from sweep.commands.arguments import check_arguments, check_place, explain
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.progress import asks_to_train


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
        ("--epochs 3", "--epochs is not a flag; fields are set without dashes, as in epochs=VALUE"),
        (
            "--learning-rate=0.1",
            "--learning-rate=0.1 is not a flag; fields are set without dashes, as in optim.lr=",
        ),
        ("epochs = 3", "epochs: an override has a value, and no spaces: epochs=VALUE"),
        ("lr 0.1", "lr: an override has a value, and no spaces: optim.lr=VALUE"),
        ("optim.lr = 0.1", "optim.lr: an override has a value, and no spaces: optim.lr=VALUE"),
        ("optim.lr", "optim.lr: an override has a value, and no spaces: optim.lr=VALUE"),
        ("batch-size =3", "batch-size: an override has a value, and no spaces: batch_size=VALUE"),
        ("optim.lr=0.1 seed= 3", "seed=: an override has a value, and no spaces: seed=VALUE"),
        ("hidden [64]", "hidden: an override has a value, and no spaces: model.hidden=VALUE"),
        ("search = 3", "search: an override has a value, and no spaces: search.sampler=VALUE"),
        *(
            (word, f"{word} is neither a command")
            for word in ("plot", "trials", "study", "retry", "force", "project", "search")
        ),
        ("checkpoints 0d3f", "checkpoints is neither a command"),
        ("--watch", "--watch is not a flag; watch is a command: sweep watch --help"),
        ("--watch=val/loss", "--watch=val/loss is not a flag; fields are set without dashes, as"),
        (
            "--early-stopping 3",
            "--early-stopping is not a flag; fields are set without dashes, as in "
            "early_stopping.patience=VALUE",
        ),
        (
            "--multirun=true",
            "argument --multirun/-m: ignored explicit argument 'true'; sweep --hyd",
        ),
        ("--config-dir", "argument --config-dir/-cd: expected one argument; sweep --hydra-"),
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
        "dataset.root= epochs=3 seed=",
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
    for text in ("a: b: c", "", "only text", "3"):
        (tmp_path / "model" / "my_net.yaml").write_text(text)
        assert "widht is not a field" in explain(error, given)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (b"${x}", "{}: Hydra reads ${{ as a field of the configuration; allowed is a folder with "),
        (b"\xff", "'{}': its name is not in UTF-8; allowed is a folder with another name"),
    ],
)
def test_a_folder_that_not_all_can_name_is_refused(tmp_path, monkeypatch, name, message):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError) as error:
        check_place()
    assert str(error.value).startswith(message.format(ascii(str(folder)).strip("'")))


def test_a_folder_that_is_gone_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "ü 50%41 [x] #1 ?b $x {y}"
    folder.mkdir()
    monkeypatch.chdir(folder)
    check_place()
    folder.rmdir()
    with pytest.raises(UserError) as error:
        check_place()
    assert str(error.value) == "this folder is not there any more; allowed is one that is"


def test_a_file_to_run_again_that_is_none_of_hydras():
    text = explain(pickle.UnpicklingError("invalid load key, 'a'."), ["--experimental-rerun", "a"])
    assert text == (
        "--experimental-rerun: is no file that Hydra has written: invalid load key, 'a'."
    )


@pytest.mark.parametrize(
    ("given", "trains"),
    [
        ("", True),
        ("seed=1,2 --multirun", True),
        ("--config-dir more -m seed=1", True),
        ("--help", False),
        ("--cfg job", False),
        ("--info", False),
        ("--hydra-help", False),
    ],
)
def test_what_asks_to_train(given, trains):
    assert asks_to_train(given.split()) is trains


@pytest.mark.parametrize("arguments", [["--version"], ["model=lenet", "--version"]])
def test_the_version_is_ours_wherever_it_is_asked_for(monkeypatch, arguments, capfd):
    monkeypatch.setattr(sys, "argv", ["sweep", *arguments])
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(signals, "let_none_be_lost", lambda: None)
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert (ended.value.code, capfd.readouterr().out) == (0, f"sweep, version {__version__}\n")


def test_within_another_application_of_hydra(tmp_path):
    (tmp_path / "other.yaml").write_text("a: 1\n")
    with initialize_config_dir(str(tmp_path), version_base="1.2"):
        assert load("optim.lr=0.25").optim.lr == 0.25
        with pytest.raises(UserError):
            load("optim.lr=-1")
        assert compose("other").a == 1
        assert str(version.getbase()) == "1.2"
