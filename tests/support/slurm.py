"""A SLURM of this machine alone, on ports of its own, with authentication by munge."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from ports import free_port

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
AccountingStorageType=accounting_storage/none
KillWait=5
ReturnToService=2
SchedulerParameters=batch_sched_delay=1
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """A controller and one node.

    Attributes:
        environment: what a program needs to find it.
    """

    def __init__(self):
        """Start nothing. Where SLURM cannot be started, the test is skipped."""
        if missing := [each for each in ("slurmctld", "slurmd", "munge") if not shutil.which(each)]:
            pytest.skip(f"no {missing[0]}: apt-get install slurmctld slurmd slurm-client munge")
        if os.getuid() != 0:
            pytest.skip("SLURM's daemons are started by root")
        self._processes = []

    def __enter__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="sweep-slurm-"))
        for name in ("state", "spool"):
            (self._folder / name).mkdir()
        path = self._folder / "slurm.conf"
        ports = {"controller": free_port(), "daemon": free_port()}
        path.write_text(
            CONFIGURATION.format(host=socket.gethostname(), folder=self._folder, **ports)
        )
        self.environment = {"SLURM_CONF": str(path)}
        try:
            self._start_munge()
            for daemon in ("slurmctld", "slurmd"):
                self._start(daemon, "-D")
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        self.tell("scancel", "--me")
        for _ in range(150):  # or else their keepers stay
            if not self.tell("squeue", "--noheader"):
                break
            time.sleep(0.1)
        for process in reversed(self._processes):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, *command, **options):
        log = (self._folder / f"{command[0]}.out").open("w")
        with log:
            process = subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )
        self._processes.append(process)

    def _start_munge(self):
        """Start the daemon that vouches for users, unless the system has started it."""
        if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
            return
        run = Path("/run/munge")
        run.mkdir(exist_ok=True)
        shutil.chown(run, "munge", "munge")
        self._start("munged", "--foreground", user="munge", group="munge")

    def _wait(self):
        deadline = time.monotonic() + 240
        while self.tell("sinfo", "--noheader", "--format=%T") != "idle":
            if time.monotonic() > deadline:
                logs = [each.read_text() for each in self._folder.glob("*.log")]
                raise TimeoutError("\n".join(logs))
            time.sleep(0.1)

    def tell(self, *command):
        """Run one of SLURM's commands; return what it prints."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        return done.stdout.strip()
