"""The commit that a run is recorded with is the one that git has."""

import subprocess
from pathlib import Path

import pytest

from sweep.environment import commit

PROJECT = Path(__file__).parents[2]


def git(*arguments):
    """Return what git answers; None where there is no git, or the checkout is another user's."""
    command = ["git", "-C", str(PROJECT), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout.strip()


def test_commit_is_that_of_the_checkout():
    if not (PROJECT / ".git").exists():
        pytest.skip("not a git checkout")
    head, changed = git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no")
    known = commit.__wrapped__()  # now: what this process knows may be from before an edit
    assert known == (None if head is None else (head, bool(changed)))
