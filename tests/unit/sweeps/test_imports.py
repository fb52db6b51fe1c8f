import threading
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from sweep.execution.foreign import ForeignLauncher
from sweep.execution.launcher import LAUNCHERS, Launcher
from sweep.sweeps import imports
from sweep.sweeps.imports import DRAWS, SHOWS, imported_meanwhile


@pytest.fixture
def imported(monkeypatch):
    """The modules that were imported; the first of them cannot be."""
    found = []

    def import_module(name):
        found.append(name)
        if len(found) == 1:
            raise ImportError(name)

    monkeypatch.setattr(imports, "import_module", import_module)
    return found


def others():
    return [each for each in threading.enumerate() if isinstance(each, threading.Timer)]


@pytest.mark.parametrize(("draws", "modules"), [(True, [*SHOWS, *DRAWS]), (False, [*SHOWS])])
def test_what_the_end_needs_is_imported_while_runs_train(monkeypatch, imported, draws, modules):
    monkeypatch.setattr(imports, "LATER_SECONDS", 0)
    with imported_meanwhile(SimpleNamespace(may_fork=False), draws):
        for each in others():
            each.join(60)
    assert imported == modules


def test_nothing_is_imported_where_all_has_ended_before(imported):
    launcher = SimpleNamespace(may_fork=False)
    with pytest.raises(KeyboardInterrupt), imported_meanwhile(launcher, draws=True):
        raise KeyboardInterrupt
    for each in others():
        each.join(60)
    assert imported == []


@pytest.mark.parametrize("launcher", [ForeignLauncher, Launcher])
def test_a_process_that_may_be_forked_gets_no_thread(monkeypatch, launcher):
    monkeypatch.setattr(imports, "Timer", None)
    with imported_meanwhile(launcher, draws=True):
        pass


def test_what_starts_no_forks_says_so():
    assert not any(LAUNCHERS[name].may_fork for name in LAUNCHERS.names())


def test_what_is_imported_is_there():
    assert all(find_spec(each) for each in (*SHOWS, *DRAWS))
