import fcntl
import os
import shutil
import signal

import faulty
import pytest
from workplace import Workplace, comes, gone, kills_for_memory, processes, worker

# Runs that differ in their epochs alone would go on from each other, one after another.
SMALL = ("model.hidden=[8]", "context=cpu", "figures=false", "keep_states=0")
FINISHED = "FINISHED"


def by_epochs(runs):
    """Return how runs ended, and why, by their number of epochs."""
    found = {int(run.data.params["epochs"]): run for run in runs}
    assert len(found) == len(runs)
    return {
        epochs: (run.info.status, run.data.tags.get("failure_reason"))
        for epochs, run in found.items()
    }


def result_lines(lines):
    """Return the lines of runs but those of their epochs."""
    return [line for line in lines if line.startswith("run ") and ": epoch " not in line]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    return Workplace(tmp_path_factory.mktemp("launcher"))


# --- a good sweep ---


@pytest.fixture(scope="module")
def good(workplace):
    """The lines of a sweep of three runs, one at a time, that ends without any complaint."""
    options = ("model=mlp,lenet", "model.hidden=[8],[9]", "epochs=1", "n_jobs=1")
    options += ("figures=false",)
    return workplace.run(*options, "tracking.experiment=good", "--multirun")


def test_the_longest_start_first_and_keep_their_numbers(good):
    name = "model.hidden=[{}] epochs=1"
    assert result_lines(good) == [
        f"run 3: {name.format(9)} lenet tanh mnist_5k",
        f"run 2: {name.format(8)} lenet tanh mnist_5k",
        f"run 1: {name.format(9)} mlp relu mnist_5k",
        f"run 0: {name.format(8)} mlp relu mnist_5k",
    ]
    begin = good.index("run 3: model.hidden=[9] epochs=1 lenet tanh mnist_5k")
    told = [line.partition(": ")[0] for line in good[begin : begin + 12]]
    assert told == [*["run 3"] * 3, *["run 2"] * 3, *["run 1"] * 3, *["run 0"] * 3]


def test_each_run_has_a_folder_with_its_own_log(workplace, good):
    _, runs = workplace.runs("good")
    ids = {run.info.run_name: run.info.run_id for run in runs}
    (folder,) = {each.parents[1] for each in workplace.folder.glob("multirun/*/*/?/run.log")}
    assert sorted(each.name for each in folder.iterdir() if each.is_dir()) == list("0123")
    for line in result_lines(good):
        number, _, name = line.removeprefix("run ").partition(": ")
        log = (folder / number / "run.log").read_text()
        assert f" sweep.runs.execute: {name} is run {ids[name]} in sqlite:///mlflow.db" in log
        assert [each for each in ids.values() if each in log] == [ids[name]]
        assert " epoch 1: {'train/loss': " in log


def test_nothing_is_recorded_of_how_many_ran_at_once(workplace, good):
    for run in workplace.runs("good")[1]:
        assert "n_jobs" not in run.data.params


# --- each run in a process of its own ---

PROBE = """
import ctypes, os, sys
import hydra
from sweep.config.compose import CONF

CALLS = []

def probe(composed, tell=None):
    from sweep.backend import mxnet as backend
    CALLS.append(1)
    seen = {
        "seed": composed.seed,
        "calls": len(CALLS),
        "leak": os.environ.get("LEAK"),
        "pid": os.getpid(),
        "folder": os.getcwd(),
        "threads": (
            composed.threads_per_run,
            backend.THREADS,
            int(os.environ["OMP_NUM_THREADS"]),
            ctypes.CDLL("libgomp.so.1").omp_get_max_threads(),
        ),
        "drawn": backend.nd.random.uniform(shape=(2,)).asnumpy().tolist(),
    }
    print("SEEN", seen)
    os.environ["LEAK"] = "yes"
    print("an error", file=sys.stderr)
    os.system("echo another program")
    return 0.0

if __name__ == "__main__":
    hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(probe)()
"""


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """What four runs saw of the process that they were in; their logs; what was printed."""
    workplace = Workplace(tmp_path_factory.mktemp("probe"))
    (workplace.folder / "probe.py").write_text(PROBE)
    options = (*SMALL, "seed=1,2", "threads_per_run=1,2")
    lines = workplace.run(*options, "--multirun", module="probe")
    logs = [log.read_text() for log in sorted(workplace.folder.glob("multirun/*/*/?/run.log"))]
    seen = [eval(log.splitlines()[0].removeprefix("SEEN ")) for log in logs]
    assert {each["folder"] for each in seen} == {str(workplace.folder)}
    return seen, logs, lines


def test_each_run_has_a_fresh_process(probed):
    seen, _, _ = probed
    assert [each["seed"] for each in seen] == [1, 1, 2, 2]
    assert len({each["pid"] for each in seen}) == 4
    assert [each["calls"] for each in seen] == [1, 1, 1, 1]
    assert [each["leak"] for each in seen] == [None] * 4
    assert len({str(each["drawn"]) for each in seen}) == 1  # from the same state


def test_each_run_has_as_many_threads_as_it_asks_for(probed):
    seen, _, _ = probed
    assert [each["threads"] for each in seen] == [(1,) * 4, (2,) * 4, (1,) * 4, (2,) * 4]


def test_what_a_run_prints_is_in_its_log(probed):
    _, logs, lines = probed
    for log in logs:
        assert log.splitlines()[1:] == ["an error", "another program"]
    assert not [line for line in lines if "SEEN" in line or "another program" in line]


@pytest.mark.nightly  # make test has it in what four runs saw
def test_threads_can_be_swept_over(workplace):
    options = (*SMALL, "threads_per_run=1,2", "epochs=1", "tracking.experiment=threads")
    workplace.run(*options, "--multirun")
    _, runs = workplace.runs("threads")
    assert {run.data.params["threads_per_run"] for run in runs} == {"1", "2"}
    assert [run.info.status for run in runs] == [FINISHED, FINISHED]


# --- runs whose process dies ---


@pytest.fixture(scope="module")
def deaths(workplace):
    """A sweep in which two of three processes get a signal."""
    signals = {1: signal.SIGKILL, 2: signal.SIGTERM}

    def strike(process):
        for number, each in signals.items():
            os.kill(worker(process.pid, number), each)

    options = (*SMALL, "epochs=2,90000,90001", "n_jobs=3", "max_retries=0")
    options += ("tracking.experiment=deaths",)
    until = [f"run {number}: epoch 1/" for number in signals]
    with kills_for_memory(fcntl.LOCK_SH):
        return workplace.watch(*options, "--multirun", until=until, act=strike)


def test_a_run_that_dies_does_not_stop_the_others(workplace, deaths):
    code, lines, errors = deaths
    assert (code, errors) == (1, "2 of 3 runs failed\n")
    (parent,), runs = workplace.runs("deaths")
    assert parent.info.status == "FAILED"
    ends = by_epochs(runs)
    assert ends[2] == (FINISHED, None)
    assert ends[90000] == ("FAILED", "its process was killed by SIGKILL")
    assert "run 1: failed: its process was killed by SIGKILL" in lines
    killed = next(run for run in runs if run.data.params["epochs"] == "90000")
    assert killed.info.end_time is not None
    (trace,) = workplace.folder.rglob(f"{killed.info.run_id}/artifacts/traceback.txt")
    assert trace.read_text() == "sweep.errors.RunFailed: its process was killed by SIGKILL\n"


def test_what_failed_is_shown_with_its_logs_at_the_end(deaths):
    words = [line.split() for line in deaths[1] if line.strip()]
    header, _, *rows = words[words.index(["Failed"]) + 1 :]
    assert header == ["run", "reason", "log"]
    reasons = ["its process was killed by SIGKILL", "its process was stopped by SIGTERM"]
    assert len(rows) == 2
    for number, (row, reason) in enumerate(zip(rows, reasons, strict=True), 1):
        overrides = f"model.hidden=[8] context=cpu epochs={89999 + number}"
        assert row[:-1] == [*overrides.split(), *reason.split()]
        assert row[-1].startswith("multirun/") and row[-1].endswith(f"/{number}/run.log")


def test_a_run_that_is_terminated_is_recorded_as_it_is_shown(workplace, deaths):
    _, lines, _ = deaths
    assert "run 2: interrupted: recorded as KILLED" in lines
    assert by_epochs(workplace.runs("deaths")[1])[90001] == ("KILLED", None)


@pytest.mark.nightly  # make test has it in test_dead_workers.py
def test_a_run_that_crashes(workplace):
    options = (*SMALL, "epochs=2,90000", "n_jobs=2", "max_retries=0", "tracking.experiment=crash")
    code, lines, errors = workplace.watch(
        *(*options, "--multirun"),
        until=["run 1: epoch 1/"],
        act=lambda process: os.kill(worker(process.pid, 1), signal.SIGSEGV),
        limit=60,
    )
    assert (code, errors) == (1, "1 of 2 runs failed\n")
    reason = "its process crashed: a segmentation fault (SIGSEGV); its log has the stack"
    ends = by_epochs(workplace.runs("crash")[1])
    assert ends == {2: (FINISHED, None), 90000: ("FAILED", reason)}
    assert f"run 1: failed: {reason}" in lines
    logs = [log.read_text() for log in workplace.folder.glob("multirun/*/*/1/run.log")]
    assert [log for log in logs if "Fatal Python error: Segmentation fault" in log]


def test_the_first_failure_stops_the_others_if_asked_to(workplace):
    options = (*SMALL, "epochs=90000", "optim.lr=0.1,1e30,0.2", "n_jobs=2", "on_failure=stop")
    process = workplace.start(*options, "tracking.experiment=stop", "--multirun")
    output, errors = process.communicate(timeout=120)
    message = "1 of 3 runs failed, 2 stopped or not begun (on_failure=stop)"
    assert (process.returncode, errors) == (1, f"{message}\n"), output
    assert gone(process.pid) == []
    (parent,), runs = workplace.runs("stop")
    assert parent.info.status == "FAILED"
    assert parent.data.tags["failure_reason"] == message
    statuses = {run.data.params["optim.lr"]: run.info.status for run in runs}
    assert statuses.pop("0.1", "KILLED") == "KILLED"  # it may not have begun
    assert statuses == {"1e+30": "FAILED"}


# --- interrupts ---

SIGNALS = {
    "ctrl-c": lambda process: os.killpg(process.pid, signal.SIGINT),
    "SIGTERM": lambda process: process.send_signal(signal.SIGTERM),
    "SIGTERM to all": lambda process: os.killpg(process.pid, signal.SIGTERM),
    "a terminal that is closed": lambda process: os.killpg(process.pid, signal.SIGHUP),
}


@pytest.mark.parametrize(
    "how",
    [
        *("ctrl-c", "SIGTERM to all", "a terminal that is closed"),
        pytest.param("SIGTERM", marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_sweep(workplace, tmp_path, monkeypatch, how):
    sessions, experiment = [], f"tracking.experiment={how}"
    monkeypatch.setitem(workplace.environment, "TMPDIR", str(tmp_path))

    def interrupt(process):
        sessions.append(process.pid)
        assert len(processes(process.pid)) >= 3
        SIGNALS[how](process)

    options = (*SMALL, "epochs=2,90000,90001,3", "n_jobs=2", experiment)
    until = [f"run {number}: epoch 1/" for number in (1, 2)]
    code, lines, errors = workplace.watch(*options, "--multirun", until=until, act=interrupt)
    assert (code, errors) == (130, "Interrupted.\n")
    assert gone(sessions[0]) == []
    (parent,), runs = workplace.runs(how)
    assert parent.info.status == "KILLED"
    assert by_epochs(runs) == {90000: ("KILLED", None), 90001: ("KILLED", None)}
    assert all(run.info.end_time for run in runs)
    for number in (1, 2):
        assert f"run {number}: interrupted: recorded as KILLED" in lines
    for run in runs:
        steps = [step for step, _ in workplace.curves(run)["train/loss"]]
        assert steps == list(range(1, len(steps) + 1))
        assert steps
    assert [*tmp_path.iterdir()] == []


def test_a_second_interrupt_ends_what_hangs(workplace, monkeypatch):
    """At once, and not when the time is over that runs have to stop: they have long here."""
    shutil.copy(faulty.__file__, workplace.folder)
    monkeypatch.setitem(workplace.environment, "FAULT", "all runs have long to stop")
    sessions = []

    def interrupt_twice(process):
        sessions.append(process.pid)
        os.kill(worker(process.pid, 1), signal.SIGSTOP)
        os.killpg(process.pid, signal.SIGINT)
        # The other run need not have ended: the stopped one may have locked the record.
        assert comes((workplace.folder / faulty.TOLD).exists)
        os.killpg(process.pid, signal.SIGINT)

    options = (*SMALL, "epochs=90000,90001", "n_jobs=2", "tracking.experiment=twice")
    until = [f"run {number}: epoch 1/" for number in (0, 1)]
    command = (*options, "--multirun")
    code, _, errors = workplace.watch(*command, module="faulty", until=until, act=interrupt_twice)
    assert (code, errors) == (130, "Interrupted.\n")
    assert gone(sessions[0]) == []  # but a record may be open: what hung may have locked it


def test_runs_do_not_outlive_the_one_that_launched_them(workplace):
    sessions = []

    def kill(process):
        sessions.append(process.pid)
        process.kill()

    options = (*SMALL, "epochs=90000,90001", "n_jobs=2", "tracking.experiment=orphans")
    until = [f"run {number}: epoch 1/" for number in (0, 1)]
    code, _, errors = workplace.watch(*options, "--multirun", until=until, act=kill)
    assert (code, errors) == (-signal.SIGKILL, "")
    assert gone(sessions[0]) == []
    assert by_epochs(workplace.runs("orphans")[1]) == dict.fromkeys(
        (90000, 90001), ("KILLED", None)
    )
