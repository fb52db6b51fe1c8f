"""Each command that looks at records or tidies them, by its effect in a store of 1,000 runs."""

import contextlib
import json
import shlex
from pathlib import Path

import fake_runs
import pandas as pd
import pytest
from fake_runs import FakeRun
from mlflow import MlflowClient
from record import new_record
from sqlalchemy import event
from sqlalchemy.engine import Engine

from sweep.commands import report
from sweep.commands.cli import run, sweep
from sweep.results.runs import recorded_runs

STATES = ("FINISHED",) * 18 + ("FAILED", "KILLED")
LIKE_ANOTHER = 17  # a run of the second sweep that has the fingerprint of one of the first


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    """Two sweeps of 700 and 300 runs, each with curves of four epochs."""
    uri = new_record(tmp_path_factory.mktemp("records"))
    fake_runs.fill(uri, "large", [one_of(number) for number in range(700)], "optim.lr=range(700)")
    fake_runs.fill(uri, "small", [one_of(number, 5.0) for number in range(300)], "seed=range(300)")
    return uri


def one_of(number, shift=0.0):
    level = 0.5 + number / 2048
    curve = [level - 0.25, level - 0.125, level - 0.0625, level]
    if shift and number == LIKE_ANOTHER:
        curve = [level - 0.25, level - 0.125, level - 0.03125, level]
    name = f"run {number} of {'small' if shift else 'large'}"
    fingerprint = f"{number + (0 if number == LIKE_ANOTHER else 1000 * shift):016.0f}"
    return FakeRun(
        params={"dataset.name": "mnist_5k", "model.name": ("mlp", "lenet")[number % 2]}
        | {"optim.lr": str(number / 1000), "seed": "0"},
        curves={"val/accuracy": curve, "val/loss": [1 - value for value in curve]},
        once={"val_at_best/accuracy": (4, level), "best_epoch": (4, 4.0)},
        status=STATES[number % 20],
        name=name,
        tags={"fingerprint": fingerprint, "mlflow.runName": name},
        start_seconds=number,
    )


@contextlib.contextmanager
def statements():
    """Collect the statements that databases are given meanwhile."""
    seen = []

    def note(connection, cursor, statement, *others):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def ids(uri, name):
    client = MlflowClient(uri)
    numbers = [each.experiment_id for each in client.search_experiments()]
    found = client.search_runs(numbers, f"attributes.run_name = '{name}'")
    return [each.info.run_id for each in found]


def given(uri, *arguments):
    return run(sweep, [*arguments, "--tracking-uri", uri])


# --- sweep list ---


def test_sweeps_and_experiments_are_listed(uri, capsys):
    with statements() as seen:
        assert given(uri, "list", "--json") == 0
    assert len([each for each in seen if each.startswith("SELECT")]) < 30  # of 1,000 runs
    found = json.loads(capsys.readouterr().out)
    sweeps = {each["name"]: each for each in found["sweeps"]}
    large = sweeps["optim.lr=range(700)"]
    assert large["runs"] == {"finished": 630, "failed": 35, "killed": 35}
    assert (large["metric"], large["best"]) == ("val/accuracy", 0.5 + 697 / 2048)
    assert large["best_run_id"] == ids(uri, "run 697 of large")[0]
    assert (large["experiment"], large["state"]) == ("large", "finished")
    assert large["started"].startswith("2023-11-14T22:13:20")
    assert sum(sweeps["seed=range(300)"]["runs"].values()) == 300
    assert {each["experiment"]: each["sweeps"] for each in found["experiments"]} == {
        "large": 1,
        "small": 1,
    }


def test_the_list_is_a_table(uri, capsys):
    assert given(uri, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = [each for each in lines if "optim.lr=range(700)" in each]
    parent = ids(uri, "optim.lr=range(700)")[0]
    assert line.split()[0] == parent[:8]
    assert "630 finished, 35 failed, 35 killed  val/accuracy 0.8403" in line


# --- sweep show ---


def test_a_run_is_shown(uri, capsys):
    (run_id,) = ids(uri, "run 697 of large")
    assert given(uri, "show", "run 697 of large") == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"run 697 of large\nRun:        {run_id}\nState:      FINISHED\n")
    assert "Sweep:      optim.lr=range(700) (sweep show " in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["optim.lr", "0.697"] in lines
    assert ["val/accuracy", "0.8403", "0.8403"] in lines  # of the kept epoch, and the last
    assert ["val/accuracy", "0.5903", "▁▅▇█", "0.8403"] in lines  # the curve
    assert f"  sweep reproduce {run_id}" in shown
    assert "  sweep model=lenet optim.lr=0.697" in shown


def test_a_sweep_is_shown_with_its_best_runs(uri, capsys):
    (sweep_id,) = ids(uri, "optim.lr=range(700)")
    assert given(uri, "show", sweep_id[:12]) == 0
    shown = capsys.readouterr().out
    assert "Runs:       630 finished, 35 failed, 35 killed" in shown
    assert "Best: run 697 of large" in shown
    assert f"  sweep report --sweep {sweep_id}" in shown
    more = f"sweep leaderboard --sweep {sweep_id} --tracking-uri {uri}"
    best = f"{more} --top N shows the N best, --output FILE writes all"
    assert f"... and {630 - 10} more ({best})\n" in shown
    assert f"... and {70 - 10} more ({more} --output FILE writes all)\n" in shown


# --- sweep diff ---


def test_two_runs_differ(uri, capsys):
    first, second = (ids(uri, f"run {LIKE_ANOTHER} of {each}")[0] for each in ("large", "small"))
    assert given(uri, "diff", first, second) == 0
    shown = capsys.readouterr().out
    assert "Configuration: the same" in shown
    assert "Curves part in epoch 3\n" in shown
    lines = [line.split() for line in shown.splitlines()]
    level = 0.5 + LIKE_ANOTHER / 2048
    assert ["val/accuracy", "3", repr(level - 0.0625), repr(level - 0.03125)] in lines


def test_two_sweeps_are_matched_by_fingerprint(uri, capsys):
    assert given(uri, "diff", "optim.lr=range(700)", "seed=range(300)") == 0
    shown = capsys.readouterr().out
    assert "Only in A: 699 runs" in shown
    assert "Only in B: 299 runs" in shown
    assert "part in epoch 3 (val/accuracy, val/loss)" in shown
    assert "0 of 1 run in both identical to the last bit" in shown


# --- sweep leaderboard ---


def test_the_leaderboard_of_some_runs_and_columns(uri, capsys):
    where = "optim.lr < 0.02 and model.name == 'mlp' and val/accuracy > 0.505"
    asked = ["--experiment", "large", "--where", where, "--columns", "optim.lr,val/accuracy,run"]
    assert given(uri, "leaderboard", *asked, "--output", "some.csv") == 0
    table = pd.read_csv("some.csv")
    assert list(table) == ["rank", "optim.lr", "val/accuracy", "run"]
    assert list(table["optim.lr"]) == [0.016, 0.014, 0.012]
    assert list(table["rank"]) == [1, 2, 3]
    assert "run 16 of large" in capsys.readouterr().out


def test_a_sweep_s_leaderboard_by_the_beginning_of_its_id(uri):
    (sweep_id,) = ids(uri, "seed=range(300)")
    assert given(uri, "leaderboard", "--sweep", sweep_id[:10], "--output", "all.csv") == 0
    assert len(pd.read_csv("all.csv")) == 300


def test_a_sweep_that_is_not_there(uri, capsys):
    assert given(uri, "leaderboard", "--sweep", "none") == 2
    told = f"none is neither a run nor a sweep in {uri}; `sweep list` and `sweep leaderboard` show "
    assert capsys.readouterr().err == told + "what there is\n"


def test_the_command_that_is_shown_reports_on_the_sweep(uri, capsys, monkeypatch):
    def read_results(experiment, sweep, metric, direction, tracking_uri):
        return recorded_runs(tracking_uri, experiment, sweep)  # without what takes long

    monkeypatch.setattr(report, "read_results", read_results)
    monkeypatch.setattr(report, "render", lambda results, now: f"{len(results.ends)} runs")
    assert given(uri, "show", "seed=range(300)") == 0
    lines = [each.strip() for each in capsys.readouterr().out.splitlines()]
    (command,) = [each for each in lines if each.startswith("sweep report ")]
    assert run(sweep, shlex.split(command)[1:]) == 0
    assert Path("report.html").read_text() == "300 runs"


def test_the_leaderboard_by_the_values_of_a_field(uri):
    asked = [
        "--experiment",
        "large",
        "--group-by",
        "model.name,model.name",
        "--output",
        "groups.csv",
    ]
    assert given(uri, "leaderboard", *asked) == 0
    table = pd.read_csv("groups.csv", float_precision="round_trip")
    assert list(table["model.name"]) == ["lenet", "mlp"]
    finished = [n for n in range(700) if STATES[n % 20] == "FINISHED" and n % 2]
    assert table["runs"][0] == len(finished)
    assert table["val/accuracy"][0] == 0.5 + 697 / 2048
    assert table["mean"][0] == pytest.approx(sum(0.5 + n / 2048 for n in finished) / len(finished))
    assert table["run"][0] == "run 697 of large"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--where", "optim.lrr < 1"], "--where optim.lrr < 1: optim.lrr is not known (did you "),
        (["--where", "optim.lr = 1"], "--where optim.lr = 1: to compare, write ==; allowed are "),
        (["--where", "optim.lr > 9"], "--where optim.lr > 9: holds for none of 700 runs"),
        (["--columns", "a,b"], "--columns a,b: there is no column a; there are: rank, run, "),
        (["--group-by", "modl.name"], "--group-by modl.name: modl.name is no field of these runs "),
        (
            ["--group-by", "model.name", "--columns", "run"],
            "--group-by model.name: is not for use with --columns; leave one out",
        ),
    ],
)
def test_what_cannot_be_asked_of_the_leaderboard(arguments, message, uri, capsys):
    assert given(uri, "leaderboard", "--experiment", "large", *arguments) == 2
    assert capsys.readouterr().err.startswith(message)


# --- sweep tag, sweep note ---


def test_tags_are_set_taken_away_and_can_be_asked_for(uri):
    (run_id,) = ids(uri, "run 4 of large")
    client = MlflowClient(uri)
    assert given(uri, "tag", "run 4 of large", "verdict=good", "for=the paper=yes", "n=3") == 0
    tags = client.get_run(run_id).data.tags
    assert (tags["verdict"], tags["for"]) == ("good", "the paper=yes")
    where = "tags.verdict == 'good' and tags.n == '3' and tags.n == 3"
    asked = ["--where", where, "--by-seed", "--output", "tagged.csv"]
    assert given(uri, "leaderboard", "--experiment", "large", *asked) == 0
    assert list(pd.read_csv("tagged.csv")["run_id"]) == [run_id]
    assert given(uri, "tag", run_id, "verdict=", "nothing=") == 0
    assert "verdict" not in client.get_run(run_id).data.tags


def test_a_note_is_mlflows_own(uri, capsys):
    (run_id,) = ids(uri, "run 6 of large")
    assert given(uri, "note", run_id, "the one\nfor the paper") == 0
    client = MlflowClient(uri)
    assert client.get_run(run_id).data.tags["mlflow.note.content"] == "the one\nfor the paper"
    capsys.readouterr()
    assert given(uri, "show", run_id) == 0
    assert "Note:\n  the one\n  for the paper\n" in capsys.readouterr().out
    assert given(uri, "note", run_id, "") == 0
    assert "mlflow.note.content" not in client.get_run(run_id).data.tags


# --- bad input ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nosuch"], "nosuch is neither a run nor a sweep in "),
        (["show", ""], "(nothing) is neither a run nor a sweep in "),
        (["show", "0000"], "0000 may be several in "),
        (["diff", "run 1 of large", "nosuch"], "nosuch is neither a run nor a sweep in "),
        (
            ["diff", "run 1 of large", "seed=range(300)"],
            "run 1 of large is a run and seed=range(300) a sweep; allowed are two runs, or two ",
        ),
        (["tag", "nosuch", "a=b"], "nosuch is neither a run nor a sweep in "),
        (["tag", "run 1 of large", "a"], "a: allowed is KEY=VALUE, or KEY= to take a tag away"),
        (["tag", "run 1 of large", "=a"], "=a: allowed is KEY=VALUE, or KEY= to take a tag away"),
        (
            ["tag", "run 1 of large", "mlflow.user=me"],
            "mlflow.user=me: mlflow.user has a meaning of its own; allowed is another name",
        ),
        (["tag", "run 1 of large", "a!=b"], "a!=b: cannot be a tag: "),
        (["note", "nosuch", "text"], "nosuch is neither a run nor a sweep in "),
        (["delete", "nosuch"], "nosuch is neither a run nor a sweep in "),
    ],
)
def test_a_mistake_is_a_line(arguments, message, uri, capsys):
    assert given(uri, *arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith(message)
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", [["list"], ["show", "x"], ["tidy"], ["delete", "x"]])
def test_without_a_record(command, capsys):
    assert run(sweep, command) == 2
    assert capsys.readouterr().err.startswith("no runs are recorded in sqlite:///mlflow.db: there ")
    assert list(Path.cwd().iterdir()) == []
