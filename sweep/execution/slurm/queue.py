"""What SLURM says: whether it is there, and what became of jobs."""

import shutil
import socket
import subprocess
import time
from collections.abc import Sequence

from submitit.slurm.slurm import SlurmInfoWatcher

from sweep.config.schema import Config
from sweep.errors import UserError
from sweep.execution.remote.proxy import check_shared

SLURM = "hydra/launcher=submitit_slurm"
PROGRAMS = ("sbatch", "srun", "squeue", "sinfo", "scancel")
LOOK_SECONDS = 15  # until a job that was lost is missed; submitit's own is 600
SOON_SECONDS = 2  # the same, of one that has just been submitted
ANSWER_SECONDS = 10.0  # for SLURM to say that it is there
NODES = ("sinfo", "--noheader", "--Node", "--format=%n")  # their names as hosts
QUEUE = ("squeue", "--me", "--noheader", "--states=all", "--format=%i %T")
# https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES; PREEMPTED may be queued again.
ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"),
    *("REVOKED", "TIMEOUT", "GONE"),
}


def check_slurm(config: Config, partition: str | None) -> None:
    """Check within seconds that SLURM answers, and that its machines can share the record.

    Raises:
        UserError: it does not, or is not here; or they cannot.
    """
    if missing := [each for each in PROGRAMS if not shutil.which(each)]:
        raise UserError(
            f"{SLURM}: there is no {missing[0]} here; the sweep has to be started on a machine "
            "from which SLURM takes jobs. hydra/launcher=submitit_local needs no SLURM"
        )
    nodes = ask_slurm((*NODES, *(["--partition", partition] if partition else []))).split()
    if not nodes:
        raise UserError(f"hydra.launcher.partition={partition}: SLURM has no machine there")
    ask_slurm(QUEUE)
    own = socket.gethostname()
    names = {own if each == "localhost" else each for each in [*nodes, own]}
    check_shared(config, len({each.partition(".")[0] for each in names}))


def ask_slurm(command: Sequence[str]) -> str:
    """Return what one of SLURM's commands prints.

    Raises:
        UserError: it has not answered, or cannot.
    """
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"{SLURM}: SLURM has not answered in {ANSWER_SECONDS:g} seconds") from None
    except OSError as error:  # its programs are on a disk that is away, or no process can be begun
        raise UserError(f"{SLURM}: {command[0]} cannot be started: {error.strerror}") from error
    if told.returncode:
        raise UserError(f"{SLURM}: SLURM does not answer: {' '.join(told.stderr.split())}")
    return told.stdout


class Queue(SlurmInfoWatcher):
    """Looks after jobs by ``squeue``: submitit's ``sacct`` needs a database, which few have.

    When, it tells by a clock that is never set back, as the one that submitit asks may be.
    """

    def register_job(self, job_id: str) -> None:
        """Look after one more job: at once, and often at first."""
        super().register_job(job_id)
        self._start_time = time.monotonic()

    def update_if_long_enough(self, mode: str) -> None:
        """Look at all jobs, unless that was done a short while ago; with ``force``, even then."""
        if mode == "cache":
            return
        now = time.monotonic()
        patience = min(self._delay_s, max(SOON_SECONDS, (now - self._start_time) / 2))
        if mode == "force" or now - self._last_status_check > patience:
            self.update()

    def update(self) -> None:
        """Look at all jobs. One that has left the queue, minutes after its end, is GONE."""
        self._num_calls += 1
        self._last_status_check = time.monotonic()
        try:
            told = ask_slurm(QUEUE)
        except UserError:  # SLURM is away; it will be back
            return
        states = dict(line.split() for line in told.splitlines())
        for job in self._registered - self._finished:
            self._info_dict[job] = {"State": states.get(job, "GONE")}
            if self.is_done(job, mode="cache"):
                self._finished.add(job)

    def is_done(self, job_id: str, mode: str = "standard") -> bool:
        """Return whether the job has ended: submitit takes what it does not know for an end."""
        return self.get_state(job_id, mode=mode) in ENDED
