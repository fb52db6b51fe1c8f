import errno
import pickle
import signal
from multiprocessing import Pipe

import pytest
from hydra.core.utils import JobStatus
from omegaconf import OmegaConf

from sweep.errors import RunFailed
from sweep.execution import worker
from sweep.runs.events import Notice


@pytest.fixture
def _terminable():
    before = signal.signal(signal.SIGTERM, worker._interrupt_once)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_terminable")
def test_a_run_whose_sweep_is_gone_closes_its_record_without_being_stopped_again():
    receiver, sender = Pipe(duplex=False)
    receiver.close()
    with pytest.raises(KeyboardInterrupt):
        worker._tell(sender, Notice("anything"))
    signal.raise_signal(signal.SIGTERM)  # as the thread does that has noticed it too
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_what_hydra_could_not_begin_has_failed_with_the_reason_in_one_line():
    composed = OmegaConf.create({"hydra": {"overrides": {"task": ["seed=1"]}}})
    found = worker.not_begun(
        composed, OSError(errno.ENAMETOOLONG, "File name too long", "x\ny" * 400)
    )
    reason = str(found._return_value)
    assert reason.startswith("could not be begun: OSError: [Errno 36] File name too long: 'x")
    assert (len(reason), "\n" in reason) == (500, False)
    assert (found.status, found.overrides) == (JobStatus.FAILED, ["seed=1"])
    assert isinstance(pickle.loads(pickle.dumps(found))._return_value, RunFailed)
