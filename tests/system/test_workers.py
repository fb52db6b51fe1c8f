import fcntl
import signal
import subprocess
import sys

import pytest
from workplace import kills_for_memory

# What the script itself defines cannot be called: a fresh process would run it anew.
CALLS = """
import os, sys
from sweep.execution.local import fork_server as workers
import asked

if __name__ == "__main__":
    workers.start_server(1)
    first, second = (workers.call(asked.process, 1) for _ in range(2))
    other = workers.call(asked.process, 2)
    assert len({os.getpid(), first[0], second[0], other[0]}) == 4
    assert first[1] == second[1] != os.getpid(), "forked from one server"
    assert [each[2] for each in (first, second, other)] == ["1", "1", "2"]
    # The server has imported MXNet for those that it forks; the spawned one starts with nothing.
    assert [each[3] for each in (first, second, other)] == [True, True, False]
    assert "mxnet" not in sys.modules
    try:
        workers.call(asked.fail, 1)
    except Exception as error:
        print(type(error).__name__, error)
"""
ASKED = """
import os, sys
from sweep.errors import UserError

def process():
    return os.getpid(), os.getppid(), os.environ["OMP_NUM_THREADS"], "mxnet" in sys.modules

def fail():
    raise UserError("what is wrong")
"""


def run(folder, code):
    (folder / "script.py").write_text(code)
    return subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        start_new_session=True,
    )


def test_functions_are_called_in_fresh_processes(tmp_path):
    (tmp_path / "asked.py").write_text(ASKED)
    done = run(tmp_path, CALLS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "UserError what is wrong\n", "")


GUESSED = """
import os
from multiprocessing import forkserver
from sweep.execution.local import fork_server as workers
import asked

if __name__ == "__main__":
    forkserver.set_forkserver_preload = lambda modules: None  # these need none of it
    os.environ["OMP_NUM_THREADS"] = "7"
    workers.guess_server(4)
    dropped = forkserver._forkserver._forkserver_pid
    workers.drop_guess()
    assert not os.path.exists(f"/proc/{{dropped}}")
    workers.guess_server(1)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    guessed = forkserver._forkserver._forkserver_pid
    workers.start_server({threads})
    _, server, threads, _ = workers.call(asked.process, {threads})
    assert threads == "{threads}" == os.environ["OMP_NUM_THREADS"]
    assert (server == guessed) is {stays}
    assert os.path.exists(f"/proc/{{guessed}}") is {stays}
    workers.start_server(3)
    workers.drop_guess()
    assert workers.call(asked.process, {threads})[1] == server, "what is known is known"
"""


@pytest.mark.parametrize(("threads", "stays"), [(1, True), (2, False)])
def test_a_server_that_was_started_on_a_guess_stays_if_that_was_right(tmp_path, threads, stays):
    (tmp_path / "asked.py").write_text(ASKED)
    done = run(tmp_path, GUESSED.format(threads=threads, stays=stays))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


OTHERS = """
import multiprocessing, os, sys
from multiprocessing import forkserver
from sweep.execution.local import fork_server as workers
import asked

if __name__ == "__main__":
    workers.PRELOAD = "asked"
    workers.start_server(1)
    if not os.fork():
        sys.exit()
    os.wait()
    assert os.waitpid(forkserver._forkserver._forkserver_pid, os.WNOHANG) == (0, 0)
    started = multiprocessing.get_context("forkserver")
    for target, daemon in ((asked.goes_on, True), (asked.ends, False)):
        started.Process(target=target, daemon=daemon).start()
"""


def test_what_others_start_by_the_server_ends_with_the_process_as_it_does_without(tmp_path):
    (tmp_path / "asked.py").write_text(
        "import time\n"
        "from sweep.signals import let_come\n"
        "let_come()\n"
        "def ends(): time.sleep(1); print('waited for')\n"
        "def goes_on(): time.sleep(5); print('left behind')\n"
    )
    done = run(tmp_path, OTHERS)
    assert (done.stdout, done.stderr, done.returncode) == ("waited for\n", "", 0)


SIGNALLED = """
import os, signal, sys
from multiprocessing import util
from sweep import signals
from sweep.execution.local import early, fork_server

start = util.spawnv_passfds

def start_and_be_told_to_end(path, arguments, descriptors):
    started = start(path, arguments, descriptors)
    if "forkserver" in arguments[-1]:
        os.kill(os.getpid(), {number})
    return started

util.spawnv_passfds = start_and_be_told_to_end
fork_server.PRELOAD = "slow"
{begin}
"""
BEGINNINGS = {
    "as typed": (
        "for number in signals.STOPPING: signal.signal(number, signal.SIG_DFL)\n"
        "early.start_as_typed(['seed=0,1', 'figures=false', '--multirun'])"
    ),
    "later": (
        "for number in signals.STOPPING: signal.signal(number, signal.default_int_handler)\n"
        "try: fork_server.start_server(1)\n"
        "except KeyboardInterrupt: sys.exit(130)"
    ),
}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("begin", BEGINNINGS)
def test_an_interrupt_while_the_server_is_started_is_not_lost(tmp_path, number, begin):
    (tmp_path / "slow.py").write_text("import time; time.sleep(60); print('left behind')")
    done = run(tmp_path, SIGNALLED.format(number=int(number), begin=BEGINNINGS[begin]))
    assert (done.stdout, done.stderr) == ("", "")
    assert done.returncode == (-number if begin == "as typed" else 130)


PRELOAD = """
import sys
import sweep.backend.mxnet
from sweep.backend.mxnet import mx

def forbidden(*arguments, **options):
    raise AssertionError("not before the fork")

mx.context.num_gpus = mx.random.seed = forbidden
for name in ("_new_alloc_handle", "_new_empty_handle"):
    assert hasattr(mx.nd.ndarray, name)
    setattr(mx.nd.ndarray, name, forbidden)
mx.nd.ndarray.NDArray.__init__ = forbidden
try:
    mx.nd.ndarray._new_empty_handle()
except AssertionError:
    pass
else:
    raise SystemExit("an array could be made")

import threading
import sweep.execution.local.preload
import sqlalchemy.pool

for module in ("sweep.runs.execute", "sweep.tracking", "mlflow.store.tracking.sqlalchemy_store"):
    assert module in sys.modules, module
assert threading.active_count() == 1, threading.enumerate()
import gc
assert not [each for each in gc.get_objects() if isinstance(each, mx.nd.NDArray)]
assert not [each for each in gc.get_objects() if isinstance(each, sqlalchemy.pool.Pool)]
print("preloaded")
"""


def test_the_server_imports_what_runs_need_and_makes_nothing_of_it(tmp_path):
    done = run(tmp_path, PRELOAD)
    assert (done.stdout, done.stderr, done.returncode) == ("preloaded\n", "", 0)
    assert [each.name for each in tmp_path.iterdir()] == ["script.py"]


@pytest.fixture
def broken_mxnet(tmp_path, monkeypatch):
    """An MXNet whose library cannot be loaded, for the processes that are started."""
    (tmp_path / "mxnet.py").write_text("raise OSError('libgomp.so.1: cannot open')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_the_server_starts_where_mxnet_cannot_be_loaded(tmp_path, broken_mxnet):
    done = run(tmp_path, "import sweep.execution.local.preload; print('preloaded')")
    assert (done.stdout, done.stderr, done.returncode) == ("preloaded\n", "", 0)


ASK_FOR_GPUS = """
from sweep.execution.local import fork_server as workers
from sweep.execution.gpus import find_gpus
from sweep.errors import UserError

if __name__ == "__main__":
    workers.start_server({threads})
    try:
        find_gpus(1)
    except UserError as error:
        print(error)
"""


@pytest.mark.parametrize("threads", [1, 2])  # the number that is forked, and another
def test_who_asks_for_gpus_learns_that_mxnet_cannot_be_loaded(tmp_path, broken_mxnet, threads):
    done = run(tmp_path, ASK_FOR_GPUS.format(threads=threads))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "MXNet cannot be loaded: libgomp.so.1: cannot open. On Debian and Ubuntu: "
        "apt-get install libgomp1 libquadmath0\n"
    )


# Interrupts all processes when this one waits for a new one, while the server loads MXNet.
INTERRUPT = """
import os, signal, sys, threading, time
from sweep.execution.local import fork_server as workers
import asked

def interrupt():
    main = threading.main_thread().ident
    while sys._current_frames()[main].f_code.co_name != "read_signed":
        time.sleep(0.01)
    os.killpg(0, signal.SIGINT)

if __name__ == "__main__":
    workers.start_server(1)
    threading.Thread(target=interrupt, daemon=True).start()
    try:
        {begin}
    except KeyboardInterrupt:
        print("Interrupted.")
    time.sleep(4)
"""


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param("workers.call(asked.process, 1)", marks=pytest.mark.nightly),
        "workers.context(1).Process(target=asked.process).start()",
    ],
)
def test_an_interrupt_while_the_server_loads(tmp_path, broken_mxnet, begin):
    (tmp_path / "asked.py").write_text(ASKED)
    (tmp_path / "mxnet.py").write_text("import time; time.sleep(3); raise OSError('late')")
    done = run(tmp_path, INTERRUPT.format(begin=begin))
    assert (done.returncode, done.stdout, done.stderr) == (0, "Interrupted.\n", "")


# The first process leaves another behind, which holds the line, and dies before it can say so.
ALONE = """
import contextlib, multiprocessing, os, signal, time
from pathlib import Path
from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf
from sweep.config.compose import load
from sweep.execution import watch
from sweep.execution.job import Job
from sweep.execution.local import forked
from sweep.execution.scheduler import Scheduler

left = Path("left")

def train(tell):
    if not left.exists():
        other = multiprocessing.Process(target=time.sleep, args=(100,))
        other.start()
        left.write_text(str(other.pid))
        print("printed")
        os.kill(os.getpid(), signal.SIGKILL)
    with multiprocessing.Pool(1) as pool:
        answer = pool.apply(abs, (-2,))
    return JobReturn(status=JobStatus.COMPLETED, _return_value=answer)

class Shown:
    def add(self, *job):
        pass

    def __call__(self, number, event):
        print(event.reason)

watch.LOOK_SECONDS = 0.1
forked.PRELOAD = "os"  # these need no more
folder = OmegaConf.create({"hydra": {"sweep": {"dir": ".", "subdir": ""}}})
job = Job(0, (), lambda: folder, load("stall_timeout=null"))
print(Scheduler(forked.ForkedExecutor(train), [job], Shown()).run()[0].return_value)
with contextlib.suppress(ProcessLookupError):  # Linux has ended it
    os.kill(int(left.read_text()), signal.SIGKILL)
"""


def test_a_run_alone_starts_processes_and_dies_though_they_go_on(tmp_path):
    with kills_for_memory(fcntl.LOCK_SH):
        done = run(tmp_path, ALONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "printed\nits process was killed by SIGKILL\n2\n"
