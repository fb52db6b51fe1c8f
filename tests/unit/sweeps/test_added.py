"""What is added to a sweep: overrides in the place of its own."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from sweep.config.compose import CONF, load
from sweep.errors import UserError
from sweep.sweeps import added as module
from sweep.sweeps.added import Grid, MoreRuns, added_before
from sweep.sweeps.by_others import check_code, check_words
from sweep.sweeps.checks import Checked
from sweep.sweeps.combinations import Source, in_the_place_of
from sweep.sweeps.compose import Composer
from sweep.tracking import Plans

GIVEN = ["model.hidden=[8]", "optim.lr=0.1,0.2", "seed=0,1", "epochs=2"]


@pytest.fixture(scope="module")
def grid():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        composer = Composer(loader, loader.load_configuration("config", [], RunMode.MULTIRUN))
        yield Grid(composer, GIVEN, Source(where="epochs < 9"))


def test_what_is_added_is_composed_with_all_else_of_the_sweep(grid):
    jobs = grid.changed(["optim.lr=0.4", "batch_size=50"])
    assert [" ".join(each.overrides) for each in jobs] == [
        f"model.hidden=[8] optim.lr=0.4 seed={seed} epochs=2 batch_size=50" for seed in (0, 1)
    ]
    assert [(each.config.optim.lr, each.config.batch_size) for each in jobs] == [(0.4, 50)] * 2


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (
            ["optim.lrr=1"],
            "add optim.lrr=1: optim.lrr is not a field of the configuration (did you",
        ),
        (["model=nope"], "add model=nope: model=nope is unknown; allowed: alexnet, custom, "),
        (["epochs=0"], "epochs=0: "),
        (["epochs=9"], "sweep.where=epochs < 9: is true of none of 4 combinations"),
        (["n_jobs=3"], "n_jobs: cannot be swept over; it is one for all runs of a sweep"),
        (["checkpoint_dir=x"], "checkpoint_dir: cannot be swept over; it is one for all runs"),
        (["dry_run=true"], "dry_run: cannot be swept over; it is one for all runs of a sweep"),
        (
            ["hydra.verbose=true"],
            "add hydra.verbose=true: is one for all runs of a sweep; allowed ",
        ),
        (["hydra/launcher=ray"], "add hydra/launcher=ray: is one for all runs of a sweep; "),
        (["sweep.where=seed"], "add sweep.where=seed: is one for all runs of a sweep; allowed"),
    ],
)
def test_what_cannot_be_added(grid, added, message):
    jobs = grid.changed(["seed=0"])
    more = MoreRuns(None, jobs, ["a key"], None, grid, None, None)
    with pytest.raises(UserError) as raised:
        more(added)
    assert str(raised.value).startswith(message)
    assert more.keys == ["a key"]


@pytest.mark.parametrize(
    "added",
    [
        "model=../../../somewhere/evil",
        "model=../../shared/evil",
        "model=/somewhere/evil",
        "model=..",
        "+experiment@model=evil",
        "optim.lr=${oc.env:SECRET}",
        "tracking.experiment=${oc.env:SECRET}",
        "model={_target_:subprocess.getoutput,cmd:ls}",
        "model._target_=subprocess.getoutput",
        "init_from='secret'",
        "init_from=a\\b",
        "model=evil\n",
    ],
)
def test_others_add_words_numbers_and_lists(added):
    more = MoreRuns(None, [None], ["a key"], None, None, None, None)  # nothing is composed
    with pytest.raises(UserError) as raised:
        more.for_others(["seed=2", added])
    assert str(raised.value) == (
        f"add {added}: may name a file or code, which only the user of the sweep may add; "
        "allowed are words, numbers and lists"
    )


@pytest.mark.parametrize(
    "added",
    [
        *("optim.lr=0.3,1e-4", "model=lenet", "model.hidden=[64,32],[8]", "seed=range(0,3)"),
        *("~freeze", "+preset=a", "sizes=zip(model.hidden=[[64],[8]],optim.lr=[0.1,0.05])"),
        *("optim.lr=-1", "augment={flip: true}", "model=glob(*)"),
    ],
)
def test_what_others_may_add(added):
    check_words([added])


def test_others_add_no_code_however_it_was_composed(grid):
    """A file of the tree may name code, too."""
    own = load("model=mlp")
    code = load("model=custom", "model._target_=own_nets.Wide")
    for given in ([code], [own, code]):
        with pytest.raises(UserError) as raised:
            check_code(given, own)
        assert str(raised.value) == (
            "model=custom: is code, which only the user of the sweep may add"
        )
    check_code([own, code], code)  # the sweep has it itself
    read = load("dataset=custom", "dataset._target_=own_sets.load")
    with pytest.raises(UserError, match="^dataset=custom: is code, which only the user of the"):
        check_code([read], own)


def test_what_others_add_is_checked_before_anything_of_it_is_tried(grid, monkeypatch):
    jobs = grid.changed(["seed=0"])
    code = replace(jobs[0], config=load("model=custom", "model._target_=own_nets.Wide"))
    monkeypatch.setattr(Grid, "changed", lambda self, overrides: [code])
    more = MoreRuns(None, jobs, ["a key"], None, grid, None, None)
    with pytest.raises(UserError, match="^model=custom: is code"):
        more.for_others(["model=mine"])


def test_a_dataset_of_the_sweep_that_reads_the_folder_is_enough(monkeypatch):
    first, added = load("dataset=mnist", "dataset.root=x"), load("dataset.root=x", "context=cpu")
    sweep = Checked(datasets={first.dataset: None}, devices={}, networks={}, starts={})
    monkeypatch.setattr(Checked, "tried", lambda self, configs: [])
    launcher = SimpleNamespace(check=lambda configs: None, count_gpus=lambda config: 0)
    more = MoreRuns(sweep, [SimpleNamespace(config=first)], [], None, None, launcher, None)
    more._check([added])
    assert [*sweep.datasets] == [first.dataset, added.dataset]


class AwayAtFirst:
    """A record that cannot be written once."""

    def __init__(self):
        self.tries, self.text = 0, None

    def log_text(self, text, path):
        self.tries += 1
        if self.tries == 1:
            raise ConnectionError("no route")
        self.text = text


def test_what_cannot_be_kept_as_planned_is_trained_and_kept_with_the_next(
    grid, monkeypatch, caplog, tmp_path
):
    prepared = SimpleNamespace(
        fingerprint=lambda config: f"{config.optim.lr} {config.seed}",
        chain=lambda config: "",
        started=lambda job, membership: replace(job, cost=1),
        tracker=None,
        locks=SimpleNamespace(folder=tmp_path),
    )
    monkeypatch.setattr(MoreRuns, "_check", lambda self, configs: None)
    monkeypatch.setattr(module, "all_prior_runs", lambda *_: {})
    record, jobs = AwayAtFirst(), grid.changed(["seed=0"])
    more = MoreRuns(prepared, jobs, ["a key"], None, grid, None, Plans(record))
    assert more(["optim.lr=0.4"]).text == "2 runs added (2, 3)"
    assert caplog.messages == [
        "what was added could not be recorded as planned: ConnectionError: no route"
    ]
    assert [job.number for job in more(["optim.lr=0.5", "seed=0"]).jobs] == [4]
    kept = json.loads(record.text)
    assert [each["fingerprint"] for each in kept["runs"]] == ["0.4 0", "0.4 1", "0.5 0"]
    assert kept["in_all"] == 3


@pytest.mark.parametrize(
    ("given", "added", "together"),
    [
        (["optim.lr=1,2", "seed=0,1"], ["optim.lr=3"], ["optim.lr=3", "seed=0,1"]),
        (["optim.lr=1,2"], ["seed=3", "optim.lr=4"], ["optim.lr=4", "seed=3"]),
        (["model=mlp", "epochs=5"], ["model=lenet"], ["model=lenet", "epochs=5"]),
        (["+preset=a", "~freeze"], ["preset=b"], ["preset=b", "~freeze"]),
        ([], ["seed=1"], ["seed=1"]),
    ],
)
def test_overrides_are_put_in_the_place_of_those_of_the_same_fields(given, added, together):
    assert in_the_place_of(given, added) == together


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (None, []),
        ("[]", []),
        ('[["optim.lr=0.5"], ["seed=1", "epochs=2"]]', [["optim.lr=0.5"], ["seed=1", "epochs=2"]]),
        ("[[", []),
        ('{"a": 1}', []),
        ('[1, [], [2], "seed=1", ["seed=1"]]', [["seed=1"]]),
    ],
)
def test_what_was_added_before_is_read_as_data(text, added, capsys):
    assert added_before(text) == added
    is_whole = text is None or json.loads(text if text != "[[" else "0") == added
    said = (
        "added.json of the sweep's record cannot be read: what was added before is not trained, "
        "unless it is added again\n"
    )
    assert capsys.readouterr().out == ("" if is_whole else said)
