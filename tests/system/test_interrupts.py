"""An interrupt that comes where Python swallows it is raised again where it does not."""

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import faulty
import pytest
from workplace import Workplace, comes, fork_servers, gone

from sweep import signals as interrupts


@pytest.fixture
def none_is_lost(monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    kept = {each: signal.getsignal(each) for each in (signal.SIGALRM, signal.SIGINT)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupts.let_none_be_lost()
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


class Interrupted:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)


class Broken:
    def __del__(self):
        raise ValueError("of an array that is dropped")


def test_an_interrupt_while_an_array_is_dropped(none_is_lost):
    begun = False
    with pytest.raises(KeyboardInterrupt):
        Interrupted()
        begun = True
        time.sleep(60)
    assert begun


def test_what_else_is_raised_there_is_printed_as_ever(none_is_lost, capsys):
    Broken()
    assert "ValueError: of an array that is dropped" in capsys.readouterr().err


DEAF = """
import ctypes, signal
from sweep.signals import let_the_second_end_the_process
signal.signal(signal.SIGINT, lambda *_: None)  # in the main thread, which will never do it
let_the_second_end_the_process()
libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
print("deaf", flush=True)
libc.pthread_mutex_lock(mutex)
"""


def is_pending(number, process):
    """Return whether a signal was sent to a process, and has not reached it."""
    status = Path(f"/proc/{process}/status").read_text()
    found = re.findall(r"^(?:Sig|Shd)Pnd:\t(\w+)$", status, re.MULTILINE)
    return any(int(each, 16) & 1 << (number - 1) for each in found)


def test_the_second_ends_a_process_whose_main_thread_is_in_a_library():
    command = [sys.executable, "-c", DEAF]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"deaf\n"
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        assert comes(lambda: not is_pending(signal.SIGINT, process.pid))  # or the two are one
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == interrupts.EXIT_CODE


@pytest.mark.parametrize("launched", [False, True])
def test_a_run_is_interrupted_while_an_array_is_dropped(tmp_path, launched):
    workplace = Workplace(tmp_path)
    shutil.copy(faulty.__file__, tmp_path)
    workplace.environment["FAULT"] = "all runs are interrupted while an array is dropped"
    command = ("model.hidden=[8]", "context=cpu", "figures=false", "epochs=90000")
    command += (*launched * ["--multirun"],)
    process = workplace.start(*command, module="faulty")
    output, errors = process.communicate(timeout=120)
    if launched:
        assert (process.returncode, errors) == (1, "1 of 1 runs failed\n"), output
        assert "run 0: interrupted: recorded as KILLED" in output.splitlines()
    else:
        assert (process.returncode, errors) == (130, "Interrupted.\n"), output
        assert output.splitlines()[-1] == "  interrupted: recorded as KILLED"
    (run,) = workplace.runs("sweep")[1]
    assert run.info.status == "KILLED"


def test_a_reproduction_is_interrupted(tmp_path):
    workplace = Workplace(tmp_path)
    workplace.run("model.hidden=[8]", "context=cpu", "figures=false", "epochs=90")
    (run,) = workplace.runs("sweep")[1]
    code, _, errors = workplace.watch(
        run.info.run_id,
        module="sweep.reproduce",
        until=["  epoch 1/"],
        act=lambda process: process.send_signal(signal.SIGINT),
    )
    assert (code, errors) == (130, "Interrupted.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_libraries_are_imported_leaves_no_process(tmp_path, number):
    """Nor one that keeps the output open: who reads it does not wait for what nobody needs."""
    with Workplace(tmp_path).start_anew("seed=0,1", "--multirun") as process:
        assert comes(lambda: fork_servers(process.pid))
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) in [(-number, "", ""), (130, "", "Interrupted.\n")]
    assert gone(process.pid) == []
