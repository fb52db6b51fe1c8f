import signal
from multiprocessing import Pipe

import pytest

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
