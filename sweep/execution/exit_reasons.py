"""Why a process died, as far as the system tells."""

import signal
from pathlib import Path

VMSTAT = Path("/proc/vmstat")
NAMED = {int(each): each for each in signal.Signals}  # of real-time signals the ends alone
CRASHES = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGBUS: "a bus error",
    signal.SIGFPE: "an arithmetic error",
    signal.SIGILL: "an illegal instruction",
    signal.SIGABRT: "an abort",
}


def cause_of_death(exit_code: int | None, out_of_memory_before: int, log: str = "its log") -> str:
    """Say why a process died.

    Args:
        exit_code: as ``multiprocessing`` has it: below 0 is a signal.
        out_of_memory_before: what :func:`out_of_memory_kills` returned when the process started.
        log: where its stacks are.
    """
    if exit_code is None or exit_code >= 0:
        return f"its process ended with exit code {exit_code}"
    if (number := NAMED.get(-exit_code)) is None:
        return f"its process was killed by signal {-exit_code}"
    if number in CRASHES:
        return f"its process crashed: {CRASHES[number]} ({number.name}); {log} has the stack"
    if number == signal.SIGKILL and out_of_memory_kills() > out_of_memory_before:
        return "its process was killed by the system, which was out of memory (SIGKILL)"
    return f"its process was killed by {number.name}"


def out_of_memory_kills() -> int:
    """Return how many processes Linux has killed for want of memory since it started.

    The kernel counts before it kills: ``__oom_kill_process`` in
    https://github.com/torvalds/linux/blob/master/mm/oom_kill.c
    """
    try:
        counters = dict(line.split() for line in VMSTAT.read_text().splitlines())
    except OSError:
        return 0
    return int(counters.get("oom_kill", 0))
