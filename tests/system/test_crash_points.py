"""Runs and sweeps that die at the worst points: nothing is lost, nothing doubled or changed."""

import fcntl
import os
import re
import shutil
import signal
import time

import faulty
import pytest
from faulty import EPOCH, FAULTS
from outcomes import assert_complete, assert_same, outcomes
from workplace import Workplace, gone, kills_for_memory

COMMON = ("model.hidden=[16]", "optim.momentum=0.9", "epochs=8", "context=cpu")
COMMON += ("early_stopping.patience=4", "batch_size=400", "figures=false")
COMMON += ("model.batch_norm=true", "model.dropout=0.2", "augment.flip=true", "augment.mixup=0.4")
ALL = f"seed={','.join(map(str, range(len(FAULTS))))}"
KILLED = "its process was killed by SIGKILL"
# make test has by_a_retry in test_dead_workers.py, for runs that die at one of these points.
WAYS = ("in_the_next_command", pytest.param("by_a_retry", marks=pytest.mark.nightly))
# After which epoch a run goes on; it does so after its last if it died when all were trained.
GOES_ON_AFTER = {
    "before the checkpoint": EPOCH - 1,
    "after the checkpoint": EPOCH,
    "after the checkpoint, and nothing was sent": EPOCH,
    "within the checkpoint": EPOCH - 1,
    "before the checkpoint has its name": EPOCH - 1,
    "after the checkpoint has its name": EPOCH,
    "recorded, and the last checkpoint is gone": EPOCH - 1,
    "recorded, and the last checkpoint is half": EPOCH - 1,
    "recorded, and all checkpoints have a wrong bit": 0,
    "recorded, and all checkpoints are gone": 0,
    "after it is created": 0,
    "before the first epoch": 0,
}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    workplace = Workplace(tmp_path_factory.mktemp("crashes"))
    shutil.copy(faulty.__file__, workplace.folder)
    return workplace


@pytest.fixture(scope="module")
def undisturbed(workplace):
    """What the runs give if nothing happens to them."""
    workplace.run(*COMMON, ALL, "tracking.experiment=undisturbed", "--multirun")
    return outcomes(workplace.client, workplace.runs("undisturbed")[1])


@pytest.fixture(scope="module", params=WAYS)
def way(request):
    """How runs that died go on: in the next command, or in the same one."""
    return request.param


@pytest.fixture(scope="module")
def lines(workplace, undisturbed, way):
    """What was printed when the runs went on."""
    command = [*COMMON, ALL, f"tracking.experiment={way}"]
    with kills_for_memory(fcntl.LOCK_SH):
        if way == "by_a_retry":
            return workplace.run(*command, "--multirun", module="faulty")
        command += ["max_retries=0", "--multirun"]
        process = workplace.start(*command, module="faulty")
        output, errors = process.communicate(timeout=300)
    failed = f"{len(FAULTS)} of {len(FAULTS)} runs failed\n"
    assert (process.returncode, errors) == (1, failed), output + errors
    assert output.count(f"failed: {KILLED}") == len(FAULTS)
    return workplace.run(*command)


def of_seed(number, found):
    (key,) = [key for key in found if f"('seed', '{number}')" in key]
    return {key: found[key]}


def test_nothing_is_left_over(workplace, undisturbed, lines, way):
    assert_complete(workplace, undisturbed, way)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_dies_ends_as_if_it_had_not(workplace, undisturbed, lines, fault, way):
    number = list(FAULTS).index(fault)
    runs = [run for run in workplace.runs(way)[1] if run.data.params["seed"] == str(number)]
    expected = of_seed(number, undisturbed)
    assert_same(outcomes(workplace.client, runs), expected)


@pytest.mark.parametrize("fault", [each for each in FAULTS if "all but" not in each])
def test_a_run_trains_only_what_is_missing(undisturbed, lines, fault, way):
    number = list(FAULTS).index(fault)
    (expected,) = of_seed(number, undisturbed).values()
    last = len(expected["train/loss"])
    assert last > EPOCH
    own = [line for line in lines if line.startswith(f"run {number}: ")]
    begins = [at for at, line in enumerate(own) if " mlp relu " in line]
    after = GOES_ON_AFTER.get(fault, last)
    told = re.findall(r" \(goes on after epoch (\d+)\)$", own[begins[-1]])
    assert told == ([str(after)] if after else [])
    epochs = [line for line in own[begins[-1] :] if re.search(r": epoch \d+/", line)]
    assert len(epochs) == last - after
    retries = [line for line in own if line.endswith(": retry 1 of 1")]
    assert retries == ([f"run {number}: {KILLED}: retry 1 of 1"] if way == "by_a_retry" else [])


def test_a_damaged_checkpoint_is_set_aside(lines):
    number = list(FAULTS).index("recorded, and the last checkpoint is half")
    own = [line for line in lines if line.startswith(f"run {number}: check")]
    assert len(own) == 1
    assert re.fullmatch(
        rf"run {number}: checkpoints/\w+/epoch-000{EPOCH}.checkpoint is damaged \(its checksum "
        rf"is wrong\): set aside as epoch-000{EPOCH}.damaged, the one before it is used",
        own[0],
    )


# --- the sweep dies ---


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("before any worker", marks=pytest.mark.nightly),
        *("before it is finished", "the power is cut"),
    ],
)
def test_a_sweep_that_dies_goes_on(tmp_path, undisturbed, fault):
    workplace = Workplace(tmp_path)
    workplace.environment["FAULT"] = fault
    shutil.copy(faulty.__file__, tmp_path)
    command = (*COMMON, "seed=0,1", "--multirun")
    process = workplace.start(*command, module="faulty")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (-signal.SIGKILL, ""), output + errors
    assert gone(process.pid) == []
    (sweep,), _ = workplace.runs("sweep")
    assert sweep.info.status == "RUNNING"
    workplace.run(*command)
    expected = of_seed(0, undisturbed) | of_seed(1, undisturbed)
    assert_complete(workplace, expected)


def test_a_sweep_that_dies_while_it_creates_the_record(tmp_path, undisturbed):
    workplace = Workplace.without_record(tmp_path)
    command = (*COMMON, "seed=0", "--multirun")
    process = workplace.start(*command)
    while not [*tmp_path.glob(".mlflow.db.new/mlflow.db")]:
        assert process.poll() is None, process.communicate(timeout=60)
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.communicate(timeout=60) == ("", "")
    assert not (tmp_path / "mlflow.db").exists()
    workplace.run(*command)
    assert_complete(workplace, of_seed(0, undisturbed))
