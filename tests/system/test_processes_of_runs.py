"""Processes that a run of a sweep starts itself, as the workers of a DataLoader."""

import os
import signal
from pathlib import Path

import pytest
from workplace import Workplace, comes, lives

LOADED = """import os, time
from multiprocessing import Pool, Process
from pathlib import Path

import numpy as np
from mxnet.gluon.data import ArrayDataset, DataLoader


def numbers(folder):
    loader = DataLoader(ArrayDataset(np.arange(80) / 80), batch_size=20, num_workers=2)
    read = np.concatenate([each.asnumpy() for each in loader])
    kept.append(loader)  # with its workers
    workers = [each.pid for each in loader._worker_pool._pool]
    (Path(folder) / str(os.getpid())).write_text(" ".join(map(str, workers)))
    return arrays(read)


def pooled():
    with Pool(3, maxtasksperchild=1) as pool:  # a thread replaces its workers
        read = pool.map(float, range(80), chunksize=1)
    Process(target=time.sleep, args=(1e6,)).start()
    return arrays(np.array(read) / 80)


def arrays(values):
    values = np.float32(values).reshape(-1, 1)
    return values[:60], values[:60] * 2, values[60:], values[60:] * 2


kept = []
"""
SWEEP = ("model=linear", "loss=l2", "dataset=custom")
SWEEP += ("dataset.val_size=10", "batch_size=10", "figures=false", "context=cpu", "max_retries=0")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc tells what lives")
def test_runs_of_a_sweep_may_have_workers_which_end_with_them(tmp_path):
    place, pids = Workplace(tmp_path), tmp_path / "pids"
    pids.mkdir()
    (tmp_path / "loaded.py").write_text(LOADED)

    def kill(process):
        os.kill(next(int(each.name) for each in pids.iterdir() if lives(each.name)), signal.SIGKILL)

    code, lines, errors = place.watch(
        *(*SWEEP, "dataset._target_=loaded.numbers", f"+dataset.folder={pids}"),
        *("epochs=100000", "--multirun"),
        until=["run 0: epoch 2/"],
        act=kill,
        limit=500,
    )
    assert code == 1, (lines, errors)
    workers = [pid for file in pids.iterdir() for pid in file.read_text().split()]
    assert len(workers) == 2 * 2  # of the sweep's check, and of the run
    assert comes(lambda: not [pid for pid in workers if lives(pid)])


def test_a_run_ends_although_its_workers_were_replaced_and_a_process_goes_on(tmp_path):
    place = Workplace(tmp_path)
    (tmp_path / "loaded.py").write_text(LOADED)
    place.run(*SWEEP, "dataset._target_=loaded.pooled", "epochs=1")
    (run,) = place.runs("sweep")[1]
    assert run.info.status == "FINISHED"
