"""Sweeps that train the same combinations at the same time; presets that change meanwhile."""

import re
import shutil

import faulty
import pytest
import stepped
from faulty import EPOCH
from outcomes import assert_clean, assert_same, outcomes
from workplace import Workplace, gone

COMMON = ("model.hidden=[32]", "optim.momentum=0.9", "epochs=10", "context=cpu")
COMMON += ("figures=false",)
WAITS = "another process trains this combination: waiting for it"


def learning_rates(runs):
    return sorted(float(run.data.params["optim.lr"]) for run in runs)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What each learning rate gives in a sweep that has nobody beside it."""
    workplace = Workplace(tmp_path_factory.mktemp("alone"))
    workplace.run(*COMMON, "optim.lr=0.1,0.2,0.3,0.4", "--multirun")
    return outcomes(workplace.client, workplace.runs("sweep")[1])


def ranked(lines, column="optim.lr"):
    """Return the learning rates in a printed leaderboard."""
    begin = next(at for at, line in enumerate(lines) if line.startswith("Leaderboard: "))
    (head,) = [line for line in lines[begin:] if line.split()[:1] == ["rank"]]
    rows = [line.split() for line in lines[begin:] if re.match(r" +\d+ ", line)]
    return sorted(float(row[head.split().index(column)]) for row in rows)


def assert_all_is_there(workplace, lines, rates):
    """See that a sweep shows all its combinations, at its end and when it is asked later."""
    assert ranked(lines) == rates
    (compare,) = [line for line in lines if line.startswith("Compare: ")]
    identifier = compare.split("--sweep ")[1].split()[0]
    shown = workplace.run("--sweep", identifier, module="sweep.leaderboard")
    assert ranked(shown) == rates


def assert_trained_once(workplace, expected, rates):
    sweeps, runs = workplace.runs("sweep")
    assert [sweep.info.status for sweep in sweeps] == ["FINISHED", "FINISHED"]
    assert learning_rates(runs) == rates
    found = outcomes(workplace.client, runs)
    assert_same(found, {key: expected[key] for key in found})
    assert_clean(workplace.folder)


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param(([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]), marks=pytest.mark.nightly, id="identical"),
        pytest.param(([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]), id="overlapping"),
    ],
)
def test_two_sweeps_at_the_same_moment(tmp_path, undisturbed, rates):
    workplace = Workplace.without_record(tmp_path)
    values = [f"optim.lr={','.join(map(str, each))}" for each in rates]
    sweeps = [workplace.start(*COMMON, each, "--multirun") for each in values]
    ends = [(*sweep.communicate(timeout=300), sweep.returncode) for sweep in sweeps]
    lines = [output.splitlines() for output, _, _ in ends]
    for output, errors, code in ends:
        assert (code, errors) == (0, ""), output + errors
    for printed, each in zip(lines, rates, strict=True):
        assert_all_is_there(workplace, printed, each)
    assert_trained_once(workplace, undisturbed, sorted({*rates[0], *rates[1]}))
    trained = [line for each in lines for line in each if ": epoch 1/10 " in line]
    assert len(trained) == len({*rates[0], *rates[1]})


def test_a_sweep_ends_well_if_the_one_beside_it_is_killed(tmp_path, undisturbed):
    workplace = Workplace(tmp_path)
    workplace.environment["FAULT"] = "all runs wait"
    shutil.copy(faulty.__file__, tmp_path)
    lines, first_command = [], (*COMMON, "optim.lr=0.1,0.2,0.3", "n_jobs=2", "--multirun")
    second_command = (*COMMON, "optim.lr=0.2,0.3,0.4", "n_jobs=2", "--multirun")
    with workplace.start(*first_command, module="faulty") as first:
        for line in first.stdout:
            if line.startswith(f"run 1: epoch {EPOCH - 1}/"):
                break
        with workplace.start(*second_command) as second:
            for line in second.stdout:
                lines.append(line.rstrip("\n"))
                if lines[-1] == f"run 0: {WAITS}":
                    first.kill()
            errors = second.stderr.read()
    assert (second.returncode, errors) == (0, ""), lines
    assert gone(first.pid) == []
    assert f"run 0: {WAITS}" in lines
    assert [line for line in lines if line.endswith(f"(goes on after epoch {EPOCH})")]
    assert_all_is_there(workplace, lines, [0.2, 0.3, 0.4])

    killed, other = workplace.runs("sweep")[0]
    assert (killed.info.status, other.info.status) == ("KILLED", "FINISHED")
    runs = {run.data.params["optim.lr"]: run for run in workplace.runs("sweep")[1]}
    assert sorted(runs) == ["0.1", "0.2", "0.3", "0.4"]
    assert runs["0.1"].info.status == "KILLED"
    assert runs["0.2"].data.tags["mlflow.parentRunId"] == killed.info.run_id

    # The same command again trains what the killed one lacks, and nothing else.
    lines = workplace.run(*first_command)
    assert [line for line in lines if ": epoch 1/10" in line] == []
    assert_all_is_there(workplace, lines, [0.1, 0.2, 0.3])
    assert_trained_once(workplace, undisturbed, [0.1, 0.2, 0.3, 0.4])


# --- presets that change while a sweep trains ---

PRESET = "defaults: [sgd]\nmomentum: {}\n"
LAUNCHERS = {
    "local": ("hydra/launcher=local", "n_jobs=1"),
    "basic": ("hydra/launcher=basic",),
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "n_jobs=1"),
}


@pytest.mark.parametrize(
    "launcher",
    ["local", *(pytest.param(each, marks=pytest.mark.nightly) for each in ("basic", "joblib"))],
)
def test_presets_that_change_do_not_change_a_sweep(tmp_path, launcher):
    workplace = Workplace(tmp_path)
    preset = tmp_path / "conf" / "optim" / "mine.yaml"
    preset.parent.mkdir(parents=True)
    preset.write_text(PRESET.format(0.5))
    changes = [
        lambda: preset.write_text(PRESET.format(0.9)),
        lambda: preset.write_text("momentum: ["),
        preset.unlink,
    ]
    options = ("--config-dir=conf", "optim=mine", "model.hidden=[8]", "epochs=3", "context=cpu")
    options += ("figures=false",)
    command = (*options, *LAUNCHERS[launcher], "seed=0,1,2,3", "--multirun")
    with workplace.start(*command) as sweep:
        for line in sweep.stdout:
            if "epoch 1/3" in line and changes:
                changes.pop(0)()
        errors = sweep.stderr.read()
    assert (sweep.returncode, errors, changes) == (0, "", [])
    _, runs = workplace.runs("sweep")
    assert sorted(run.data.params["seed"] for run in runs) == list("0123")
    for run in runs:
        assert run.info.status == "FINISHED"
        assert run.data.params["optim.momentum"] == "0.5"


def test_one_store_with_two_addresses_is_one_store(tmp_path):
    workplace = Workplace(tmp_path)
    shutil.copy(stepped.__file__, tmp_path)
    stepped.allow(tmp_path, 2)
    command = ("model.hidden=[8]", "context=cpu", "epochs=4", "figures=false", "--multirun")
    with workplace.start("seed=0", *command, module="stepped") as first:
        for line in first.stdout:
            if line.startswith("run 0: epoch 2/"):
                break
        code, lines, errors = workplace.watch(
            *("seed=0,1", f"tracking.uri=sqlite:///{tmp_path}/mlflow.db", *command),
            until=[f"run 0: {WAITS}"],
            act=lambda _: stepped.allow(tmp_path, 99),
        )
        _, first_errors = first.communicate(timeout=120)
    assert (first.returncode, first_errors) == (code, errors) == (0, ""), lines
    assert [line for line in lines if line.startswith("run 0: ") and "is trained already" in line]
    _, runs = workplace.runs("sweep")
    (run,) = [each for each in runs if each.data.params["seed"] == "0"]
    assert (run.info.status, run.data.tags.get("failure_reason")) == ("FINISHED", None)
    points = workplace.client.get_metric_history(run.info.run_id, "val/loss")
    assert [point.step for point in points] == [1, 2, 3, 4]
