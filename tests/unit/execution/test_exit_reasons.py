import signal

import pytest

from sweep.execution import exit_reasons as deaths
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills

VMSTAT = "nr_free_pages 12345\noom_kill {kills}\nnr_unstable 0\n"


@pytest.fixture
def counter(tmp_path, monkeypatch):
    """Stand in for /proc/vmstat: a function that sets the number of kills. Before, it is absent."""
    file = tmp_path / "vmstat"
    monkeypatch.setattr(deaths, "VMSTAT", file)
    return lambda kills: file.write_text(VMSTAT.format(kills=kills))


@pytest.mark.parametrize("code", [0, 1, 3, 143, None])
def test_an_exit_code_is_named(counter, code):
    assert cause_of_death(code, 0) == f"its process ended with exit code {code}"


@pytest.mark.parametrize(
    ("number", "what"),
    [
        (signal.SIGSEGV, "a segmentation fault"),
        (signal.SIGBUS, "a bus error"),
        (signal.SIGFPE, "an arithmetic error"),
        (signal.SIGILL, "an illegal instruction"),
        (signal.SIGABRT, "an abort"),
    ],
)
def test_a_crash_is_explained(counter, number, what):
    reason = f"its process crashed: {what} ({number.name}); its log has the stack"
    assert cause_of_death(-number, 0) == reason
    counter(7)  # somebody else was killed for memory, not this one
    assert cause_of_death(-number, 0) == reason


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGXCPU", "SIGRTMAX"])
def test_other_signals_are_named(counter, name):
    assert cause_of_death(-signal.Signals[name], 0) == f"its process was killed by {name}"


@pytest.mark.parametrize("number", [signal.SIGRTMIN + 1, signal.SIGRTMAX - 1])
def test_signals_without_a_name_of_their_own_have_their_number(counter, number):
    assert str(number) in cause_of_death(-number, 0)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (0, 1, "its process was killed by the system, which was out of memory (SIGKILL)"),
        (3, 5, "its process was killed by the system, which was out of memory (SIGKILL)"),
        (0, 0, "its process was killed by SIGKILL"),
        (3, 3, "its process was killed by SIGKILL"),
    ],
)
def test_a_kill_for_want_of_memory_is_known_by_the_counter(counter, before, after, reason):
    counter(before)
    known = out_of_memory_kills()
    counter(after)
    assert cause_of_death(-signal.SIGKILL, known) == reason


def test_the_counter_counts_for_sigkill_alone(counter):
    counter(9)
    assert cause_of_death(-signal.SIGTERM, 0) == "its process was killed by SIGTERM"
    assert cause_of_death(1, 0) == "its process ended with exit code 1"


def test_the_counter_is_read(counter):
    assert out_of_memory_kills() == 0  # there is no such file
    counter(42)
    assert out_of_memory_kills() == 42


def test_a_system_without_the_counter(counter, tmp_path):
    (tmp_path / "vmstat").write_text("nr_free_pages 12345\n")  # before Linux 4.13
    assert out_of_memory_kills() == 0
    assert cause_of_death(-signal.SIGKILL, 0) == "its process was killed by SIGKILL"


def test_the_real_counter_is_the_systems():
    if not deaths.VMSTAT.exists():
        pytest.skip(f"there is no {deaths.VMSTAT} here")

    def counted():
        counts = dict(line.split() for line in deaths.VMSTAT.read_text().splitlines())
        return int(counts.get("oom_kill", 0))

    before = counted()
    found = out_of_memory_kills()
    assert before <= found <= counted()  # others may be killed meanwhile
