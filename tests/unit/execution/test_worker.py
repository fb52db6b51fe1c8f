import errno
import pickle
import signal
from multiprocessing import Pipe

import pytest
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import HydraContext
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


def test_a_run_is_not_sent_what_loads_configurations(monkeypatch):
    monkeypatch.setattr(worker.JobRuntime.instance(), "conf", OmegaConf.create({"name": "sweep"}))
    context = HydraContext(ConfigLoaderImpl(ConfigSearchPathImpl()), Callbacks())
    application = worker.running_application(len, context)
    sent = pickle.dumps(application)
    assert b"config_loader" not in sent and b"config_store" not in sent
    found = pickle.loads(sent)
    assert (found.task, found.name, found.callbacks.callbacks) == (len, "sweep", [])


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


def test_a_result_is_sent_without_hydras_configuration_and_with_the_folder_of_its_log():
    composed = OmegaConf.create({"hydra": {"runtime": {"output_dir": "/sweep/multirun/3"}}})
    done = JobReturn(["seed=1"], composed, composed, "/sweep", "sweep", JobStatus.COMPLETED, 0.5)
    sent = worker._portable(done)
    assert (sent.cfg, sent.hydra_cfg, sent.working_dir) == (None, None, "/sweep/multirun/3")
    assert (sent.overrides, sent.status, sent.return_value) == (["seed=1"], done.status, 0.5)


def test_an_error_that_cannot_be_sent_is_sent_as_its_text():
    class Local(Exception):
        """It cannot be found where it is read."""

    sent = worker._portable(JobReturn(status=JobStatus.FAILED, _return_value=Local("why")))
    assert (type(sent._return_value), str(sent._return_value)) == (RunFailed, "Local('why')")
