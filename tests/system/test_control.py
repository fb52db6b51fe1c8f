"""A sweep that is at work, steered from another terminal: what each action does to its runs."""

import contextlib
import json
import os
import re
import secrets
import shutil
import signal

import gated
import pytest
from outcomes import assert_clean, assert_complete, assert_same, outcomes
from slurm import Slurm
from workplace import Workplace, comes, gone, workers

from sweep.tracking import read_planned

COMMON = ("model.hidden=[32]", "optim.momentum=0.9", "epochs=6", "context=cpu", "n_jobs=2")
COMMON += ("figures=false",)
SWEEP = (*COMMON, "optim.lr=0.1,0.2,0.3,0.4", "--multirun")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What each learning rate gives in a sweep that nobody steers."""
    workplace = Workplace(tmp_path_factory.mktemp("alone"))
    workplace.run(*COMMON, "optim.lr=0.1,0.2,0.3,0.4,0.5", "--multirun")
    return outcomes(workplace.client, workplace.runs("sweep")[1])


class Steered:
    """A sweep whose runs wait after their third epoch, until the gate is open."""

    def __init__(self, folder):
        self.workplace, self.lines = Workplace(folder), []
        shutil.copy(gated.__file__, folder)
        self.gate = folder / gated.GATE

    @contextlib.contextmanager
    def started(self, *launcher):
        with self.workplace.start(*launcher, *SWEEP, module="gated") as process:
            self.process = process
            self.read_until("run 0: epoch 3/", "run 1: epoch 3/")
            (folder,) = (self.workplace.folder / "checkpoints" / "control").iterdir()
            self.sweep_id = folder.name
            yield process

    def read_until(self, *beginnings):
        """Read what the sweep prints until there was a line for each of these."""
        missing = {*beginnings}
        while missing:
            line = self.process.stdout.readline()
            assert line, self.lines
            self.lines.append(line.rstrip("\n"))
            missing = {each for each in missing if not line.startswith(each)}

    def end(self):
        """Read the rest; return the exit code and the errors."""
        output, errors = self.process.communicate(timeout=300)
        self.lines += output.splitlines()
        return self.process.returncode, errors

    def ask(self, *arguments):
        """Ask for something; return what is answered."""
        (line,) = self.workplace.run("control", self.sweep_id[:8], *arguments)
        before, _, answer = line.partition(f" ({self.sweep_id[:8]}): ")
        assert before.startswith("sweep model.hidden=[32]")
        return answer

    def refused(self, *arguments):
        """Ask for something that is refused; return why."""
        with self.workplace.start("control", self.sweep_id[:8], *arguments) as process:
            output, errors = process.communicate(timeout=300)
        assert (process.returncode, output) == (2, "")
        assert errors.count("\n") == 1
        return errors.rstrip("\n")

    def by_rate(self):
        return {run.data.params["optim.lr"]: run for run in self.workplace.runs("sweep")[1]}

    def begun(self):
        """Return the numbers of the runs in the order in which they were started."""
        starts = [re.match(r"run (\d+): model\.hidden=", each) for each in self.lines]
        return [int(each[1]) for each in starts if each]


@pytest.fixture
def steered(tmp_path):
    return Steered(tmp_path)


def test_a_sweep_is_paused_changed_and_goes_on_to_the_same_bits(steered, undisturbed):
    with steered.started():
        assert steered.ask("pause") == "2 runs will stop after the epoch in progress"
        steered.gate.touch()
        steered.read_until("run 0: paused after epoch 3", "run 1: paused after epoch 3")
        assert comes(lambda: not workers(steered.process.pid))
        runs = steered.by_rate()
        for rate in ("0.1", "0.2"):
            run = runs[rate]
            assert run.info.status == "KILLED"
            assert run.data.tags["paused_after_epoch"] == "3"
            assert [*(steered.workplace.folder / "checkpoints" / run.info.run_id).iterdir()]
        (parent,), _ = steered.workplace.runs("sweep")
        assert parent.data.tags["sweep.paused"]

        assert steered.ask("jobs", "1") == "1 run at once"
        first = "run 3 (model.hidden=[32] optim.momentum=0.9 epochs=6 context=cpu optim.lr=0.4)"
        assert steered.ask("first", "3") == f"{first} starts next"
        assert steered.ask("kill", "2").endswith(" will not be trained")
        assert steered.ask("add", "optim.lr=0.4,0.5") == "1 run added (4); 1 in the sweep already"
        planned = read_planned(steered.workplace.address, steered.sweep_id)
        assert (planned.in_all, planned.runs[-1].name.split()[-1]) == (5, "optim.lr=0.5")
        assert steered.refused("first", "9") == (
            "9: is none of the runs that this sweep trains; allowed are their numbers (0, 1, 2, 3, "
            "4), names, or ids"
        )
        assert steered.ask("resume") == "goes on: 4 runs waiting"
        assert steered.end() == (0, "")
    begun = steered.begun()
    assert begun[2] == 3
    assert (sorted(begun[:2]), sorted(begun[3:5]), begun[5:]) == ([0, 1], [0, 1], [4])
    assert "run 2: killed by sweep control: recorded as KILLED" in steered.lines
    assert "5 runs: 4 done, 1 interrupted" in "\n".join(steered.lines)

    runs = steered.by_rate()
    killed = runs.pop("0.3")
    assert (killed.info.status, killed.data.tags["failure_reason"]) == (
        *("KILLED", "killed by sweep control"),
    )
    found = outcomes(steered.workplace.client, runs.values())
    assert sorted(runs) == ["0.1", "0.2", "0.4", "0.5"]
    assert_same(found, {key: undisturbed[key] for key in found})
    assert "paused_after_epoch" not in runs["0.1"].data.tags
    assert_clean(steered.workplace.folder)

    (parent,), _ = steered.workplace.runs("sweep")
    assert parent.info.status == "FINISHED"
    assert "sweep.paused" not in parent.data.tags
    shown = steered.workplace.run("--sweep", parent.info.run_id, module="sweep.leaderboard")
    assert [each for each in shown if " 0.5 " in each]
    assert [each["asked"] for each in actions(steered.workplace, parent)] == [
        *("pause", "jobs 1", "first 3", "kill 2", "add optim.lr=0.4,0.5", "first 9", "resume"),
    ]

    # What was killed is missing: the same command trains it.
    steered.workplace.run(*SWEEP)
    assert_complete(steered.workplace, undisturbed)


def actions(workplace, parent):
    """Return what the parent run has of what was asked, in its order."""
    run_id, client = parent.info.run_id, workplace.client
    paths = sorted(each.path for each in client.list_artifacts(run_id, "control"))
    folder = workplace.folder / "downloaded"
    folder.mkdir(exist_ok=True)
    found = [client.download_artifacts(run_id, each, str(folder)) for each in paths]
    kept = []
    for each in found:
        with open(each) as stream:
            kept.append(json.load(stream))
    shutil.rmtree(folder)
    return kept


def test_a_run_is_killed_others_pause_and_the_sweep_is_stopped(steered, undisturbed):
    with steered.started() as process:
        assert steered.ask("kill", "0").endswith(" is told to end")
        steered.read_until("run 2: epoch 3/")
        assert steered.ask("jobs", "1") == (
            "1 run at once; 1 run will stop after the epoch in progress, and go on later"
        )
        killed = steered.by_rate()["0.1"]
        assert (killed.info.status, killed.data.tags["failure_reason"]) == (
            *("KILLED", "killed by sweep control"),
        )
        steered.gate.touch()
        steered.read_until("run 1: epoch 4/", "run 2: paused after epoch 3")
        steered.gate.unlink()
        steered.read_until("run 3: epoch 3/")
        assert steered.ask("add", "optim.lr=0.5") == "1 run added (4)"
        assert steered.ask("stop") == "stops; the same command goes on with it"
        assert steered.end() == (130, "Interrupted.\n")
    assert gone(process.pid) == []
    assert steered.begun()[2] == 2
    assert "run 0: killed by sweep control: recorded as KILLED" in steered.lines
    (parent,), _ = steered.workplace.runs("sweep")
    assert parent.info.status == "KILLED"
    assert [each["asked"] for each in actions(steered.workplace, parent)] == [
        *("kill 0", "jobs 1", "add optim.lr=0.5", "stop"),
    ]
    assert not (steered.workplace.folder / "checkpoints" / "control").exists()
    assert steered.refused("pause").endswith(
        f"({steered.sweep_id[:8]}) is not at work (KILLED), and there is nothing to steer; its own "
        "command goes on with what is missing"
    )
    # What was added belongs to the sweep.
    assert "  add optim.lr=0.5, as before: 1 run added (4)" in steered.workplace.run(*SWEEP)
    assert_complete(steered.workplace, undisturbed)


def test_a_pause_ends_with_a_sweep_that_is_killed_and_nothing_is_lost(steered, undisturbed):
    with steered.started() as process:
        steered.ask("pause")
        steered.gate.touch()
        steered.read_until("run 0: paused after epoch 3", "run 1: paused after epoch 3")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
    assert gone(process.pid) == []
    assert "is not at work" in steered.refused("resume")
    lines = steered.workplace.run(*SWEEP)
    assert len([each for each in lines if each.endswith(" (goes on after epoch 3)")]) == 2
    expected = {key: each for key, each in undisturbed.items() if "('optim.lr', '0.5')" not in key}
    assert_complete(steered.workplace, expected)
    (parent,), _ = steered.workplace.runs("sweep")
    assert "sweep.paused" not in parent.data.tags


@pytest.mark.nightly
def test_runs_of_a_ray_cluster_are_steered_likewise(steered, undisturbed):
    pytest.importorskip("ray")
    token = steered.workplace.folder / "token"
    token.write_text(secrets.token_hex(32))
    steered.workplace.environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    with steered.started("hydra/launcher=ray", "hydra.launcher.ray.init.address=local"):
        assert steered.ask("pause") == "2 runs will stop after the epoch in progress"
        steered.gate.touch()
        steered.read_until("run 0: paused after epoch 3", "run 1: paused after epoch 3")
        assert steered.ask("add", "optim.lr=0.5") == "1 run added (4)"
        assert steered.ask("jobs", "1") == "1 run at once"
        assert steered.ask("first", "3").endswith(" starts next")
        assert steered.ask("resume") == "goes on: 5 runs waiting"
        assert steered.end() == (0, "")
    assert steered.begun()[2] == 3
    assert_complete(steered.workplace, undisturbed)


@pytest.mark.nightly
def test_runs_of_slurm_are_steered_likewise_and_leave_its_queue(steered, undisturbed):
    pytest.importorskip("submitit")
    with Slurm() as slurm:
        steered.workplace.environment |= slurm.environment

        def queued():
            return slurm.tell("squeue", "--noheader", "--states=PENDING,RUNNING").splitlines()

        with steered.started("hydra/launcher=submitit_slurm"):
            assert len(queued()) == 2
            assert steered.ask("pause") == "2 runs will stop after the epoch in progress"
            steered.gate.touch()
            steered.read_until("run 0: paused after epoch 3", "run 1: paused after epoch 3")
            assert comes(lambda: not queued())
            assert steered.ask("kill", "2").endswith(" will not be trained")
            assert steered.ask("add", "optim.lr=0.5") == "1 run added (4)"
            assert steered.ask("first", "3").endswith(" starts next")
            assert steered.ask("jobs", "1") == "1 run at once"
            steered.gate.unlink()
            assert steered.ask("resume") == "goes on: 4 runs waiting"
            steered.read_until("run 3: epoch 3/")
            assert len(queued()) == 1
            assert steered.ask("kill", "3").endswith(" is told to end")
            steered.read_until("run 3: killed by sweep control: recorded as KILLED")
            steered.gate.touch()
            assert steered.end() == (0, "")
        assert comes(lambda: not queued())
    assert steered.begun()[2] == 3
    runs = steered.by_rate()
    for rate in ("0.3", "0.4"):
        killed = runs.pop(rate)
        assert (killed.info.status, killed.data.tags["failure_reason"]) == (
            *("KILLED", "killed by sweep control"),
        )
    found = outcomes(steered.workplace.client, runs.values())
    assert sorted(runs) == ["0.1", "0.2", "0.5"]
    assert_same(found, {key: undisturbed[key] for key in found})
