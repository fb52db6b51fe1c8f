"""What is deleted and tidied, by what is there afterwards."""

import json
import shutil
import sqlite3
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, ViewType
from store import Store

from sweep.commands.cli import run, sweep
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.results import removal
from sweep.results.best_model import spare_runs
from sweep.runs.locks import RunLocks
from sweep.sweeps.best_model import keep_best_model
from sweep.tracking import Tracker, drop_parameters, read_models

SWEEP = {"sweep.kind": "sweep"}


class Records(Store):
    """A store whose runs have files, models and checkpoints."""

    def __init__(self):
        super().__init__(Path.cwd())
        self.sweep = self.run("one", name="first", **SWEEP)
        accuracies = {"a": 0.7, "b": 0.9, "c": 0.8}
        self.ids = {name: self.trained(name, each) for name, each in accuracies.items()}

    def trained(self, name, accuracy, status="FINISHED", parent=True, **tags):
        metrics = {"val/accuracy": accuracy}
        parent = self.sweep if parent else None
        run_id = self.run("one", status, metrics=metrics, name=name, parent=parent, **tags)
        self.client.log_text(run_id, "x" * 1_000_000, "parameters/net.params")
        number = self.client.get_run(run_id).info.experiment_id
        model = self.client.create_logged_model(number, "model", run_id)
        folder = Path("made")
        folder.mkdir(exist_ok=True)
        (folder / "MLmodel").write_text("y" * 500_000)
        self.client.log_model_artifacts(model.model_id, str(folder))
        self.client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        self.client.log_outputs(run_id, [LoggedModelOutput(model.model_id, 1)])
        checkpoint = Path("checkpoints", run_id)
        checkpoint.mkdir(parents=True)
        (checkpoint / "one").write_text("z" * 200_000)
        return run_id

    def model_of(self, name):
        (output,) = self.client.get_run(self.ids[name]).outputs.model_outputs
        return output.model_id

    def given(self, *arguments):
        return run(sweep, [*arguments, "--tracking-uri", self.uri])

    def active(self):
        number = self.client.get_experiment_by_name("one").experiment_id
        return {each.info.run_name for each in self.client.search_runs([number])}

    def with_parameters(self):
        files = Path("mlruns").glob("*/*/artifacts/parameters/net.params")
        kept = {path.parts[2] for path in files}
        return {name for name, run_id in self.ids.items() if run_id in kept}

    def models(self):
        number = self.client.get_experiment_by_name("one").experiment_id
        found = self.client.search_logged_models([number])
        return {self.client.get_run(each.source_run_id).info.run_name for each in found}

    def kept(self, kind):
        """The names of the runs with such files on this machine."""
        there = {
            "runs": lambda run_id, model: any(Path("mlruns").glob(f"*/{run_id}/artifacts")),
            "models": lambda run_id, model: any(Path("mlruns").glob(f"*/models/{model}")),
            "checkpoints": lambda run_id, model: Path("checkpoints", run_id).exists(),
        }[kind]
        models = {name: self.model_of(name) for name in self.ids}
        return {name for name, run_id in self.ids.items() if there(run_id, models[name])}


@pytest.fixture
def records():
    return Records()


def test_a_run_goes_with_all_that_is_its_own(records, capsys):
    assert records.given("delete", "a", "--yes") == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["runs", "1", "1.0"] in shown
    assert ["models", "1", "0.5"] in shown
    assert ["checkpoints", "1", "0.2"] in shown
    assert ["together", "1.7"] in shown
    assert records.active() == {"first", "b", "c"}
    assert records.models() == {"b", "c"}
    for kind in ("runs", "models", "checkpoints"):
        assert records.kept(kind) == {"b", "c"}


def test_a_sweep_goes_with_its_runs_but_those_that_others_use(records, capsys):
    other = records.run("one", name="second", **SWEEP)
    records.client.log_text(other, json.dumps([records.ids["b"]]), "found.json")
    records.client.create_registered_model("digits")
    records.client.create_model_version(
        "digits", f"models:/{records.model_of('c')}", records.ids["c"]
    )
    assert records.given("delete", "first", "--yes") == 0
    said = capsys.readouterr().out
    assert f"Kept: b ({records.ids['b']}): sweep second ({other}) uses it\n" in said
    assert f"Kept: c ({records.ids['c']}): its model is digits in the registry\n" in said
    assert records.active() == {"second", "b", "c"}
    assert records.kept("runs") == records.kept("models") == {"b", "c"}
    assert records.given("delete", "b", "--yes") == 2
    assert capsys.readouterr().err.startswith(f"not deleted: b ({records.ids['b']}): sweep second")
    assert records.given("delete", "second", "b", "--yes") == 0
    assert records.active() == {"c"}


def test_what_is_at_work_is_not_deleted(records, capsys):
    locks = RunLocks(Path("checkpoints"))
    tags = {"checkpoint_folder": locks.folder_id, "fingerprint": "0123"}
    records.ids["d"] = records.trained("d", 0.5, "RUNNING", **tags)
    with locks.hold("0123", waiting=lambda: None):
        assert records.given("delete", "d", "--yes") == 2
    assert capsys.readouterr().err.startswith(f"d ({records.ids['d']}) is RUNNING; allowed is what")
    assert "d" in records.kept("runs")
    assert records.given("delete", "d", "--yes") == 0  # its process has ended without closing it
    assert "d" not in records.kept("runs")


def test_running_elsewhere_is_running(records, capsys):
    records.ids["d"] = records.trained("d", 0.5, "RUNNING", checkpoint_folder="another")
    assert records.given("delete", "first", "--yes") == 2
    assert "is RUNNING; allowed is what has ended" in capsys.readouterr().err
    assert records.kept("runs") == {"a", "b", "c", "d"}


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1)])
def test_it_asks(answer, code, records, monkeypatch, capsys):
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: answer.strip())
    assert records.given("delete", "a") == code
    assert ("a" in records.active()) is (code == 1)
    assert ("Nothing was removed." in capsys.readouterr().out) is (code == 1)


def test_an_interrupt_at_the_question_removes_nothing(records, monkeypatch, capsys):
    def interrupted(text):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.termui.visible_prompt_func", interrupted)
    assert records.given("delete", "a") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "Interrupted."
    assert "a" in records.active()


def test_where_nobody_can_be_asked_nothing_is_removed(records, capsys):
    assert records.given("delete", "a") == 2
    said = "nothing was removed: there is nobody to ask; --yes does it\n"
    assert capsys.readouterr().err == said
    assert records.active() == {"first", "a", "b", "c"}


def test_leftovers_of_deleted_and_finished_runs_are_tidied(records, capsys):
    records.client.delete_run(records.ids["a"])  # as MLflow's pages do it
    records.ids["d"] = records.trained("d", 0.5, "KILLED")
    others = [Path("checkpoints", each) for each in ("of another record", "states")]
    for each in others:
        each.mkdir()
    assert records.given("tidy", "--yes") == 0
    shown = capsys.readouterr().out
    assert "folders of deleted runs" in shown
    assert records.kept("runs") == records.kept("models") == {"b", "c", "d"}
    assert records.kept("checkpoints") == {"d"}  # which can go on
    assert all(each.exists() for each in others)
    assert records.given("tidy") == 0
    assert capsys.readouterr().out == "There is nothing to remove.\n"
    assert records.given("tidy", "--checkpoints", "--yes") == 0
    assert records.kept("checkpoints") == set()
    assert all(each.exists() for each in others)


def test_deleted_runs_stay_in_mlflows_record_until_it_forgets_them(records):
    assert records.given("delete", "first", "--yes") == 0
    number = records.client.get_experiment_by_name("one").experiment_id
    client = MlflowClient(records.uri)
    gone = client.search_runs([number], "", ViewType.DELETED_ONLY)
    assert {each.info.run_name for each in gone} == {"first", "a", "b", "c"}


def test_a_sweep_can_keep_the_parameters_and_the_model_of_its_best_run_alone(records):
    other = records.run("one", name="second", **SWEEP)
    records.ids["d"] = records.trained("d", 0.75)
    records.client.log_text(other, json.dumps([records.ids["a"]]), "found.json")
    spare = spare_runs(records.uri, "one", records.sweep, "val/accuracy", Path("checkpoints"))
    assert spare == {records.ids["c"], records.ids["d"]}  # neither the best nor what is in use
    models = [each for each in read_models(records.uri) if each.run_id in spare]
    assert drop_parameters(records.uri, spare, models) == spare
    assert records.models() == {"a", "b"}
    assert records.with_parameters() == {"a", "b"}
    assert len(list(Path("mlruns").glob("*/models/*/artifacts/MLmodel"))) == 2
    assert drop_parameters(records.uri, spare, []) == set()  # again: there is nothing any more


# --- what must not be removed ---


@pytest.fixture
def locks():
    return RunLocks(Path("checkpoints"))


def here(locks, key):
    """The tags of a run with its checkpoints here."""
    return {"checkpoint_folder": locks.folder_id, "fingerprint": key}


def held(locks, key):
    return locks.hold(key, waiting=lambda: None)


@pytest.fixture
def answered(monkeypatch):
    """Let a question be answered with yes, after something has happened."""

    def answer(happens):
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        monkeypatch.setattr("click.confirm", lambda question: happens() or True)

    return answer


def test_a_copy_of_the_database_alone_removes_nothing_of_the_original(
    records, capsys, monkeypatch, tmp_path
):
    copy = tmp_path / "copy"
    copy.mkdir()
    uri = f"sqlite:///{shutil.copy(records.uri.removeprefix('sqlite:///'), copy / 'mlflow.db')}"
    for given in (["delete", "a", "--yes"], ["tidy", "--yes", "--checkpoints"]):
        arguments = [*given, "--tracking-uri", uri, "--checkpoint-dir", "checkpoints"]
        assert run(sweep, arguments) == 0
        said = capsys.readouterr().out
        assert "Kept: the files of 1 of these: they are not beside this database, and may" in said
    for kind in ("runs", "models", "checkpoints"):
        assert records.kept(kind) == {"a", "b", "c"}
    gone = [each for each in read_models(uri) if each.run_id == records.ids["b"]]
    assert drop_parameters(uri, [records.ids["b"]], gone) == set()
    assert records.kept("models") == {"a", "b", "c"}
    assert "b" in records.with_parameters()
    assert "a" in records.active()


def test_a_copy_in_the_same_folder_is_another_record(records):
    (experiment,) = records.client.search_experiments(filter_string="name = 'one'")
    original = Path(records.uri.removeprefix("sqlite:///")).resolve()
    records.client.set_experiment_tag(experiment.experiment_id, "sweep.database", str(original))
    backup = f"sqlite:///{shutil.copy(original, original.with_name('backup.db'))}"
    assert run(sweep, ["delete", "a", "--yes", "--tracking-uri", backup]) == 0
    assert records.kept("runs") == {"a", "b", "c"}
    assert records.given("delete", "a", "--yes") == 0
    assert records.kept("runs") == {"b", "c"}


@pytest.mark.parametrize("command", [["delete", "d"], ["tidy", "--checkpoints"]])
def test_a_run_that_goes_on_while_the_question_is_open_stays(
    command, records, locks, answered, capsys
):
    records.ids["d"] = records.trained("d", 0.5, "KILLED", **here(locks, "0123"))
    with ExitStack() as stack:
        answered(lambda: stack.enter_context(held(locks, "0123")) and None)
        code = records.given(*command)
    said = capsys.readouterr().out
    assert f"Kept: d ({records.ids['d']}): a process has begun on it, or on its sweep\n" in said
    assert (code, said.splitlines()[-1]) == (
        (1, "Nothing was removed.") if command[0] == "delete" else (0, "Removed.")
    )
    assert "d" in records.active() & records.kept("runs") & records.kept("checkpoints")


def test_a_run_that_is_used_since_the_question_was_asked_stays(records, answered, capsys):
    def register():
        records.client.create_registered_model("digits")
        records.client.create_model_version("digits", "made", records.ids["a"])

    answered(register)
    assert records.given("delete", "a", "b") == 0
    said = capsys.readouterr().out
    assert f"Kept: a ({records.ids['a']}): its model is digits in the registry\n" in said
    assert records.active() == {"first", "a", "c"}
    assert records.kept("runs") == {"a", "c"}


def test_a_child_of_a_sweep_at_work_stays(records, locks, capsys):
    parent = records.run("one", "KILLED", name="second", **SWEEP, **here(locks, "4567"))
    records.sweep = parent
    records.ids["d"] = records.trained("d", 0.5, **here(locks, "0123"))
    with held(locks, "4567"):  # it goes on, and has not said so yet
        assert records.given("delete", "d", "--yes") == 2
        said = capsys.readouterr().err
        assert said.startswith(f"d ({records.ids['d']}) belongs to sweep second ({parent}), which")
        assert records.given("delete", "a", "--yes") == 2
    said = capsys.readouterr().err
    assert said.startswith(f"nothing was deleted: sweep second ({parent}) of experiment one is at")
    assert records.kept("runs") == {"a", "b", "c", "d"}
    assert records.given("delete", "d", "--yes") == 0


def test_a_combination_that_is_trained_again_is_not_called_running(records, locks, capsys):
    records.ids["d"] = records.trained("d", 0.5, **here(locks, "0123"))
    with held(locks, "0123"):
        assert records.given("delete", "d", "--yes") == 2
        assert "has ended, but a process is at work on the same comb" in capsys.readouterr().err
        assert records.given("tidy", "--yes") == 0
    assert "d" in records.kept("checkpoints")


def test_a_live_run_that_was_deleted_in_mlflows_pages_stays(records, locks, capsys):
    records.ids["d"] = records.trained("d", 0.5, "RUNNING", **here(locks, "0123"))
    records.ids["e"] = records.trained("e", 0.5, "RUNNING", checkpoint_folder="elsewhere")
    for name in "de":
        records.client.delete_run(records.ids[name])
    with held(locks, "0123"):
        assert records.given("tidy", "--yes") == 0
    said = capsys.readouterr().out
    for name in "de":
        assert f"Kept: {name} ({records.ids[name]}): a process is at work on it\n" in said
    assert {"d", "e"} <= records.kept("runs") & records.kept("checkpoints")


@pytest.mark.parametrize("source", ["runs:/{run_id}/parameters", "{model_id}"])
def test_whatever_the_registry_has_made_its_model_from_stays(source, records, capsys):
    source = source.format(run_id=records.ids["a"], model_id=f"models:/{records.model_of('a')}")
    records.client.create_registered_model("digits")
    records.client.create_model_version("digits", source, records.ids["a"])
    assert records.given("delete", "a", "--yes") == 2
    assert "its model is digits in the registry" in capsys.readouterr().err
    records.client.delete_run(records.ids["a"])
    assert records.given("tidy", "--yes") == 0
    assert "a" in records.kept("runs") & records.kept("models")


def test_a_deleted_run_that_a_sweep_uses_stays(records, capsys):
    other = records.run("one", name="second", **SWEEP)
    records.client.log_text(other, json.dumps([records.ids["b"]]), "found.json")
    records.client.delete_run(records.ids["b"])
    assert records.given("tidy", "--yes") == 0
    assert f"sweep second ({other}) uses it" in capsys.readouterr().out
    assert "b" in records.kept("runs") & records.kept("models") & records.kept("checkpoints")


@pytest.mark.parametrize("text", ['["3f39', "", '{"a": 1}', None])
def test_what_cannot_be_known_is_a_use(text, records, capsys):
    other = records.run("one", name="second", **SWEEP)
    records.client.log_text(other, text or "[]", "found.json")
    (file,) = Path("mlruns").glob(f"*/{other}/artifacts/found.json")
    if text is None:  # as if another disk were not mounted
        number = records.client.get_run(other).info.experiment_id
        with closing(sqlite3.connect(records.uri.removeprefix("sqlite:///"))) as connection:
            place = f"/not/mounted/{number}/{other}/artifacts"
            connection.execute(
                "UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (place, other)
            )
            connection.commit()
    else:
        file.write_text(text)
    assert records.given("list") == 0
    assert records.given("delete", "a", "--yes") == 2
    assert capsys.readouterr().err == (
        f"not deleted: runs of experiment one: what sweep second ({other}) uses cannot be read, "
        "and may be these\n"
    )
    with pytest.raises(UserError, match="what sweep second .* cannot be read"):
        spare_runs(records.uri, "one", records.sweep, "val/accuracy", Path("checkpoints"))
    assert records.given("delete", "a", "second", "--yes") == 0
    assert "a" not in records.kept("runs")


def test_a_run_that_another_has_started_from_stays(records, capsys):
    run_id = records.ids["a"]
    for number, start in enumerate((run_id, run_id[:6], "a", f"models:/{records.model_of('a')}")):
        params = {"init_from": start}
        other = records.run("two", name=f"started {number}", params=params)
        assert records.given("delete", "a", "--yes") == 2
        expected = f"not deleted: a ({run_id}): run started {number} ({other}) has started from it"
        assert capsys.readouterr().err.startswith(expected)
        assert records.given("delete", other, "--yes") == 0
    assert records.given("delete", "a", "--yes") == 0


def test_what_something_that_stays_has_started_from_stays_too(records, capsys):
    started = {"a": records.ids["a"]}
    for name, start in (("second", "a"), ("third", "second")):
        started[name] = records.run("one", name=name, params={"init_from": started[start]})
    records.client.create_registered_model("digits")
    records.client.create_model_version(
        "digits", f"runs:/{started['third']}/model", started["third"]
    )
    assert records.given("delete", "a", "b", "second", "third", "--yes") == 0
    said = capsys.readouterr().out
    for user, used in (("second", "a"), ("third", "second")):
        why = f"run {user} ({started[user]}) has started from it"
        assert f"Kept: {used} ({started[used]}): {why}\n" in said
    assert f"Kept: third ({started['third']}): its model is digits in the registry\n" in said
    assert {"a", "second", "third"} <= records.active()
    assert "b" not in records.active()


def test_keep_models_removes_nothing_while_another_sweep_is_at_work(records, locks, capsys):
    other = records.run("one", "RUNNING", name="second", **SWEEP, **here(locks, "0123"))
    tracker = Tracker(records.uri, "one")
    config = replace(load("keep_models=best"), checkpoint_dir="checkpoints")
    with held(locks, "0123"):
        keep_best_model(tracker, records.sweep, config)
    assert capsys.readouterr().out == (
        f"Models:  none removed: sweep second ({other}) is at work, and may use them; the same "
        "command tries again\n"
    )
    assert records.models() == {"a", "b", "c"}
    keep_best_model(tracker, records.sweep, config)  # the other is dead, as its lock says
    assert capsys.readouterr().out == "Models:  that of the best run is kept; 2 others removed\n"
    assert records.models() == {"b"}
    keep_best_model(tracker, records.sweep, config)
    assert capsys.readouterr().out == ""


def test_an_interrupt_while_models_are_removed_does_not_end_the_sweep(records, monkeypatch, capsys):
    def interrupted(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr("sweep.tracking.drop_parameters", interrupted)
    config = load("keep_models=best")
    keep_best_model(Tracker(records.uri, "one"), records.sweep, config)
    assert capsys.readouterr().out.startswith("Models:  not all removed (KeyboardInterrupt")


def test_a_deletion_that_was_cut_short_is_tidied(records, monkeypatch):
    def cut_short(path):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removal, "_remove", cut_short)
        assert records.given("delete", "a", "--yes") == 130
    assert records.active() == {"first", "b", "c"}
    assert "a" in records.kept("runs") & records.kept("models") & records.kept("checkpoints")
    assert records.given("tidy", "--yes") == 0
    assert "a" not in records.kept("runs") | records.kept("models") | records.kept("checkpoints")


def test_who_looks_takes_no_lock_and_writes_nothing(records, locks, capsys):
    records.run("one", "RUNNING", name="second", **SWEEP, **here(locks, "0123"))
    before = sorted(Path("checkpoints").rglob("*"))
    assert records.given("list") == 0
    assert "ended without closing its record" in capsys.readouterr().out
    assert sorted(Path("checkpoints").rglob("*")) == before
    for each in Path("checkpoints", "locks").iterdir():
        each.unlink()
    Path("checkpoints", "locks").rmdir()
    Path("checkpoints", "locks").write_text("no folder")
    assert records.given("list") == 0
    assert "running" in capsys.readouterr().out  # as it is recorded
