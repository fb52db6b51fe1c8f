"""What a sweep leaves behind: all of it but times, to compare a disturbed one with another."""

import os
import signal

from kept_parameters import kept
from workplace import gone

from sweep.tracking.artifacts import kept_text

os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
TIMES = ("epoch_seconds", "images_per_second", "cpu_seconds", "peak_memory_mib")


def outcome(client, run):
    """Return what is recorded of a finished run: its metrics with their steps, exactly; the bytes
    of its parameters; params and images."""
    number = run.info.run_id
    assert run.info.status == "FINISHED", (run.info.run_name, run.info.status, run.data.tags)
    assert "failure_reason" not in run.data.tags
    found = {"params": run.data.params}
    for key, last in run.data.metrics.items():
        points = client.get_metric_history(number, key)
        assert points[-1].value == last, key
        times = [point.timestamp for point in points]
        assert times == sorted(times), key
        found[key] = [(point.step, key in TIMES or point.value) for point in points]
    found["images"] = sorted(each.dataset.digest for each in run.inputs.dataset_inputs)
    place = run.info.artifact_uri
    found["config"] = kept_text(client.tracking_uri, number, place, "config.yaml")
    assert found["config"]
    found["parameters"] = kept(client, number)
    return found


def outcomes(client, runs):
    """Return what is recorded of finished runs, by their params; no two may have the same."""
    found = {str(sorted(run.data.params.items())): outcome(client, run) for run in runs}
    assert len(found) == len(runs)
    return found


def assert_same(found, expected):
    """Compare outcomes; say which differ, and in what."""
    assert set(found) == set(expected)
    for name, each in expected.items():
        assert set(found[name]) == set(each), name
        for key, value in each.items():
            assert found[name][key] == value, (name, key)


def assert_complete(workplace, expected, experiment="sweep", checkpoints="checkpoints"):
    """See that a sweep has ended as the undisturbed one did, and that it has left nothing over."""
    sweeps, runs = workplace.runs(experiment)
    assert [each.info.status for each in sweeps] == ["FINISHED"]
    assert_same(outcomes(workplace.client, runs), expected)
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {sweeps[0].info.run_id}
    assert_clean(workplace.folder, checkpoints)


def assert_clean(folder, checkpoints="checkpoints"):
    """See that no checkpoint but the last states, and no unfinished file is left."""
    left = {each.name for each in (folder / checkpoints).iterdir()}
    assert left - {"states"} == {"id", "locks"}
    assert [*folder.rglob("*.tmp"), *folder.glob(".mlflow.db*")] == []


def assert_interrupted_again_and_again(workplace, sweep):
    """See that an interrupt stops a sweep of two runs, and that the same command goes on with it.

    Returns:
        The lines that were printed the second time.
    """
    sessions = []

    def interrupt(process):
        sessions.append(process.pid)
        process.send_signal(signal.SIGINT)

    for interruptions in (None, "1"):
        code, lines, errors = workplace.watch(
            *sweep, until=["run 0: epoch ", "run 1: epoch "], act=interrupt
        )
        assert (code, errors) == (130, "Interrupted.\n"), lines
        for number in (0, 1):
            assert f"run {number}: interrupted: recorded as KILLED" in lines
        assert gone(sessions[-1]) == []
        (parent,), runs = workplace.runs("interrupted")
        assert {run.info.status for run in (parent, *runs)} == {"KILLED"}
        assert [run.data.tags.get("interruptions") for run in runs] == [interruptions] * 2
    return lines
