"""The commit that a run is recorded with is the one that git has."""

import subprocess
from pathlib import Path

import pytest

from sweep.environment import commit

PROJECT = Path(__file__).parents[2]


def git(*arguments):
    command = ["git", "-C", str(PROJECT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_commit_is_that_of_the_checkout():
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    changed = bool(git("status", "--porcelain", "--untracked-files=no"))
    assert commit() == (git("rev-parse", "HEAD"), changed)
