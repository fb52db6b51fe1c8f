"""What is not installed is told with the command that installs it."""

import importlib
import json
import sys

import pytest

from sweep import optional
from sweep.errors import UserError


def test_mxnet_that_is_missing(monkeypatch):
    optional.need_mxnet()
    monkeypatch.setattr(optional, "find_spec", lambda name: None if name == "mxnet" else name)
    with pytest.raises(UserError) as refusal:
        optional.need_mxnet()
    assert str(refusal.value).startswith(
        "Apache MXNet, which trains and predicts, is not installed: pip install --no-deps "
        "mxnet==1.9.1 ("
    )


def test_an_extra_that_is_missing_in_an_environment_of_pipx(monkeypatch, tmp_path):
    (tmp_path / "pipx_metadata.json").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "."))
    with pytest.raises(UserError) as refusal:
        optional.need("x", "no_such_module", "y needs z")
    assert str(refusal.value) == (
        f'y needs z, which is not installed: pipx runpip {tmp_path.name} install "gluon-sweep[x]"'
    )


def test_an_environment_without_pip_is_one_of_uv(monkeypatch):
    monkeypatch.setattr(optional, "find_spec", lambda name: None)
    monkeypatch.setattr(optional.PathFinder, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "executable", "/my tools/bin/python")
    with pytest.raises(UserError, match="uv pip install --python '/my tools/bin/python' --no-deps"):
        optional.need_mxnet()


def test_what_is_hidden_cannot_be_imported_meanwhile_and_can_be_afterwards(monkeypatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with pytest.raises(ZeroDivisionError):
        with optional.as_if_not_installed("colorsys", "json"):
            with pytest.raises(ModuleNotFoundError):
                importlib.import_module("colorsys")
            assert importlib.import_module("json") is json  # it was there before
            raise ZeroDivisionError
    assert importlib.import_module("colorsys").rgb_to_hsv(1, 1, 1) == (0, 0, 1)
