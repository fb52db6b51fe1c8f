import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from sweep.environment import commit, environment, program, version_tags

PROJECT = Path(__file__).parents[1]


def git(*arguments):
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_versions_are_those_installed():
    assert environment()["packages"]["mxnet"] == version("mxnet") == "1.9.1"
    assert environment()["python"] == ".".join(map(str, sys.version_info[:3]))
    assert version_tags()["version.numpy"] == version("numpy")
    assert "not installed" not in version_tags().values()


def test_commit_is_that_of_the_checkout():
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    changed = bool(git("status", "--porcelain", "--untracked-files=no"))
    assert commit() == (git("rev-parse", "HEAD"), changed)


def test_program_is_named_or_found(monkeypatch):
    here = Path(sys.executable).parent
    monkeypatch.setenv("PATH", str(here))
    assert program("python") == "python"
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(program("python")).resolve() == Path(sys.executable).with_name("python").resolve()
    assert program("no-such-program") == "no-such-program"
