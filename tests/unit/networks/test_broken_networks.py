"""Files that are broken at random: a line for each, and nothing else; MXNet is given nothing.

They are broken by ``tests/support/mutated.py``. At night, more of them are tried with MXNet: see
tests/system/test_broken_networks.py.
"""

import mutated
import pytest
from modules import write_network

SOME = 40


@pytest.fixture(scope="module", params=mutated.OUTPUTS)
def folder(tmp_path_factory, request):
    """Two files of a network: of a Module, or of many operators."""
    return write_network(request.param, tmp_path_factory.mktemp("broken"))


@pytest.mark.parametrize("kind", mutated.BREAKERS)
def test_a_broken_file_gets_one_line(folder, kind):
    whole = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert mutated.checked(whole, mutated.OUTPUTS[folder.name]) == "taken"
    lines = [mutated.read(kind, folder, seed) for seed in range(SOME)]
    assert all(lines) and not any("\n" in each for each in lines)
    assert lines.count("taken") < SOME / 2
    assert len({each for each in lines if each != "taken"}) > 5
