"""Files that are broken at random: a line for each, or a network that answers; nothing else.

They are broken by ``tests/support/mutated.py``. Here some are read, which gives MXNet nothing; at
night 400 of each are tried with MXNet, in processes of their own that a crash or a hang would end.
"""

import subprocess
import sys
from pathlib import Path

import mutated
import pytest
from modules import SHAPE, many_operators, train_and_save

from sweep.backend.mxnet import mx

SOME, ALL, AT_ONCE = 40, 400, 50


@pytest.fixture(scope="module", params=mutated.OUTPUTS)
def folder(tmp_path_factory, request):
    """Two files of a network: of a Module, or of many operators."""
    found = tmp_path_factory.mktemp("broken") / request.param
    found.mkdir()
    if request.param == "group":
        train_and_save("group", f"{found}/net")
    else:
        _export(many_operators(), found)
    return found


def _export(symbol, folder):
    symbol.save(f"{folder}/net-symbol.json")
    arguments, _, running = symbol.infer_shape(data=(1, *SHAPE))
    shapes = dict(zip(symbol.list_arguments(), arguments, strict=True))
    means = dict(zip(symbol.list_auxiliary_states(), running, strict=True))
    arrays = {f"arg:{name}": mx.nd.ones(each) for name, each in shapes.items() if name != "data"}
    arrays |= {f"aux:{name}": mx.nd.ones(each) for name, each in means.items()}
    mx.nd.save(f"{folder}/net-0002.params", arrays)


@pytest.mark.parametrize("kind", mutated.BREAKERS)
def test_a_broken_file_gets_one_line(folder, kind):
    whole = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert mutated.checked(whole, mutated.OUTPUTS[folder.name]) == "taken"
    lines = [mutated.read(kind, folder, seed) for seed in range(SOME)]
    assert all(lines) and not any("\n" in each for each in lines)
    assert lines.count("taken") < SOME / 2
    assert len({each for each in lines if each != "taken"}) > 5


@pytest.mark.nightly
@pytest.mark.parametrize("kind", mutated.BREAKERS)
def test_no_broken_file_crashes_or_hangs(folder, kind):
    for first in range(0, ALL, AT_ONCE):
        numbers = [str(first), str(first + AT_ONCE)]
        done = subprocess.run(
            [sys.executable, mutated.__file__, kind, str(folder), *numbers],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        ended = [each for each in done.stdout.splitlines() if each.startswith("ended ")]
        assert (done.returncode, len(ended)) == (0, AT_ONCE), (
            done.stdout[-300:] + done.stderr[-900:]
        )
        assert not any("\\n" in each for each in ended)
