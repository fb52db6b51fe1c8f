"""Trained parameters from the command to the record and back: a sweep that starts from a run."""

import numpy as np
import pytest
from kept_parameters import kept
from workplace import Workplace

SMALL = ("model=lenet", "model.channels=[2,3]", "model.hidden=[8]", "epochs=2", "figures=false")
LETTERS = ("dataset=arrays", "dataset.train=letters.npz", "dataset.test_size=20", "batch_size=20")
CLASSES = 4


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images of other classes, and a run in its record."""
    place = Workplace(tmp_path_factory.mktemp("starting"))
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (120, 28, 28)).astype(np.uint8)
    np.savez(place.folder / "letters.npz", images=images, labels=np.arange(120) % CLASSES)
    place.run(*SMALL, "tracking.experiment=source")
    return place


@pytest.fixture(scope="module")
def source(place):
    (run,) = place.runs("source")[1]
    return run


@pytest.fixture(scope="module")
def sweep(place, source):
    """The lines of a sweep on other classes, from the run and from a copy of its parameters."""
    (place.folder / "copy.params").write_bytes(kept(place.client, source.info.run_id))
    starts = f"init_from={source.info.run_id},copy.params"
    return place.run(*SMALL, *LETTERS, starts, "freeze=[0.*],[]", "--multirun")


def test_a_sweep_tells_what_is_new_and_trains_the_same_once(place, source, sweep):
    assert "  2 the same as others, and trained once" in sweep
    for address in (source.info.run_id, "copy.params"):
        assert (
            f"  init_from={address}: new, as the seed draws them, are 7.weight (10×8 there, 4×8 "
            "here), 7.bias (10 there, 4 here): their shapes follow from the number of classes"
        ) in sweep
    runs = place.runs("sweep")[1]
    assert len(runs) == 2
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {run.data.params["freeze"] for run in runs} == {"[]", '["0.*"]'}
    assert len({run.data.params["init_digest"] for run in runs}) == 1
    assert all({"cpu_seconds", "peak_memory_mib"} <= {*run.data.metrics} for run in runs)


def test_it_is_reproduced_whatever_has_become_of_the_files(place, sweep):
    (place.folder / "copy.params").unlink()
    run = place.runs("sweep")[1][0]
    lines = place.run("reproduce", run.info.run_id)
    assert "11 of 11 metrics identical to the last bit" in lines
    assert lines[-1] == "Parameters: identical"


def test_what_does_not_fit_trains_nothing(place, source, sweep):
    given = ("model.channels=[2,3],[2,4]", f"init_from={source.info.run_id}")
    process = place.start(*SMALL, *given, "tracking.experiment=refused", "--multirun")
    output, errors = process.communicate(timeout=120)
    assert (process.returncode, output) == (2, "")
    assert errors == (
        f"init_from={source.info.run_id}: does not fit in 3.weight (3×2×5×5 there, 4×2×5×5 here); "
        "allowed are parameters of the same network, where only those may differ whose shapes "
        "follow from the number of classes\n"
    )
    assert place.runs("refused") == ([], [])
