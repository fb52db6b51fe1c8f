"""Bash completes what is typed: each answer comes from the program itself."""

import os
import subprocess
import sys

import pytest

from sweep.commands.cli import run, sweep

# As bash itself calls it, with words split at = where COMP_WORDBREAKS says so.
COMPLETE = """
source script.sh
complete -p sweep | grep --quiet _sweep_completion || exit 1
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    _sweep_completion ./sweep
    (IFS=" "; echo "${COMPREPLY[*]}")
done
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Complete lines in bash; return the answers, a list for each line."""
    folder = tmp_path_factory.mktemp("completion")
    (folder / "sweep").write_text(f'#!/bin/sh\nexec {sys.executable} -m sweep "$@"\n')
    (folder / "sweep").chmod(0o755)
    # Of another locale, which may not be installed, bash would complain.
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}

    def complete(*lines, breaks="=:"):
        done = subprocess.run(
            ["bash", "-c", f"COMP_WORDBREAKS=$' \\n{breaks}'{COMPLETE}"],
            input="".join(f"{line}\n" for line in lines),
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return [line.split() for line in done.stdout.splitlines()]

    script = subprocess.run(
        [folder / "sweep", "completion", "bash"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    (folder / "script.sh").write_text(script.stdout)
    return complete


def test_commands_and_their_options(complete):
    assert complete("sweep lea", "sweep leaderboard --to", "sweep report --direction m") == [
        ["leaderboard"],
        ["--top"],
        ["max", "min"],
    ]


def test_overrides_and_flags(complete):
    first, *others = complete(
        "sweep ",
        "sweep mod",
        "sweep model=le",
        "sweep model=mlp,le",
        "sweep seed=1 model=lenet model.ker",
        "sweep --multirun optim.l",
        "sweep --multi",
        "sweep nothing=so model.",
    )
    assert {"leaderboard", "model=", "optim.", "epochs="} <= {*first}
    assert others == [
        ["model.", "model="],
        ["lenet"],
        ["mlp,lenet"],
        ["model.kernels."],
        ["optim.lr="],
        ["--multirun"],
        [],
    ]


def test_words_that_bash_does_not_split(complete):
    assert complete("sweep model=le", breaks="") == [["model=lenet"]]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell, capsys):
    assert run(sweep, ["completion", shell]) == 0
    assert f"_SWEEP_COMPLETE={shell}_complete" in capsys.readouterr().out
