"""Files that are broken at random: a line for each, or a network that answers; nothing else.

400 of each are tried with MXNet, in processes of their own that a crash or a hang would end.
"""

import subprocess
import sys
from pathlib import Path

import mutated
import pytest
from modules import write_network

ALL, AT_ONCE = 400, 50


@pytest.fixture(scope="module", params=mutated.OUTPUTS)
def folder(tmp_path_factory, request):
    """Two files of a network: of a Module, or of many operators."""
    return write_network(request.param, tmp_path_factory.mktemp("broken"))


@pytest.mark.nightly
@pytest.mark.parametrize("kind", mutated.BREAKERS)
def test_no_broken_file_crashes_or_hangs(folder, kind):
    for first in range(0, ALL, AT_ONCE):
        numbers = [str(first), str(first + AT_ONCE)]
        done = subprocess.run(
            [sys.executable, mutated.__file__, kind, str(folder), *numbers],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        ended = [each for each in done.stdout.splitlines() if each.startswith("ended ")]
        assert (done.returncode, len(ended)) == (0, AT_ONCE), (
            done.stdout[-300:] + done.stderr[-900:]
        )
        assert not any("\\n" in each for each in ended)
