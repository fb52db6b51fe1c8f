import os
import resource
from types import SimpleNamespace

import pytest

from sweep.backend.devices import count_gpus, resolve
from sweep.config.compose import load
from sweep.errors import UserError
from sweep.execution import gpus
from sweep.execution.capacity import LocalCapacity, QueueCapacity, Resources
from sweep.execution.gpus import find_gpus
from sweep.execution.launcher import OPEN_FILES, allow_open_files
from sweep.execution.local import executor
from sweep.execution.local import fork_server as workers

CPU, AUTO, GPU = (load(f"context={each}") for each in ("cpu", "auto", "gpu"))
TWO, FIVE = (load("context=cpu", f"threads_per_run={each}") for each in (2, 5))


@pytest.fixture
def cores(monkeypatch):
    """Count so many cores, whatever there are."""
    return lambda number: monkeypatch.setattr("joblib.cpu_count", lambda: number)


def test_the_places_are_those_that_were_asked_for(cores):
    cores(4)
    capacity = LocalCapacity(3, [])
    assert capacity.slots == 3
    assert [capacity.acquire(CPU) for _ in range(4)] == [*[Resources(1, None)] * 3, None]


def test_the_places_are_the_cores(cores):
    cores(4)
    capacity = LocalCapacity(None, [])
    assert capacity.slots == 4
    assert [capacity.acquire(CPU) for _ in range(5)] == [*[Resources(1, None)] * 4, None]


def test_what_is_given_back_is_free_again(cores):
    cores(3)
    capacity = LocalCapacity(None, [])
    two, one = capacity.acquire(TWO), capacity.acquire(CPU)
    assert (two, one, capacity.acquire(CPU)) == (Resources(2, None), Resources(1, None), None)
    capacity.release(one)
    assert (capacity.acquire(TWO), capacity.acquire(CPU)) == (None, one)
    capacity.release(two)
    assert (capacity.acquire(TWO), capacity.acquire(CPU)) == (two, None)


def test_more_threads_than_cores_take_all_of_them(cores):
    cores(4)
    capacity = LocalCapacity(None, [])
    one = capacity.acquire(CPU)
    assert capacity.acquire(FIVE) is None
    capacity.release(one)
    assert (capacity.acquire(FIVE), capacity.acquire(CPU)) == (Resources(4, None), None)


def test_threads_do_not_count_where_the_number_of_runs_was_given(cores):
    cores(2)
    capacity = LocalCapacity(2, [])
    assert [capacity.acquire(FIVE) for _ in range(3)] == [*[Resources(1, None)] * 2, None]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="there is no affinity here")
def test_the_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.delenv("LOKY_MAX_CPU_COUNT", raising=False)
    allowed = os.sched_getaffinity(0)
    try:
        for few in (sorted(allowed)[:1], sorted(allowed)[:2]):
            os.sched_setaffinity(0, few)
            assert LocalCapacity(None, []).slots == len(few)
    finally:
        os.sched_setaffinity(0, allowed)


# --- GPUs ---


@pytest.mark.parametrize("config", [AUTO, GPU])
def test_each_run_has_a_gpu_of_its_own(config):
    capacity = LocalCapacity(4, ["2", "3"])
    first, second = capacity.acquire(config), capacity.acquire(config)
    assert (first, second) == (Resources(1, "2"), Resources(1, "3"))
    assert capacity.acquire(config) is None
    assert capacity.acquire(CPU) == Resources(1, None)  # there is a place, and no GPU is needed
    capacity.release(second)
    assert capacity.acquire(config) == second
    capacity.release(first)
    assert capacity.acquire(config) == first


@pytest.mark.parametrize(
    ("runs", "gpus", "at_once"),
    [
        ([CPU] * 9, [], 4),
        ([TWO, CPU, CPU, CPU], [], 3),
        ([CPU, TWO, TWO, CPU], [], 3),  # the second of two threads waits
        ([FIVE] * 3, [], 1),
        ([AUTO] * 9, ["2"], 1),
        ([AUTO, AUTO, CPU, CPU], ["2"], 3),
        ([CPU], [], 1),
    ],
)
def test_how_many_there_is_room_for_is_counted_and_taken_by_nobody(cores, runs, gpus, at_once):
    cores(4)
    capacity = LocalCapacity(None, gpus)
    assert [capacity.count_at_once(runs) for _ in range(2)] == [at_once] * 2


def test_a_gpu_alone_is_not_enough():
    capacity = LocalCapacity(1, ["0", "1"])
    assert (capacity.acquire(AUTO), capacity.acquire(AUTO)) == (Resources(1, "0"), None)


def test_no_gpu_is_leased_where_there_is_none():
    assert LocalCapacity(1, []).acquire(AUTO) == Resources(1, None)
    with pytest.raises(UserError, match="^context=gpu: MXNet sees no GPU here; "):
        LocalCapacity(1, []).acquire(GPU)


def test_a_run_sees_no_other_gpu():
    assert Resources(1, "3").environment() == {"CUDA_VISIBLE_DEVICES": "3"}
    assert Resources(1, None).environment() == {}


@pytest.mark.parametrize(
    ("context", "gpus", "device"),
    [
        ("cpu", 0, "cpu"),
        ("cpu", 2, "cpu"),
        ("auto", 0, "cpu"),
        ("auto", 1, "gpu"),
        ("gpu", 1, "gpu"),
    ],
)
def test_which_device_is_taken(context, gpus, device):
    assert resolve(context, gpus) == device


@pytest.mark.parametrize(
    ("visible", "seen", "names"),
    [
        (None, 0, []),
        (None, 2, ["0", "1"]),
        ("2,3", 2, ["2", "3"]),
        (" 5 , 1", 2, ["5", "1"]),
        ("GPU-8932f937,MIG-0a1b", 2, ["GPU-8932f937", "MIG-0a1b"]),
        ("", 0, []),
        ("0,9", 1, ["0"]),  # CUDA takes those before the first that is not there
    ],
)
def test_gpus_have_the_names_by_which_they_are_shown(monkeypatch, visible, seen, names):
    asked = []

    def call(function, threads):
        asked.append((function, threads))
        return seen

    monkeypatch.setattr(workers, "call", call)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    find_gpus.cache_clear()
    try:
        assert find_gpus(3) == find_gpus(3) == names
    finally:
        find_gpus.cache_clear()
    assert asked == [(count_gpus, 3)]  # once: it takes a process


def test_the_number_of_runs_at_once_changes_while_some_are_trained(cores):
    cores(4)
    capacity = LocalCapacity(None, [])
    taken = [capacity.acquire(TWO), capacity.acquire(CPU)]
    capacity.resize(1)
    assert (capacity.is_free, capacity.acquire(CPU)) == (False, None)
    capacity.release(taken.pop())
    assert not capacity.is_free  # the other one is as many as there may be
    capacity.resize(3)
    taken += [capacity.acquire(FIVE), capacity.acquire(CPU)]  # threads do not count any more
    assert None not in taken
    assert not capacity.is_free
    for each in taken:
        capacity.release(each)
    assert [capacity.acquire(CPU) for _ in range(4)].count(None) == 1


def test_a_queue_is_made_shorter_and_longer():
    capacity = QueueCapacity(2)
    first, _ = capacity.acquire(CPU), capacity.acquire(CPU)
    capacity.resize(1)
    capacity.release(first)
    assert capacity.acquire(CPU) is None
    capacity.resize(2)
    assert capacity.acquire(CPU) and not capacity.is_free


@pytest.mark.parametrize(("driver", "count"), [("libof_nobody.so.1", 0), ("libc.so.6", 2)])
def test_mxnet_is_asked_only_where_there_is_a_driver(monkeypatch, driver, count):
    monkeypatch.setattr(gpus, "DRIVER", driver)
    monkeypatch.setattr(executor, "find_gpus", lambda threads: ["0", "1"])
    gpus.may_have_gpus.cache_clear()
    try:
        assert executor.count_gpus(SimpleNamespace(threads_per_run=1)) == count
    finally:
        gpus.may_have_gpus.cache_clear()


def test_as_many_files_may_be_open_as_the_system_allows():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        allow_open_files()
        allowed = hard if 0 <= hard < OPEN_FILES else OPEN_FILES
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (allowed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        allow_open_files()  # more than that stays
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
