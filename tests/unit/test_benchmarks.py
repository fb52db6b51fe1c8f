"""Scripts in benchmarks/ that take something from each other: it must be there."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
FILES = {file.stem: file for file in FOLDER.glob("*.py")}


def names_in(file):
    """Return what a script has at its top level."""
    found = set()
    for each in ast.parse(file.read_text()).body:
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.add(each.name)
        elif isinstance(each, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in each.names}
        elif isinstance(each, ast.Assign | ast.AnnAssign):
            found |= {node.id for node in ast.walk(each) if isinstance(node, ast.Name)}
    return found


@pytest.mark.parametrize("file", [*FILES.values()], ids=lambda file: file.stem)
def test_what_a_script_takes_from_another_is_there(file):
    for each in ast.walk(ast.parse(file.read_text())):
        if isinstance(each, ast.ImportFrom) and each.module in FILES:
            missing = {alias.name for alias in each.names} - names_in(FILES[each.module])
            assert not missing, f"{each.module} has no {', '.join(sorted(missing))}"
