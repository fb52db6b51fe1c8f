"""Searches by their command: what is suggested, pruned, gone on with, and refused."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import optuna
import pytest
import stepped
from outcomes import assert_same, outcome, outcomes
from ports import HOST, free_port
from workplace import Workplace, gone

SEARCH = (
    "hydra/sweeper=optuna",
    "optim.lr=tag(log,interval(1e-3,1))",
    "model.activation=tanh,relu",
    *("model.hidden=[32]", "epochs=9", "context=cpu", "figures=false"),
)
PRUNED = (*SEARCH, "search.pruner=stop_asha", "search.startup_trials=4", "n_jobs=1")


def trials(workplace):
    """Return the trials of the only study in a folder."""
    return optuna.load_study(
        study_name=None, storage=f"sqlite:///{workplace.folder}/optuna.db"
    ).trials


def facts(trial):
    return trial.number, trial.state.name, trial.params, trial.values, trial.intermediate_values


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search of ten runs, one at a time, that nobody disturbed."""
    workplace = Workplace(tmp_path_factory.mktemp("searched"))
    workplace.lines = workplace.run(*PRUNED, "search.n_trials=10", "--multirun")
    return workplace


def by_trial(workplace, experiment="sweep"):
    _, runs = workplace.runs(experiment)
    return {int(run.data.tags["search.trial"]): run for run in runs}


def test_what_is_about_to_be_searched_is_announced(searched):
    (study,) = [line for line in searched.lines if line.startswith("  study ")]
    assert searched.lines[: searched.lines.index(study)] == [
        "search of 10 runs by tpe, pruned by stop_asha:",
        "  optim.lr: tag(log,interval(1e-3,1))",
        "  model.activation: tanh,relu",
        "  model.hidden=[32]",
        "  epochs=9",
        "  context=cpu",
        "  mnist_5k: 3,500 images to train on, 500 to validate, 1,000 to test",
        "  up to 9 epochs, on cpu",
        "  recorded in sqlite:///mlflow.db, experiment sweep",
    ]
    assert study.endswith(": 0 of 10 trials done")


def test_its_description_has_the_command_that_made_it(searched):
    ((parent,), _) = searched.runs("sweep")
    command, *_ = parent.data.tags["mlflow.note.content"].splitlines()
    program, _, sweep, *arguments = shlex.split(command)
    assert (program, sweep) == ("python", "sweep")
    again = searched.run(*arguments)
    assert not [line for line in again if line.startswith("run ")]
    assert [line for line in again if line.endswith(": 10 of 10 trials done")]


def test_the_study_says_what_the_record_says(searched):
    sweeps, runs = searched.runs("sweep")
    assert [each.info.status for each in sweeps] == ["FINISHED"]
    assert sweeps[0].data.params["search.sampler"] == "tpe"
    assert "search.storage" not in sweeps[0].data.params
    found = by_trial(searched)
    assert [*found] == list(range(10)) == [trial.number for trial in trials(searched)]
    states = {trial.state.name for trial in trials(searched)}
    assert states == {"COMPLETE", "PRUNED"}
    for trial in trials(searched):
        run = found[trial.number]
        curve = dict(searched.curves(run)["val/accuracy"])
        assert trial.intermediate_values == curve
        assert trial.params["optim.lr"] == float(run.data.params["optim.lr"])
        assert trial.params["model.activation"] == run.data.params["model.activation"]
        if trial.state.name == "COMPLETE":
            assert run.info.status == "FINISHED"
            assert trial.values == [max(curve.values())]
            assert [*curve] == list(range(1, 10))
        else:
            epoch = max(curve)
            assert run.info.status == "KILLED"
            assert run.data.tags["pruned_after_epoch"] == f"{epoch}"
            assert run.data.tags["failure_reason"] == (
                f"stop_asha stopped it after epoch {epoch}: "
                "others had a better val/accuracy by then"
            )
            kept = searched.folder / "checkpoints" / run.info.run_id
            assert (kept / f"epoch-{epoch:04d}.checkpoint").exists()


def test_the_leaderboard_counts_what_was_pruned(searched):
    states = [trial.state.name for trial in trials(searched)]
    expected = (
        f"{states.count('COMPLETE')} runs finished, {states.count('PRUNED')} pruned; "
        "the leaderboard command below with --by-seed shows each"
    )
    assert expected in [line.replace("1 run f", "1 runs f") for line in searched.lines]
    table = searched.run("--by-seed", module="sweep.leaderboard")
    assert sum("PRUNED" in line for line in table) == states.count("PRUNED")


@pytest.mark.parametrize(
    "moments", [slice(1, 3), pytest.param(slice(4), marks=pytest.mark.nightly)], ids=["two", "four"]
)
def test_the_same_seed_searches_the_same_and_kills_change_nothing(searched, tmp_path, moments):
    """The whole search is killed, and interrupted, where others were pruned."""
    workplace = Workplace(tmp_path)
    command = (*PRUNED, "search.n_trials=10", "--multirun")
    pruned = [each.number for each in trials(searched) if each.state.name == "PRUNED"]
    strikes = [  # which run: the first, or one of those that were pruned, by its place
        (None, "epoch 4/", signal.SIGKILL),
        (0, "epoch 1/", signal.SIGKILL),
        (2, "", signal.SIGINT),
        (4, "epoch 1/", signal.SIGKILL),  # on another processor there may be fewer
    ]
    for place, begin, strike in strikes[moments]:
        line = f"run {0 if place is None else pruned[place]}: {begin}"
        _, lines, _ = workplace.watch(
            *command, until=[line], act=lambda sweep, by=strike: os.killpg(sweep.pid, by)
        )
        assert any(each.startswith(line) for each in lines), lines
    workplace.run(*command)
    expected = [facts(trial) for trial in trials(searched)]
    assert [facts(trial) for trial in trials(workplace)] == expected
    ours, theirs = by_trial(workplace), by_trial(searched)
    assert {*ours} == {*theirs}
    finished = [number for number, run in theirs.items() if run.info.status == "FINISHED"]
    assert_same(
        outcomes(workplace.client, [ours[number] for number in finished]),
        outcomes(searched.client, [theirs[number] for number in finished]),
    )
    for number in {*theirs} - {*finished}:
        assert workplace.curves(ours[number]) == searched.curves(theirs[number])
        assert ours[number].data.tags["pruned_after_epoch"]
    sweeps, _ = workplace.runs("sweep")
    assert [each.info.status for each in sweeps] == ["FINISHED"]


def test_a_search_that_is_done_is_shown_and_one_with_more_trials_goes_on(searched, tmp_path):
    before = searched.runs("sweep")
    lines = searched.run(*PRUNED, "search.n_trials=10", "--multirun")
    assert any(line.endswith(": 10 of 10 trials done") for line in lines)
    assert any(line.startswith("Leaderboard: ") for line in lines)
    assert [len(each) for each in searched.runs("sweep")] == [len(each) for each in before]
    lines = searched.run(*PRUNED, "search.n_trials=12", "--multirun")
    assert any(line.endswith(": 10 of 12 trials done") for line in lines)
    sweeps, runs = searched.runs("sweep")
    assert (len(sweeps), len(runs)) == (1, 12)


def test_a_pruned_run_goes_on_where_it_is_asked_for(searched, tmp_path):
    run = next(run for run in by_trial(searched).values() if run.info.status == "KILLED")
    wanted = (
        f"optim.lr={run.data.params['optim.lr']}",
        f"model.activation={run.data.params['model.activation']}",
        *("model.hidden=[32]", "epochs=9", "context=cpu", "figures=false"),
    )
    epoch = run.data.tags["pruned_after_epoch"]
    lines = searched.run(*wanted)
    assert any(f"(goes on after epoch {epoch})" in line for line in lines)
    alone = Workplace(tmp_path)
    alone.run(*wanted)
    (never_pruned,) = alone.runs("sweep")[1]
    continued = searched.client.get_run(run.info.run_id)
    assert "pruned_after_epoch" not in continued.data.tags
    assert outcome(searched.client, continued) == outcome(alone.client, never_pruned)


def test_several_objectives_have_several_best(tmp_path):
    workplace = Workplace(tmp_path)
    lines = workplace.run(
        *SEARCH,
        *("epochs=1", "search.objectives=[val/accuracy,epoch_seconds]", "search.n_trials=4"),
        "--multirun",
    )
    found = trials(workplace)
    assert [len(trial.values) for trial in found] == [2] * 4
    at = lines.index("Best trade-offs of val/accuracy and epoch_seconds:")
    best = [line for line in lines[at + 1 :] if line.startswith("  run ")]
    not_beaten = [
        trial.number
        for trial in found
        if not any(
            other.values[0] >= trial.values[0]
            and other.values[1] <= trial.values[1]
            and other.values != trial.values
            for other in found
        )
    ]
    assert sorted(int(line.split()[1].rstrip(":")) for line in best) == not_beaten


def test_optuna_dashboard_opens_the_study(searched):
    pytest.importorskip("optuna_dashboard")
    address = f"{HOST}:{(port := free_port())}"
    command = ["--host", HOST, "--port", str(port), "sqlite:///optuna.db"]
    with subprocess.Popen(
        [sys.executable, "-m", "optuna_dashboard._cli", *command],
        cwd=searched.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as dashboard:
        try:
            (study,) = wait_for(f"http://{address}/api/studies")["study_summaries"]
            found = wait_for(f"http://{address}/api/studies/{study['study_id']}?after=0")
        finally:
            dashboard.kill()
    assert study["study_name"].startswith("sweep-")
    assert [each["state"] for each in found["trials"]][:10] == [
        "Complete" if trial.state.name == "COMPLETE" else "Pruned"
        for trial in trials(searched)[:10]
    ]


def wait_for(address):
    """Return what a server answers, in JSON, once it does."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return json.load(answer)
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.25)
    raise TimeoutError(address)


def test_no_run_begins_after_the_time_budget(tmp_path):
    workplace = Workplace(tmp_path)
    workplace.run(*SEARCH, "search.n_trials=500", "search.time_budget=3", "--multirun")
    found = trials(workplace)
    assert 2 <= len(found) < 500
    assert {trial.state.name for trial in found} == {"COMPLETE"}


def test_a_run_that_diverges_is_the_worst_and_not_forgotten(tmp_path):
    workplace = Workplace(tmp_path)
    process = workplace.start(
        *("hydra/sweeper=optuna", "optim.lr=choice(1e30,0.1)", "model.hidden=[8]", "epochs=1"),
        *("search.sampler=grid", "context=cpu", "figures=false", "--multirun"),
    )
    output, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (1, "1 of 2 runs failed\n"), output
    assert sorted(trial.state.name for trial in trials(workplace)) == ["COMPLETE", "PRUNED"]


def test_a_pruned_run_that_is_suggested_again_is_not_trained_on(tmp_path):
    workplace = Workplace(tmp_path)
    workplace.run(
        *("hydra/sweeper=optuna", "model.activation=tanh,sigmoid", "model.hidden=[8]", "epochs=4"),
        *("search.sampler=random", "search.pruner=stop_asha", "search.n_trials=8", "n_jobs=1"),
        *("context=cpu", "figures=false", "--multirun"),
    )
    found = trials(workplace)
    assert len(found) == 8 and all(trial.state.is_finished() for trial in found)
    _, runs = workplace.runs("sweep")
    states = {run.data.params["model.activation"]: run.info.status for run in runs}
    assert states == {"tanh": "FINISHED", "sigmoid": "KILLED"}
    for trial in found:
        ended = {"FINISHED": "COMPLETE", "KILLED": "PRUNED"}
        assert trial.state.name == ended[states[trial.params["model.activation"]]]


def test_what_other_sweeps_have_trained_is_found_and_stays_found(tmp_path):
    workplace, common = (
        Workplace(tmp_path),
        ("model.hidden=[8]", "epochs=1", "context=cpu", "figures=false", "--multirun"),
    )
    workplace.run("optim.lr=0.1,0.2,0.3", *common)
    searched = ("hydra/sweeper=optuna", "optim.lr=choice(0.1,0.2)", "search.sampler=grid", *common)
    workplace.run(*searched[:3], "search.n_trials=1", *common)
    lines = workplace.run(*searched)
    assert sum("is trained already" in line for line in lines) == 1
    head = next(line for line in lines if line.split()[:1] == ["rank"])
    ranked = [line.split() for line in lines if re.match(r" +\d+ ", line)]
    rates = sorted(row[head.split().index("optim.lr")] for row in ranked)
    assert rates == ["0.1", "0.2"]
    assert len(workplace.runs("sweep")[1]) == 3


def test_a_study_of_another_name_is_another_search(tmp_path):
    workplace = Workplace(tmp_path)
    for name in ("one", "two"):
        workplace.run(
            *("hydra/sweeper=optuna", "seed=1,2", "model.hidden=[8]", "epochs=1", "context=cpu"),
            *("figures=false", "search.n_trials=1", f"search.study={name}", "--multirun"),
        )
    sweeps, _ = workplace.runs("sweep")
    assert sorted(each.data.tags["search.study"] for each in sweeps) == ["one", "two"]


def test_what_failed_is_trained_by_the_same_command(tmp_path):
    workplace = Workplace(tmp_path)
    command = ("hydra/sweeper=optuna", "seed=range(0,9)", "model.hidden=[8]", "epochs=4")
    command += ("context=cpu", "figures=false", "search.n_trials=1", "--multirun")
    shutil.copy(stepped.__file__, tmp_path)
    stepped.allow(tmp_path, 2)
    process = workplace.start("run_timeout=6", "max_retries=0", *command, module="stepped")
    _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (1, "1 of 1 runs failed\n")
    lines = workplace.run(*command)
    assert any(line.endswith(": 0 of 1 trial done, 1 begun before") for line in lines)
    assert any("(goes on after epoch " in line for line in lines)
    (trial,) = trials(workplace)
    assert trial.state.name == "COMPLETE"


def test_a_study_without_its_record_is_refused(tmp_path):
    workplace = Workplace(tmp_path)
    command = ("hydra/sweeper=optuna", "seed=1,2", "model.hidden=[8]", "epochs=1", "context=cpu")
    command += ("figures=false", "search.n_trials=1", "search.study=mine", "--multirun")
    workplace.run(*command)
    (tmp_path / "mlflow.db").unlink()
    process = workplace.start(*command)
    _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (
        2,
        "search.study=mine: has 1 trial, and no run in experiment sweep of sqlite:///mlflow.db; "
        "allowed: the record that it was begun with, or another search.study\n",
    )


def test_what_is_held_out_can_be_searched(tmp_path):
    workplace = Workplace(tmp_path)
    workplace.run(
        *("hydra/sweeper=optuna", "dataset.val_size=int(interval(100,500))", "model.hidden=[8]"),
        *("epochs=1", "context=cpu", "figures=false", "search.n_trials=2", "--multirun"),
    )
    assert {trial.state.name for trial in trials(workplace)} == {"COMPLETE"}


def test_a_value_is_searched_with_the_choice_that_has_it(tmp_path):
    workplace = Workplace(tmp_path)
    lines = workplace.run(
        *("hydra/sweeper=optuna", "model=mlp,lenet", "model.channels=[2,2],[2,3]", "epochs=1"),
        *("model.hidden=[8]", "context=cpu", "figures=false", "search.n_trials=4", "n_jobs=1"),
        "--multirun",
    )
    assert "  model.channels: [2,2],[2,3], with model=lenet alone" in lines
    found, runs = trials(workplace), by_trial(workplace)
    assert {trial.params["model"] for trial in found} == {"mlp", "lenet"}
    for trial in found:
        assert ("model.channels" in trial.params) == (trial.params["model"] == "lenet")
    for number, run in runs.items():
        params = run.data.params
        assert params["model.name"] == found[number].params["model"]
        channels = params.get("model.channels", "").replace(" ", "")
        assert channels == found[number].params.get("model.channels", "")


def test_given_values_are_tried_first_and_once(tmp_path):
    workplace = Workplace(tmp_path)
    command = ("hydra/sweeper=optuna", "optim.lr=tag(log,interval(1e-3,1))", "epochs=1")
    command += ("model.hidden=[8],[16]", "context=cpu", "figures=false", "n_jobs=1")
    first = "search.enqueue=[{optim.lr: 0.25, model.hidden: [16]}, {optim.lr: 0.5}]"
    lines = workplace.run(*command, first, "search.n_trials=3", "--multirun")
    assert "  first: optim.lr=0.25 model.hidden=[16]" in lines
    assert [trial.params["optim.lr"] for trial in trials(workplace)][:2] == [0.25, 0.5]
    more = f"{first[:-1]}, {{optim.lr: 0.75}}]"
    process = workplace.start(*command, more, "search.n_trials=3", "--multirun")
    _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (
        2,
        "search.n_trials=3: too few for search.enqueue, of which 1 run is to be tried, after 3 "
        "trials of before; allowed is 4 or more\n",
    )
    workplace.run(*command, more, "search.n_trials=4", "--multirun")
    rates = [trial.params["optim.lr"] for trial in trials(workplace)]
    assert rates[:2] == [0.25, 0.5] and rates[2] not in (0.25, 0.5, 0.75) and rates[3] == 0.75
    runs = by_trial(workplace)
    assert runs[0].data.params["optim.lr"] == "0.25"
    assert runs[0].data.params["model.hidden"] == "[16]"


def test_a_search_begins_with_runs_that_fit(tmp_path):
    workplace = Workplace(tmp_path)
    common = ("epochs=1", "context=cpu", "figures=false")
    workplace.run(
        *("model.hidden=[8],[16]", "optim.lr=0.1,2", "tracking.experiment=before", *common),
        "--multirun",
    )
    command = ("hydra/sweeper=optuna", "model.hidden=[8],[16]", "optim.lr=interval(0.01,1)")
    command += (*common, "search.n_trials=1", "n_jobs=1")
    lines = workplace.run(*command, "search.warm_start=before", "--multirun")
    told = "2 runs known; left out: 2 with optim.lr outside of what is searched"
    assert f"  search.warm_start=before: {told}" in lines
    assert len(trials(workplace)) == 1
    sweeps, runs = workplace.runs("sweep")
    assert len(runs) == 1
    assert sweeps[0].data.tags["search.began_with"] == told
    process = workplace.start(*command, "search.warm_start=before", "seed=1", "--multirun")
    _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (
        2,
        "search.warm_start=before: none of 4 runs fits this search; left out: 2 with another "
        "value of seed, 2 with optim.lr outside of what is searched; allowed is null, or an "
        "experiment or a sweep with finished runs that this search could train\n",
    )
    assert len(optuna.get_all_study_names(f"sqlite:///{tmp_path}/optuna.db")) == 1


def test_files_that_change_meanwhile_change_nothing(tmp_path):
    workplace = Workplace(tmp_path)
    presets = tmp_path / "presets" / "optim"
    presets.mkdir(parents=True)
    (presets / "mine.yaml").write_text("name: sgd\nlr: 0.1\nwd: 0.0\nmomentum: 0.5\n")

    def edit(sweep):
        (presets / "mine.yaml").write_text("name: sgd\nlr: 0.1\nwd: 0.0\nmomentum: 0.9\n")

    code, lines, errors = workplace.watch(
        *(*SEARCH, "optim=mine", "search.n_trials=4", "n_jobs=1"),
        *("--config-dir", str(tmp_path / "presets"), "--multirun"),
        until=["run 0: epoch 2/"],
        act=edit,
    )
    assert (code, errors) == (0, ""), lines
    _, runs = workplace.runs("sweep")
    assert [run.data.params["optim.momentum"] for run in runs] == ["0.5"] * 4


def test_a_grid_has_no_intervals(tmp_path):
    process = Workplace(tmp_path).start("optim.lr=interval(0.1,1)", "--multirun")
    _, errors = process.communicate(timeout=100)
    assert (process.returncode, errors) == (
        2,
        "optim.lr=interval(0.1,1): has no end of values; allowed: a range, choices, or "
        "hydra/sweeper=optuna, which searches it\n",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["optim.lrr=interval(0.001,1)"],
            "optim.lrr is not a field of the configuration (did you mean optim.lr?)",
        ),
        (
            ["optim.lr=intervall(0.001,1)"],
            "Error parsing override 'optim.lr=intervall(0.001,1)'\n"
            "HydraException while evaluating 'intervall(0.001,1)': Unknown function 'intervall'",
        ),
        (
            ["optim.momentum=interval(0,1.5)"],
            "optim.momentum=1.4999999999999998: allowed is a number from 0 to less than 1\n"
            "(in the combination context=cpu optim.momentum=1.4999999999999998)",
        ),
        (
            ["model=mlp,lenet", "model.chanels=[2],[4]"],
            "model.chanels is not a field of the configuration (did you mean model.channels?)",
        ),
        (
            ["seed=range(0,9)", "hydra/launcher=basic"],
            "hydra/launcher=basic: cannot be given runs one by one; allowed with "
            "hydra/sweeper=optuna and seed=auto: local, ray, submitit_local, submitit_slurm",
        ),
        (
            ["seed=range(0,9)", "search.samplr=tpe"],
            "search.samplr is not a field of the configuration (did you mean search.sampler?)",
        ),
        (
            [
                *("seed=range(0,9)", "search.sampler=cmaes"),
                "search.objectives=[val/accuracy,epoch_seconds]",
            ],
            "search.sampler=cmaes: has one objective; allowed with more: gp, grid, random, tpe",
        ),
    ],
)
def test_what_is_refused_before_anything_trains(tmp_path, arguments, message):
    """One of each place that refuses; tests/unit/search/ has the others."""
    workplace = Workplace(tmp_path)
    process = workplace.start("hydra/sweeper=optuna", "context=cpu", *arguments, "--multirun")
    _, errors = process.communicate(timeout=100)
    assert errors.startswith(message), errors
    assert process.returncode == 2
    assert not (tmp_path / "optuna.db").exists()
    assert gone(process.pid) == []
