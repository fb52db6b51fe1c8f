"""What presets and the user's own files say of Hydra itself counts, as in all its applications."""

import logging
import sys
from pathlib import Path

import pytest
from hydra.core.config_store import ConfigStore

from sweep.commands import train
from sweep.execution.foreign import ForeignLauncher
from sweep.execution.local import executor as this_machine
from sweep.search import search
from sweep.sweeps import grid

PRESETS = {
    "searched": """
defaults:
  - override /hydra/sweeper: optuna
hydra:
  sweeper:
    params:
      optim.lr: interval(0.01,0.1)
""",
    "searched_too": """
defaults:
  - override /hydra/sweeper: optuna
hydra:
  sweeper:
    params:
      optim.lr: interval(0.01,0.1)
epochs: 3
""",
    "by_ray": """
defaults:
  - override /hydra/launcher: ray
""",
    "basic": """
defaults:
  - override /hydra/launcher: basic
""",
    "two_seeds": """
hydra:
  sweeper:
    params:
      seed: 0,1
""",
    "two_seeds_too": """
hydra:
  sweeper:
    params:
      seed: 0,1
epochs: 3
""",
    "three_seeds": """
hydra:
  sweeper:
    params:
      seed: 0,1,2
""",
    "plain": "epochs: 3",
    "plain_too": "epochs: 4",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The user's own files."""
    folder = tmp_path_factory.mktemp("user") / "my"
    for group in ("experiment", "hydra/launcher"):
        (folder / group).mkdir(parents=True)
    for name, text in PRESETS.items():
        (folder / "experiment" / f"{name}.yaml").write_text(f"# @package _global_\n{text}")
    (folder / "hydra" / "launcher" / "mine.yaml").write_text(
        "_target_: hydra_plugins.gluon_launcher.GluonLauncher\n"
        "engine: submitit_local\ntimeout_min: 5\n"
    )
    return folder


class Begun(Exception):
    """What a command was about to do, instead of doing it."""


@pytest.fixture(autouse=True)
def _loggers_as_they_were():
    """Hydra configures logging for its whole process, which is that of all tests."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("sweep")]
    before = {name: logging.getLogger(name).disabled for name in names}
    level, handlers = logging.root.level, [*logging.root.handlers]
    yield
    for name, is_disabled in before.items():
        logging.getLogger(name).disabled = is_disabled
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers


@pytest.fixture
def begin(monkeypatch, folder):
    """Return how a command sweeps: ``grid`` or ``search``, its launcher, its combinations."""

    def begun(kind):
        def stop(*arguments):
            raise Begun(kind, *arguments)

        return stop

    monkeypatch.setattr(grid, "sweep", begun("grid"))
    monkeypatch.setattr(search, "search", begun("search"))
    monkeypatch.setattr(this_machine, "prepare", lambda config: None)

    def run(*overrides):
        arguments = ["sweep", *overrides, "--config-dir", str(folder), "--multirun"]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(Begun) as raised:
            train.main()
        match raised.value.args:
            case ("grid", jobs, _, launcher, _):
                found = [job.name for job in jobs]
            case ("search", plan, _, _, launcher):
                found = [each.name for each in plan.space.dimensions]
        return raised.value.args[0], named(launcher), found

    return run


@pytest.fixture
def refusal(monkeypatch, capsys, folder):
    """Return what is said of a command that is refused."""
    monkeypatch.setattr(this_machine, "prepare", lambda config: None)

    def run(*overrides):
        arguments = ["sweep", *overrides, "--config-dir", str(folder), "--multirun"]
        monkeypatch.setattr(sys, "argv", arguments)
        with pytest.raises(SystemExit) as left:
            train.main()
        assert left.value.code == 2
        return capsys.readouterr().err.removesuffix("\n")

    return run


def named(launcher):
    return launcher._name if isinstance(launcher, ForeignLauncher) else type(launcher).__name__


LR = "optim.lr=0.1,0.2"
BOTH = ["optim.lr=0.1", "optim.lr=0.2"]


def of(preset, *others):
    return [f"{each} experiment={preset}" for each in others]


@pytest.mark.parametrize(
    ("overrides", "sweeper", "launcher", "found"),
    [
        ([LR], "grid", "LocalLauncher", BOTH),
        (["experiment=searched"], "search", "LocalLauncher", ["optim.lr"]),
        (
            ["experiment=searched", "hydra/sweeper=grid", "hydra.sweeper.params=null"],
            "grid",
            "LocalLauncher",
            ["experiment=searched"],
        ),
        (["experiment=by_ray", "seed=1,2"], "grid", "RayLauncher", None),
        (["experiment=by_ray", LR, "hydra/launcher=basic"], "grid", "basic", None),
        (["hydra/launcher=mine", LR], "grid", "SubmititLocalLauncher", BOTH),
        (["experiment=two_seeds", "seed=5"], "grid", "LocalLauncher", of("two_seeds", "seed=5")),
    ],
)
def test_one_preset_counts_unless_the_command_says_otherwise(
    begin, overrides, sweeper, launcher, found
):
    told = begin(*overrides)
    assert told[:2] == (sweeper, launcher)
    assert found is None or told[2] == found


@pytest.mark.parametrize(
    ("overrides", "sweeper", "launcher", "found"),
    [
        (
            ["experiment=plain,plain_too"],
            "grid",
            "LocalLauncher",
            ["experiment=plain", "experiment=plain_too"],
        ),
        (["experiment=basic", "seed=1,2"], "grid", "basic", None),
        (["experiment=basic,plain", "hydra/launcher=basic"], "grid", "basic", None),
        (
            ["experiment=two_seeds,two_seeds_too"],
            "grid",
            "LocalLauncher",
            [
                "seed=0 experiment=two_seeds",
                "seed=0 experiment=two_seeds_too",
                "seed=1 experiment=two_seeds",
                "seed=1 experiment=two_seeds_too",
            ],
        ),
        (
            ["experiment=searched,searched_too"],
            "search",
            "LocalLauncher",
            ["optim.lr", "experiment"],
        ),
        (
            ["experiment=two_seeds,three_seeds", "hydra.sweeper.params=null", "seed=7"],
            "grid",
            "LocalLauncher",
            ["experiment=two_seeds seed=7", "experiment=three_seeds seed=7"],
        ),
    ],
)
def test_what_several_presets_agree_on_counts_too(begin, overrides, sweeper, launcher, found):
    told = begin(*overrides)
    assert told[:2] == (sweeper, launcher)
    assert found is None or told[2] == found


ONE = "it is one for all runs of a sweep; allowed: a sweep for each of them, or"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            ["experiment=two_seeds,three_seeds"],
            'hydra.sweeper.params: experiment=two_seeds has {"seed": "0,1"}, and '
            f'experiment=three_seeds has {{"seed": "0,1,2"}}; {ONE} '
            "hydra.sweeper.params=VALUE in the command",
        ),
        (
            ["experiment=plain,two_seeds"],
            "hydra.sweeper.params: experiment=plain has null, and experiment=two_seeds has "
            f'{{"seed": "0,1"}}; {ONE} hydra.sweeper.params=VALUE in the command',
        ),
        (
            ["experiment=basic,by_ray"],
            "hydra/launcher: experiment=basic has basic, and experiment=by_ray has ray; "
            f"{ONE} hydra/launcher=NAME in the command",
        ),
        (
            ["experiment=plain,searched"],
            "hydra/sweeper: experiment=plain has grid, and experiment=searched has optuna; "
            f"{ONE} hydra/sweeper=NAME in the command",
        ),
    ],
)
def test_presets_that_do_not_agree_are_refused(refusal, overrides, message):
    assert refusal(*overrides) == message


def test_a_folder_for_logs_that_cannot_be_made_is_named(refusal):
    Path("file").write_text("")
    assert refusal("hydra.sweep.dir=file/x", LR) == (
        "hydra.sweep.dir=file/x: cannot be written (file: Not a directory); allowed is a folder "
        "that can"
    )


def test_hydras_plugins_have_their_names_back_afterwards(begin):
    begin("hydra/launcher=submitit_local", LR)
    kept = ConfigStore.instance().load("hydra/launcher/submitit_local.yaml")
    assert kept.node._target_.startswith("hydra_plugins.hydra_submitit_launcher.")
