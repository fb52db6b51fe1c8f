"""Searches whose runs pause at rungs: what goes on, after any kill, and how others are closed."""

import os
import signal
import sqlite3

import optuna
import pytest
from outcomes import assert_same, outcomes
from workplace import Workplace, gone

SEARCH = (
    *("hydra/sweeper=optuna", "optim.lr=tag(log,interval(1e-3,1))", "model.hidden=[16]"),
    *("epochs=4", "search.reduction_factor=2", "search.pruner=asha", "search.startup_trials=3"),
    *("context=cpu", "figures=false"),
)
PAUSED = (*SEARCH, "search.n_trials=6", "n_jobs=1", "--multirun")


def trials(workplace):
    """Return the trials of the only study in a folder."""
    return optuna.load_study(
        study_name=None, storage=f"sqlite:///{workplace.folder}/optuna.db"
    ).trials


def facts(trial):
    return trial.number, trial.state.name, trial.params, trial.values, trial.intermediate_values


def by_trial(workplace):
    return {int(run.data.tags["search.trial"]): run for run in workplace.runs("sweep")[1]}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search of six runs, one at a time, that nobody disturbed."""
    workplace = Workplace(tmp_path_factory.mktemp("searched"))
    workplace.lines = workplace.run(*PAUSED)
    return workplace


def test_paused_runs_are_closed_as_pruned_with_their_epoch_and_the_reason(searched):
    found, known = by_trial(searched), trials(searched)
    assert [*found] == list(range(6))
    assert {len(trial.intermediate_values) for trial in known} == {1, 2, 4}
    assert [trial.state.name == "COMPLETE" for trial in known] == [
        len(trial.intermediate_values) == 4 for trial in known
    ]
    for trial in known:
        run = found[trial.number]
        assert dict(searched.curves(run)["val/accuracy"]) == trial.intermediate_values
        assert trial.user_attrs["run_id"] == run.info.run_id
        assert "paused_after_epoch" not in run.data.tags
        assert "interruptions" not in run.data.tags
        if trial.state.name == "COMPLETE":
            assert run.info.status == "FINISHED"
            assert trial.values == [max(trial.intermediate_values.values())]
            continue
        epoch = len(trial.intermediate_values)
        assert (trial.state.name, run.info.status) == ("PRUNED", "KILLED")
        assert run.data.tags["pruned_after_epoch"] == f"{epoch}"
        assert run.data.tags["failure_reason"] == (
            f"asha paused it after epoch {epoch}: others went on, with a better val/accuracy"
        )
        kept = searched.folder / "checkpoints" / run.info.run_id
        assert (kept / f"epoch-{epoch:04d}.checkpoint").exists()
    pruned = sum(trial.state.name == "PRUNED" for trial in known)
    assert f"{pruned} paused runs did not go on: closed as PRUNED" in searched.lines
    assert any(
        line.startswith(f"6 runs: {pruned} paused, {6 - pruned} done") for line in searched.lines
    )
    assert (
        f"{6 - pruned} runs finished, {pruned} pruned; "
        "the leaderboard command below with --by-seed shows each"
    ).replace("1 runs", "1 run") in searched.lines


def test_a_search_that_is_done_is_shown(searched):
    again = searched.run(*PAUSED)
    assert not [line for line in again if line.startswith("run ")]
    assert [line for line in again if line.endswith(": 6 of 6 trials done")]


def test_a_search_that_is_killed_in_between_goes_on_with_the_same_rungs(searched, tmp_path):
    workplace = Workplace(tmp_path)
    gone_on = next(line for line in searched.lines if "(goes on after epoch 1)" in line)
    number = gone_on.split(":")[0]
    strikes = [
        ("run 0: pauses: ", os.killpg, signal.SIGKILL),
        (f"{number}: epoch 2/", os.kill, signal.SIGKILL),  # its runs end by themselves
        ("run 5: ", os.killpg, signal.SIGINT),
    ]
    sessions = []

    def hit(sweep, strike, by):
        sessions.append(sweep.pid)
        strike(sweep.pid, by)

    for line, strike, by in strikes:
        _, lines, _ = workplace.watch(
            *PAUSED, until=[line], act=lambda sweep, how=strike, by=by: hit(sweep, how, by)
        )
        assert any(each.startswith(line) for each in lines), lines
        assert gone(sessions[-1]) == []  # or the next sweep would find its runs at work
    workplace.run(*PAUSED)
    assert [facts(each) for each in trials(workplace)] == [facts(each) for each in trials(searched)]
    ours, theirs = by_trial(workplace), by_trial(searched)
    done = [number for number, run in theirs.items() if run.info.status == "FINISHED"]
    assert_same(
        outcomes(workplace.client, [ours[number] for number in done]),
        outcomes(searched.client, [theirs[number] for number in done]),
    )
    for number in {*theirs} - {*done}:
        assert workplace.curves(ours[number]) == searched.curves(theirs[number])
        assert ours[number].data.tags["pruned_after_epoch"]
    assert [each.info.status for each in workplace.runs("sweep")[0]] == ["FINISHED"]


def test_what_goes_on_has_the_bits_of_runs_that_never_paused(tmp_path):
    """Two at once; and without states that others could go on from."""
    workplace, alone = (Workplace(tmp_path / name) for name in made(tmp_path, "search", "alone"))
    workplace.run(
        *(*SEARCH, "search.sampler=random", "search.n_trials=8", "n_jobs=2", "keep_states=0"),
        "--multirun",
    )
    runs = workplace.runs("sweep")[1]
    assert len(runs) == 8
    assert not [
        each for each in runs if (tmp_path / "search/checkpoints" / each.info.run_id).exists()
    ]
    rates = ",".join(run.data.params["optim.lr"] for run in runs)
    alone.run(
        *(f"optim.lr={rates}", "model.hidden=[16]", "epochs=4", "context=cpu", "figures=false"),
        *("n_jobs=2", "keep_states=0", "--multirun"),
    )
    same = {run.data.params["optim.lr"]: run for run in alone.runs("sweep")[1]}
    done = [run for run in runs if run.info.status == "FINISHED"]
    assert done
    assert_same(
        outcomes(workplace.client, done),
        outcomes(alone.client, [same[run.data.params["optim.lr"]] for run in done]),
    )
    for run in runs:
        whole, curves = alone.curves(same[run.data.params["optim.lr"]]), workplace.curves(run)
        trained = len(curves["val/accuracy"])
        for key in ("val/loss", "val/accuracy"):
            assert curves[key] == whole[key][:trained]


def made(folder, *names):
    for name in names:
        (folder / name).mkdir()
    return names


def test_studies_of_older_versions_go_on_by_their_own_rule(tmp_path):
    """They say that they are pruned by asha, which stopped runs for good."""
    workplace = Workplace(tmp_path)
    search = (*SEARCH, "model.hidden=[8]", "epochs=2", "search.startup_trials=1")
    old = (*search, "search.pruner=stop_asha")
    workplace.run(*old, "search.n_trials=1", "--multirun")
    workplace.run(*search, "search.n_trials=1", "--multirun")  # it is another study
    for study in optuna.get_all_study_summaries(f"sqlite:///{tmp_path}/optuna.db"):
        if study.user_attrs["search.pruner"] == "stop_asha":
            name = study.study_name
    with sqlite3.connect(tmp_path / "optuna.db") as database:
        database.execute("DELETE FROM study_user_attributes WHERE key = 'search.pruner'")
    database.close()
    for dry_run in ("false", "true"):
        process = workplace.start(*search, "search.n_trials=2", f"dry_run={dry_run}", "--multirun")
        _, errors = process.communicate(timeout=200)
        assert (process.returncode, errors) == (
            2,
            f"search.pruner=asha: study {name} was begun by the rule that stops runs for good; "
            "allowed: search.pruner=stop_asha, which goes on with it, or search.study=NAME for "
            "another study\n",
        )
    lines = workplace.run(*old, "search.n_trials=2", "--multirun")
    assert f"  study {name}: 1 of 2 trials done" in lines
