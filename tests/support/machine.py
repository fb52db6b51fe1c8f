"""Runs without processes, to see what the scheduler does with them."""

import functools
import multiprocessing
import threading
from dataclasses import replace

from hydra.core.utils import JobReturn, JobStatus
from omegaconf import OmegaConf

from sweep.config.compose import load
from sweep.errors import RunFailed
from sweep.execution.capacity import LocalCapacity
from sweep.execution.exit_reasons import cause_of_death, out_of_memory_kills
from sweep.execution.job import Job, Running
from sweep.execution.scheduler import Scheduler
from sweep.execution.watch import Watch
from sweep.runs.events import PAUSED, Ended


class Process:
    """Stands in for a run's process. Told to stop, it hangs up, unless it is stubborn."""

    pid = None

    def __init__(self, hang_up, stubborn=False):
        self.hang_up, self.stubborn, self.exitcode, self.calls = hang_up, stubborn, None, []

    def terminate(self):
        self.calls.append("terminate")
        if not self.stubborn:
            self.hang_up()

    def kill(self):
        self.calls.append("kill")
        self.exitcode = -9
        self.hang_up()

    def join(self):
        self.calls.append("join")


class Machine:
    """Starts runs that do nothing but what the test lets them send."""

    def __init__(self, script):
        """Take what happens once a run was started: a function of the machine and its number."""
        self.script, self.senders, self.processes = script, {}, {}
        self._begins = threading.RLock()  # held until a run has begun: it does not end before
        self.started, self.added, self.told, self.most = [], [], [], 0

    def start(self, job, resources):
        receiver, sender = multiprocessing.Pipe(duplex=False)
        self.processes[job.number] = Process(sender.close)
        self.started.append(job.number)
        process, killed_before = self.processes[job.number], out_of_memory_kills()
        run = Running(
            job=job,
            resources=resources,
            process=process,
            connection=receiver,
            watch=Watch(job.config, process),
            exit_reason=lambda: cause_of_death(process.exitcode, killed_before),
        )
        with self._begins:
            self.senders[job.number] = sender
            self.most = max(self.most, len(self.senders))
            self.script(self, job.number)
        return run

    def send(self, number, message):
        with self._begins:
            self.senders[number].send(message)

    def finish(self, number):
        self.send(number, JobReturn(status=JobStatus.COMPLETED, _return_value=number / 10))
        self.senders.pop(number).close()

    def die(self, number, code):
        with self._begins:
            self.processes[number].exitcode = code
            self.senders.pop(number).close()

    def fail(self, number, reason):
        error = RunFailed(reason)
        self.send(number, JobReturn(status=JobStatus.FAILED, _return_value=error))
        self.senders.pop(number).close()

    def pause(self, number):
        self.send(number, Ended(PAUSED, "paused after epoch 1"))
        self.finish(number)

    def add(self, number, name, cost):
        self.added.append(number)

    def __call__(self, number, event):
        self.told.append((number, event))


_loaded = functools.cache(load)  # composing takes a while


def job(number, epochs, *overrides):
    folder = {"dir": "sweeps", "subdir": str(number)}
    composed = {"hydra": {"overrides": {"task": [f"epochs={epochs}"]}, "sweep": folder}}
    config = replace(_loaded("context=cpu", *overrides), epochs=epochs)
    overrides = (f"epochs={epochs}",)
    return Job(number, overrides, lambda: OmegaConf.create(composed), config, cost=epochs)


def run(machine, jobs, n_jobs, source=None):
    """Schedule the jobs; fail where that never ends."""
    results = []

    def work():
        try:
            machine.capacity = LocalCapacity(n_jobs, [])
            results.append(Scheduler(machine, jobs, machine, source).run())
        except BaseException as error:
            results.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), machine.started
    if isinstance(results[0], BaseException):
        raise results[0]
    return results[0]
