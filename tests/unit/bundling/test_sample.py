"""Which runs are trained again, what has to be given for them, and whether a ranking stands."""

import dataclasses
import json

import pytest
from bundles import SOURCE, a_bundle, a_run, written

from sweep.bundling.sample import Sampled, chosen, sampled, scores_of
from sweep.bundling.verifying import Verified, largest_differences, ranking_stands
from sweep.commands import verify as command
from sweep.commands.cli import run as run_command
from sweep.errors import UserError
from sweep.own_modules import identity
from sweep.runs.reproduce import Comparison, compare


def of_scores(*scores, **changes):
    runs = [a_run(number, score, f"seed={number}") for number, score in enumerate(scores, 1)]
    return a_bundle(*runs, **changes)


def numbers(runs):
    return [int(each.run_id, 16) for each in runs]


def test_the_best_is_always_chosen():
    bundle = of_scores(0.3, 0.9, 0.5, 0.4, 0.6)
    assert list(scores_of(bundle).values()) == [0.9, 0.6, 0.5, 0.4, 0.3]
    assert numbers(chosen(bundle, 1, 0)) == [2]
    samples = [numbers(chosen(bundle, 3, seed)) for seed in range(20)]
    assert all(2 in each and len(set(each)) == 3 for each in samples)
    assert {number for each in samples for number in each} == {1, 2, 3, 4, 5}
    assert samples == [numbers(chosen(bundle, 3, seed)) for seed in range(20)]
    assert numbers(chosen(bundle, 99, 0)) == [1, 2, 3, 4, 5]
    assert 1 in numbers(chosen(of_scores(0.3, 0.9, direction="min"), 1, 0))


def test_what_has_not_ended_well_is_not_chosen():
    bundle = a_bundle(
        a_run(1, 0.5), a_run(2, 0.9, status="FAILED"), a_run(3, 0.4, config=None), a_run(4, "nan")
    )
    assert numbers(chosen(bundle, 5, 0)) == [1]
    with pytest.raises(UserError, match=r"^no run in it has ended well, so none can be"):
        chosen(a_bundle(a_run(1, 0.5, status="KILLED")), 3, 0)


def test_the_best_that_cannot_be_trained_is_not_passed_over():
    bundle = a_bundle(a_run(1, 0.5), a_run(2, 0.9, config=None))
    with pytest.raises(UserError) as raised:
        chosen(bundle, 3, 0)
    assert str(raised.value) == (
        "run run 2: is the best by val/accuracy, and has no configuration in it, so what it says "
        "cannot be checked; allowed is a bundle whose best run has one"
    )


def test_nobody_knows_before_which_runs_are_drawn(tmp_path, monkeypatch, capsys):
    seeds = []

    def choose(bundle, number, seed):
        seeds.append(seed)
        raise UserError("enough")

    monkeypatch.setattr(command, "chosen", choose)
    file = str(written(tmp_path))
    for arguments in ([file], [file], [file, "--seed", "7"]):
        assert run_command(command.verify, arguments) == 2
    assert len(set(seeds)) == 3
    assert seeds[2] == 7


def given(run, *overrides, root=None):
    (found,) = sampled(a_bundle(run), [run], overrides, root)
    return found


def test_a_configuration_is_that_of_its_fingerprint():
    run = a_run(1, 0.5, "optim.lr=0.25")
    assert given(run).config.optim.lr == 0.25
    changed = dataclasses.replace(run, config={**run.config, "seed": 5})
    with pytest.raises(UserError, match=r"^run run 1: its configuration is not the one that was t"):
        given(changed)
    wrong = dataclasses.replace(run, config={**run.config, "epochs": "many"})
    with pytest.raises(UserError, match=r"^run run 1: its configuration: epochs=many: allowed is"):
        given(wrong)


def test_what_a_run_says_it_is_is_what_is_trained():
    run = a_run(1, 0.5, "optim.lr=0.25", "model.hidden=[16, 8]")
    same = {**run.params, "optim.lr": "2.5e-1", "model.hidden": "[16,8]", "lr": "7", "preset": "x"}
    assert given(dataclasses.replace(run, params=same)).config.optim.lr == 0.25
    for key, said, trained in (
        ("optim.lr", "0.5", "0.25"),
        ("model.name", "lenet", "mlp"),
        ("model.hidden", "[]", "[16, 8]"),
        ("optim.momentum", "[" * 5000, "0.0"),
    ):
        other = dataclasses.replace(run, params={**run.params, key: said})
        with pytest.raises(UserError) as raised:
            given(other)
        assert str(raised.value) == (
            f"run run 1: its params say {key}={said[:100]}, and its configuration {key}={trained}; "
            "allowed is the same"
        )


def test_images_that_lie_elsewhere():
    run = a_run(1, 0.5, "dataset=folder", "dataset.root=photos", places=["dataset.root"])
    with pytest.raises(UserError) as raised:
        given(run)
    assert str(raised.value) == (
        "run run 1: dataset.root: says where something lay that is not in the bundle; give "
        "--dataset-root FOLDER (or dataset.root=...)"
    )
    assert given(run, root="/here").config.dataset.root == "/here"
    assert given(run, "dataset.root=/there").config.dataset.root == "/there"


def test_parameters_that_lie_elsewhere():
    run = a_run(1, 0.5, "init_from=net.params", "init_digest=0123", places=["init_from"])
    with pytest.raises(UserError, match=r"; give init_from=...$"):
        given(run)
    both = dataclasses.replace(run, places=["dataset.root", "init_from"])
    message = r"give --dataset-root FOLDER \(or dataset.root=...\) and init_from=...$"
    with pytest.raises(UserError, match=message):
        given(both)
    assert given(run, "init_from=/here/net.params").config.init_from == "/here/net.params"


def test_arguments_of_own_code_that_lie_elsewhere():
    """They are no fields, whatever they are called: what is a symbol's file is in the bundle."""
    net = ("model=custom", "model._target_=my_nets.Net", "+model.file=weights.txt")
    images = ("dataset=custom", "dataset._target_=my_data.load", "+dataset.parts={a: x}")
    run = a_run(1, 0.5, *net, *images, places=["model.file", "dataset.parts"])
    for options in ({}, {"root": "/here"}):
        with pytest.raises(UserError) as raised:
            given(run, **options)
        assert str(raised.value) == (
            "run run 1: model.file, dataset.parts: says where something lay that is not in the "
            "bundle; give model.file=... and dataset.parts=..."
        )
    config = given(run, "model.file=/here/weights.txt", "dataset.parts={a: /here/x}").config
    assert json.loads(config.model._arguments_) == {"file": "/here/weights.txt"}
    assert json.loads(config.dataset.arguments) == {"parts": {"a": "/here/x"}}
    symbol = a_run(1, 0.5, "model=symbol", "model.file=net.json", places=["model.file"])
    assert given(symbol).config.model.file == "net.json"


def test_what_cannot_be_given():
    for override in ("epochs=1", "context", "dataset.root=x"):
        with pytest.raises(UserError) as raised:
            given(a_run(1, 0.5), override)
        assert str(raised.value) == (
            f"{override}: allowed is --dataset-root FOLDER, or NAME=VALUE with one of context"
        )
    with pytest.raises(UserError, match=r"^context=\[: the value cannot be read"):
        given(a_run(1, 0.5), "context=[")
    with pytest.raises(UserError, match=r"^--dataset-root x: mnist_5k has no folder"):
        given(a_run(1, 0.5), root="x")


def test_whose_code_it_is():
    assert not given(a_run(1, 0.5)).runs_code
    own = a_run(1, 0.5, "model=custom", "model._target_=os.system", "+model.command=ls")
    assert (given(own).runs_code, given(own).targets) == (True, ["os.system"])
    assert given(a_run(1, 0.5, source=SOURCE)).runs_code
    assert given(a_run(1, 0.5, dataset_source=identity(SOURCE))).runs_code


def verified(bundle, *scores):
    """Return runs that came out with these scores; None for one that was not trained again."""
    return [
        Verified(Sampled(run, None, 0.0), (), score, "" if score >= 0 else "it failed")
        for run, score in zip(bundle.runs, scores, strict=True)
        if score is not None
    ]


@pytest.mark.parametrize(
    ("again", "stands"),
    [
        ((0.5, 0.7, 0.9), True),
        ((0.51, 0.69, 0.89), True),
        ((0.7, 0.5, 0.9), False),  # two of the sample have changed places
        ((None, None, 0.71), True),
        ((None, None, 0.69), False),  # another one is the best
        ((None, 0.95, None), False),
        ((0.6, 0.6, 0.9), True),
    ],
)
def test_whether_the_ranking_stands(again, stands):
    bundle = of_scores(0.5, 0.7, 0.9)
    assert ranking_stands(bundle, verified(bundle, *again)) is stands
    down = of_scores(-0.5, -0.7, -0.9, direction="min")
    turned = [
        Verified(dataclasses.replace(each.sampled, run=run), (), -each.score)
        for each in verified(bundle, *again)
        for run in down.runs
        if run.run_id == each.sampled.run.run_id
    ]
    assert ranking_stands(down, turned) is stands


def test_a_run_that_failed_now():
    bundle = of_scores(0.5)
    failed = Verified(Sampled(bundle.runs[0], None, 0.5), (), None, "diverged")
    assert not ranking_stands(bundle, [failed])
    assert (failed.is_equal, failed.result) == (False, "failed: diverged")


def test_where_nothing_can_be_compared_nothing_is_identical():
    comparisons = compare({"images_per_second": {1: 5.0}}, {"images_per_second": {1: 5.0}})
    found = Verified(None, comparisons, 0.5)
    assert (found.is_equal, found.result) == (False, "nothing to compare")
    same = Verified(None, compare({"val/loss": {1: 0.5}}, {"val/loss": {1: 0.5}}), 0.5)
    assert (same.is_equal, same.result) == (True, "identical")


def test_the_largest_differences():
    one = [Comparison("val/loss", 2, (1, 0.5, 0.25), 0.25), Comparison("lr", 2, None, 0.0)]
    other = [Comparison("val/loss", 2, (1, 0.5, 1.0), 0.5), Comparison("a", 2, (2, 1.0, None), 0.0)]
    found = [Verified(None, each, 0.5) for each in (one, other)]
    assert largest_differences(found) == {"val/loss": 0.5, "a": float("inf")}
    assert found[0].result == "1 of 2 not identical"


def test_what_is_no_number_is_the_same_once_more():
    nan = float("nan")
    (same,) = compare({"a": {1: nan, 2: 0.5}}, {"a": {1: nan, 2: 0.5}})
    assert same.first is None
    (other,) = compare({"a": {1: nan}}, {"a": {1: 0.5}})
    assert other.first is not None
