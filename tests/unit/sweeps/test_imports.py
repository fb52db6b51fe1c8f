import threading
from importlib.util import find_spec

import pytest

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
    with imported_meanwhile(draws):
        for each in others():
            each.join(60)
    assert imported == modules


def test_nothing_is_imported_where_all_has_ended_before(imported):
    with pytest.raises(KeyboardInterrupt), imported_meanwhile(draws=True):
        raise KeyboardInterrupt
    for each in others():
        each.join(60)
    assert imported == []


def test_what_is_imported_is_there():
    assert all(find_spec(each) for each in (*SHOWS, *DRAWS))
