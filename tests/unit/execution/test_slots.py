import os
import subprocess
import sys

import pytest

from sweep.config.compose import load
from sweep.errors import UserError
from sweep.execution import gpus as devices
from sweep.execution.capacity import Lease, Slots
from sweep.execution.gpus import find_gpus, resolve
from sweep.execution.local import fork_server as workers

CPU, AUTO, GPU = (load(f"context={each}") for each in ("cpu", "auto", "gpu"))
TWO, FIVE = (load("context=cpu", f"threads_per_run={each}") for each in (2, 5))


@pytest.fixture
def cores(monkeypatch):
    """Count so many cores, whatever there are."""
    return lambda number: monkeypatch.setattr("joblib.cpu_count", lambda: number)


def test_the_places_are_those_that_were_asked_for(cores):
    cores(4)
    slots = Slots(3, [])
    assert slots.places == 3
    assert [slots.take(CPU) for _ in range(4)] == [*[Lease(1, None)] * 3, None]


def test_the_places_are_the_cores(cores):
    cores(4)
    slots = Slots(None, [])
    assert slots.places == 4
    assert [slots.take(CPU) for _ in range(5)] == [*[Lease(1, None)] * 4, None]


def test_what_is_given_back_is_free_again(cores):
    cores(3)
    slots = Slots(None, [])
    two, one = slots.take(TWO), slots.take(CPU)
    assert (two, one, slots.take(CPU)) == (Lease(2, None), Lease(1, None), None)
    slots.give_back(one)
    assert (slots.take(TWO), slots.take(CPU)) == (None, one)
    slots.give_back(two)
    assert (slots.take(TWO), slots.take(CPU)) == (two, None)


def test_more_threads_than_cores_take_all_of_them(cores):
    cores(4)
    slots = Slots(None, [])
    one = slots.take(CPU)
    assert slots.take(FIVE) is None
    slots.give_back(one)
    assert (slots.take(FIVE), slots.take(CPU)) == (Lease(4, None), None)


def test_threads_do_not_count_where_the_number_of_runs_was_given(cores):
    cores(2)
    slots = Slots(2, [])
    assert [slots.take(FIVE) for _ in range(3)] == [*[Lease(1, None)] * 2, None]


def count_places(**options):
    code = "from sweep.execution.capacity import Slots; print(Slots(None, []).places)"
    environment = {key: value for key, value in os.environ.items() if "LOKY" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="there is no affinity here")
def test_the_cores_are_those_that_the_process_may_use():
    allowed = sorted(os.sched_getaffinity(0))
    for few in (allowed[:1], allowed[:2]):
        assert count_places(preexec_fn=lambda few=few: os.sched_setaffinity(0, few)) == len(few)


# --- GPUs ---


@pytest.mark.parametrize("config", [AUTO, GPU])
def test_each_run_has_a_gpu_of_its_own(config):
    slots = Slots(4, ["2", "3"])
    first, second = slots.take(config), slots.take(config)
    assert (first, second) == (Lease(1, "2"), Lease(1, "3"))
    assert slots.take(config) is None
    assert slots.take(CPU) == Lease(1, None)  # there is a place, and no GPU is needed
    slots.give_back(second)
    assert slots.take(config) == second
    slots.give_back(first)
    assert slots.take(config) == first


def test_a_gpu_alone_is_not_enough():
    slots = Slots(1, ["0", "1"])
    assert (slots.take(AUTO), slots.take(AUTO)) == (Lease(1, "0"), None)


def test_no_gpu_is_leased_where_there_is_none():
    assert Slots(1, []).take(AUTO) == Lease(1, None)
    with pytest.raises(UserError, match="^context=gpu: MXNet sees no GPU here; "):
        Slots(1, []).take(GPU)


def test_a_run_sees_no_other_gpu():
    assert Lease(1, "3").environment() == {"CUDA_VISIBLE_DEVICES": "3"}
    assert Lease(1, None).environment() == {}


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
    assert asked == [(devices._count, 3)]  # once: it takes a process
