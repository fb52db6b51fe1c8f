"""Which of several networks is named where their process gives no answer."""

import re
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from sweep.config.compose import load
from sweep.config.networks import Tried
from sweep.config.own_metrics import own_metrics
from sweep.errors import UserError
from sweep.execution import trials
from sweep.execution.gpus import find_gpus
from sweep.execution.local import fork_server
from sweep.runs.own_networks import Request

DIED = ChildProcessError("the process that was asked ended with exit code 3")
SILENT = fork_server.NoAnswer("the process that was asked has not answered in 600 seconds")


@pytest.fixture(scope="module")
def requests():
    network = load("model=lenet").model
    shape = (1, 28, 28)
    return [Request(network, shape, 10, Path("modules"), freeze=(name,)) for name in "abc"]


@pytest.fixture
def asked(monkeypatch):
    """How many networks were asked for in each process, and for how long; and who errs.

    The first is a list, the second a function from what is asked for to an error or None.
    """
    found, errors = [], []

    def call(function, threads, seconds):
        (requests,) = function.args
        names = "".join(each.freeze[0] for each in requests)
        found.append((names, seconds))
        if error := errors[0](names):
            raise error
        return [Tried(each.network, each.freeze[0]) for each in requests]

    monkeypatch.setattr(fork_server, "call", call)
    return found, errors


def test_each_network_has_its_time(asked, requests):
    found, errors = asked
    errors.append(lambda names: None)
    tried = trials.try_elsewhere(requests, threads=1)
    assert [tried[each].note for each in requests] == ["a", "b", "c"]
    assert found == [("abc", 1800.0)]


def test_none_is_to_blame_that_can_be_tried_alone(asked, requests):
    found, errors = asked
    errors.append(lambda names: DIED if len(names) > 1 else None)
    tried = trials.try_elsewhere(requests, threads=1)
    assert [tried[each].note for each in requests] == ["a", "b", "c"]
    assert found == [("abc", 1800.0), ("a", 600.0), ("b", 600.0), ("c", 600.0)]


@pytest.mark.parametrize(
    ("error", "allowed"),
    [(DIED, "leave their process alive"), (SILENT, "can be built and asked in that time")],
)
@pytest.mark.parametrize("culprit", "abc")
def test_the_one_that_gives_no_answer_is_named(asked, requests, error, allowed, culprit):
    found, errors = asked
    errors.append(lambda names: error if culprit in names else None)
    message = f"model._target_=lenet: cannot be tried: {error}; allowed are networks that {allowed}"
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        trials.try_elsewhere(requests, threads=1)
    assert found[-1] == (culprit, 600.0)


@pytest.mark.parametrize("own", ["metrics", "both"])
def test_metrics_are_named_and_a_network_only_if_it_is_a_users_too(asked, requests, own):
    found, errors = asked
    errors.append(lambda names: DIED)
    network = load("model=custom", "model._target_=my_nets.Net").model
    network = network if own == "both" else requests[0].network
    metrics = own_metrics(["accuracy", "my.f2@max", "my.miss@min"], None, None)
    request = replace(requests[0], network=network, metrics=metrics, task="classification")
    named = {"metrics": "", "both": "model._target_=my_nets.Net, "}[own]
    kinds = {"metrics": "metrics", "both": "networks and metrics"}[own]
    message = (
        f"{named}metrics=[my.f2@max,my.miss@min]: cannot be tried: {DIED}; allowed are {kinds} "
        "that leave their process alive"
    )
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        trials.try_elsewhere([request], threads=1)


@pytest.mark.parametrize("error", [EOFError(), ConnectionResetError()])
def test_a_server_that_dies_while_it_imports_is_a_process_that_gives_no_answer(monkeypatch, error):
    def dies(process):
        raise error

    monkeypatch.setattr(BaseProcess, "start", dies)
    monkeypatch.setattr(fork_server, "PAUSE_SECONDS", 0.0)
    what = "the process that others are forked from ends each time before it has forked one"
    with pytest.raises(ChildProcessError, match=f"^{what}$"):
        fork_server.call(int, threads=1)
    find_gpus.cache_clear()
    with pytest.raises(UserError) as refusal:
        find_gpus(1)
    assert str(refusal.value) == (
        f"MXNet cannot be loaded: {what}; sweep doctor says what is missing"
    )


@pytest.mark.skipif(not fork_server.HAS_FORK_SERVER, reason="there is no fork server")
def test_without_a_server_processes_are_spawned(monkeypatch):
    """As where the path of its socket is too long, below a long TMPDIR."""

    def too_long(threads, also):
        raise OSError("AF_UNIX path too long")

    monkeypatch.setattr(fork_server, "_begin_server", too_long)
    monkeypatch.setattr(fork_server, "_server_threads", None)
    monkeypatch.setattr(fork_server, "_is_certain", False)
    fork_server.start_server(1)
    assert fork_server.context(1).get_start_method() == "spawn"
