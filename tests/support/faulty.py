"""python -m faulty is python -m sweep, but each run's first process dies at a point of its own.

The point is FAULTS[seed]. The variable FAULT names another: one of SWEEP_FAULTS, for the sweep, or
of RUN_FAULTS, for the first process of each run. Tests copy this file to where they work.
"""

import ctypes
import io
import os
import signal
import threading
import time
from pathlib import Path

import sweep.__main__ as program
from sweep.commands import train

usual_task = train.task

EPOCH = 4
LAST = f"epoch-{EPOCH:04d}.checkpoint"
TOLD = "told_to_stop"


def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name, act):
    """Act on the arguments before a method, or a module's function, does its work."""
    usual = getattr(owner, name)

    def patched(*arguments, **options):
        act(*arguments)
        return usual(*arguments, **options)

    setattr(owner, name, patched)


def after(owner, name, act):
    """Act on the arguments after a method, or a module's function, has done its work."""
    usual = getattr(owner, name)

    def patched(*arguments, **options):
        result = usual(*arguments, **options)
        act(*arguments)
        return result

    setattr(owner, name, patched)


def at_epoch(_, snapshot):
    if snapshot.epoch == EPOCH:
        die()


def at_end(client, run_id, status=None, *_):
    if status == "FINISHED":
        die()


def recorded_with(damage):
    """Let the record be ahead: damage the run's checkpoints, then die, with all metrics sent."""

    def act(record, epoch):
        if epoch.epoch == EPOCH:
            record.flush()
            damage(sorted(Path("checkpoints", record.run_id).glob("epoch-*")))
            die()

    def fault():
        from sweep.tracking import Record

        after(Record, "log_epoch", act)

    return fault


def halve(file):
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file):
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)


def before_the_checkpoint():
    from sweep.training.checkpoints import Checkpoints

    before(Checkpoints, "save", at_epoch)


def after_the_checkpoint():
    from sweep.training.checkpoints import Checkpoints

    after(Checkpoints, "save", at_epoch)


def after_the_checkpoint_and_nothing_was_sent():
    from sweep.tracking import Record

    Record._send = lambda record: threading.Event().wait()
    after_the_checkpoint()


def within_the_checkpoint():
    from sweep.training import checkpoints

    whole = checkpoints.write_whole

    def half(path, write):
        written = io.BytesIO()
        write(written)

        def stop_halfway(stream):
            stream.write(written.getvalue()[: len(written.getvalue()) // 2])
            stream.flush()
            die()

        whole(path, stop_halfway if path.name == LAST else write)

    checkpoints.write_whole = half


def before_the_checkpoint_has_its_name():
    before(os, "replace", lambda old, new: die() if Path(new).name == LAST else None)


def after_the_checkpoint_has_its_name():
    after(os, "replace", lambda old, new: die() if Path(new).name == LAST else None)


def before_the_parameters():
    from sweep.runs import models

    before(models, "log_parameters", die)


def after_the_parameters():
    from sweep.runs import models

    after(models, "log_parameters", die)


def before_it_is_finished():
    from mlflow import MlflowClient

    before(MlflowClient, "set_terminated", at_end)


def after_it_is_finished():
    from mlflow import MlflowClient

    after(MlflowClient, "set_terminated", at_end)


def after_it_is_created():
    from mlflow import MlflowClient

    after(MlflowClient, "create_run", die)


def before_the_first_epoch():
    from sweep.runs import execute as run

    before(run, "_train_epochs", die)


FAULTS = {
    "before the checkpoint": before_the_checkpoint,
    "after the checkpoint": after_the_checkpoint,
    "after the checkpoint, and nothing was sent": after_the_checkpoint_and_nothing_was_sent,
    "within the checkpoint": within_the_checkpoint,
    "before the checkpoint has its name": before_the_checkpoint_has_its_name,
    "after the checkpoint has its name": after_the_checkpoint_has_its_name,
    "recorded, and the last checkpoint is gone": recorded_with(lambda files: files[-1].unlink()),
    "recorded, and the last checkpoint is half": recorded_with(lambda files: halve(files[-1])),
    "recorded, and all checkpoints have a wrong bit": recorded_with(lambda all: [*map(flip, all)]),
    "recorded, and all checkpoints are gone": recorded_with(lambda all: [*map(os.unlink, all)]),
    "recorded, and all but the last are gone": recorded_with(
        lambda files: [*map(os.unlink, files[:-1])]
    ),
    "before the parameters": before_the_parameters,
    "after the parameters": after_the_parameters,
    "before it is finished": before_it_is_finished,
    "after it is finished": after_it_is_finished,
    "after it is created": after_it_is_created,
    "before the first epoch": before_the_first_epoch,
}


def kill_the_sweep_before_any_worker():
    from sweep.execution.scheduler import Scheduler

    before(Scheduler, "run", die)


def kill_the_sweep_before_it_is_finished():
    import sweep.sweeps.parent_run

    before(sweep.sweeps.parent_run, "raise_failures", die)


def cut_power_when_a_run_is_finished():
    from mlflow import MlflowClient

    after(MlflowClient, "set_terminated", lambda *_: os.killpg(0, signal.SIGKILL))


def leave_no_run_for_long():
    from sweep.execution.local import guarded

    guarded.GRACE_SECONDS = 1.0


def give_runs_long_to_stop():
    """Let a second interrupt be all that ends who does not stop; a file says who was told to."""
    from sweep.execution import scheduler

    scheduler.GRACE_SECONDS = 600.0
    after(os, "kill", lambda _, number: Path(TOLD).touch() if number == signal.SIGTERM else None)


def recorded_then(act):
    def fault():
        from sweep.tracking import Record

        def flush_and_act(record, epoch):
            if epoch.epoch == EPOCH:
                record.flush()
                act()

        after(Record, "log_epoch", flush_and_act)

    return fault


def crash():
    ctypes.string_at(0)


def hang():
    """Hear no signal, in a call of C that keeps Python's lock: as deaf as a process can be."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).pause()


def wait():
    """Get no further, and hear whatever comes."""
    while True:
        time.sleep(1)


class Array:
    """As MXNet's: an exception that is raised while one is dropped goes no further."""

    def __del__(self):
        signal.raise_signal(signal.SIGTERM)


SWEEP_FAULTS = {
    "before any worker": kill_the_sweep_before_any_worker,
    "before it is finished": kill_the_sweep_before_it_is_finished,
    "all runs hang": leave_no_run_for_long,
    "all runs hang, and have long to stop": give_runs_long_to_stop,
    "all runs have long to stop": give_runs_long_to_stop,
}
RUN_FAULTS = {
    "the power is cut": cut_power_when_a_run_is_finished,
    "all runs hang": recorded_then(hang),
    "all runs hang, and have long to stop": recorded_then(hang),
    "all runs wait": recorded_then(wait),
    "all runs crash": recorded_then(crash),
    "all runs are interrupted while an array is dropped": recorded_then(Array),
}


def task(composed, tell=None):
    flag = Path(f"{composed.tracking.experiment}-{composed.seed}-{composed.optim.lr}.flag")
    if not flag.exists():
        flag.touch()
        if "FAULT" not in os.environ:
            list(FAULTS.values())[composed.seed]()
        elif fault := RUN_FAULTS.get(os.environ["FAULT"]):
            fault()
    return usual_task(composed, tell)


if __name__ == "__main__":
    if fault := SWEEP_FAULTS.get(os.environ.get("FAULT")):
        fault()
    train.task = task
    program.main()
