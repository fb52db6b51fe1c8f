import io
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
from hydra.core.utils import JobReturn, JobStatus
from rich.console import Console
from store import Store

from sweep.config.compose import load
from sweep.display import failures
from sweep.errors import RunFailed
from sweep.sweeps.summary import raise_failures, show_results

DONE = JobReturn(status=JobStatus.COMPLETED, _return_value=0.5)
STOPPED = JobReturn()  # as those have it that were stopped, or never began


def failed(reason, folder="multirun/0", *overrides):
    return JobReturn(
        overrides=list(overrides),
        status=JobStatus.FAILED,
        working_dir=folder,
        _return_value=RunFailed(reason),
    )


def table(capsys):
    lines = capsys.readouterr().out.splitlines()
    return [[cell for cell in line.split("  ") if cell.strip()] for line in lines if line.strip()]


def test_each_run_is_shown_by_the_command_below(tmp_path, capsys):
    store = Store(tmp_path)
    parent = store.run("sweep", **{"sweep.kind": "sweep"})
    for seed, status in enumerate(("FINISHED", "FAILED")):
        store.run("sweep", status, {"seed": seed}, {"val/accuracy": 0.5}, parent)
    show_results(SimpleNamespace(uri=store.uri, experiment="sweep"), parent, load())
    lines = capsys.readouterr().out.splitlines()
    told = "1 run finished, 1 failed; the leaderboard command below with --by-seed shows each"
    assert told in lines
    (command,) = [line for line in lines[lines.index(told) :] if line.startswith("Compare: ")]
    assert shlex.split(command)[2:] == ["-m", "sweep.leaderboard", "--sweep", parent]


@pytest.mark.parametrize("results", [[], [DONE], [DONE, STOPPED, DONE]])
def test_nothing_is_said_where_nothing_failed(capsys, results):
    raise_failures(results)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ([], "2 of 2 runs failed"),
        ([DONE], "2 of 3 runs failed"),
        ([DONE, STOPPED], "2 of 4 runs failed, 1 stopped or not begun (on_failure=stop)"),
        ([STOPPED] * 3, "2 of 5 runs failed, 3 stopped or not begun (on_failure=stop)"),
        ([STOPPED] * 1200, "2 of 1,202 runs failed, 1,200 stopped or not begun (on_failure=stop)"),
    ],
)
def test_failures_are_counted(others, message):
    with pytest.raises(RunFailed) as raised:
        raise_failures([failed("one"), *others, failed("other")])
    assert str(raised.value) == message


def test_each_failure_is_shown_with_its_reason_and_log(capsys):
    results = [
        failed("diverged at epoch 1: train/loss is nan", "multirun/1", "optim.lr=1e30", "seed=2"),
        DONE,
        failed("OSError: list[str] in [/data]", "multirun/12", "seed=3"),
    ]
    with pytest.raises(RunFailed):
        raise_failures(results)
    title, header, _, *rows = [[cell.strip() for cell in row] for row in table(capsys)]
    assert (title, header) == (["Failed"], ["run", "reason", "log"])
    assert rows == [
        ["optim.lr=1e30 seed=2", "diverged at epoch 1: train/loss is nan", "multirun/1/run.log"],
        ["seed=3", "OSError: list[str] in [/data]", "multirun/12/run.log"],
    ]


def test_addresses_and_folders_are_not_shown(capsys):
    options = ("tracking.uri=http://bob:secret@host", "checkpoint_dir=/x", "n_jobs=3", "seed=1")
    with pytest.raises(RunFailed):
        raise_failures([failed("because", "f", *options)])
    assert [cell.strip() for cell in table(capsys)[3]] == ["seed=1", "because", "f/run.log"]


def test_a_failure_without_a_folder(capsys):
    with pytest.raises(RunFailed):
        raise_failures([failed("because", None, "seed=1")])
    assert [cell.strip() for cell in table(capsys)[3]] == ["seed=1", "because"]


def test_no_text_is_cut_off_on_a_narrow_terminal(monkeypatch):
    page = Console(width=40, file=io.StringIO(), force_terminal=False)
    monkeypatch.setattr(failures, "console", lambda: page)
    folder = Path("multirun/2026-01-02/03-04-05/0")
    with pytest.raises(RunFailed):
        raise_failures(
            [failed("its process was killed by SIGKILL", folder, "optim.lr=0.123456789")]
        )
    lines = page.file.getvalue().splitlines()
    columns = ["".join(line[a:b].replace(" ", "") for line in lines[4:]) for a, b in cuts(lines)]
    assert columns == [
        "optim.lr=0.123456789",
        "itsprocesswaskilledbySIGKILL",
        f"{folder}/run.log",
    ]


def cuts(lines):
    """Return where each column begins and ends, by its header."""
    header = next(line for line in lines if "reason" in line)
    begins = [header.index(name) for name in ("run", "reason", "log")]
    return zip(begins, [*begins[1:], None], strict=True)
