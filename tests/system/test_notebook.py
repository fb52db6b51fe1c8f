import ast
import json
import tempfile
from pathlib import Path

import matplotlib

NOTEBOOK = Path(__file__).parents[2] / "examples" / "compare_runs.ipynb"
CELLS = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]


def sources():
    return ["".join(cell["source"]) for cell in CELLS]


def values(cells):
    """Execute cells in order, as Jupyter does, and yield each one's last value."""
    names = {}
    for source in cells:
        *statements, last = ast.parse(source).body
        value = None
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(statements, []), "cell", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
        else:
            exec(compile(source, "cell", "exec"), names)
        yield value


def test_the_notebook_runs_as_it_is_stored(prepared_training, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with matplotlib.rc_context({"backend": "agg"}):
        found = [*values(sources())]
    output, errors = capsys.readouterr()
    assert errors == ""
    kinds = [
        [type(each).__name__, *getattr(each, "shape", ()), *getattr(each, "columns", ())]
        for each in found
    ]
    printed, stored = output.splitlines(), "".join(CELLS[0]["outputs"][0]["text"]).splitlines()
    assert [line for line in printed if " on cpu" not in line and " on gpu" not in line] == [
        line for line in stored if " on cpu" not in line
    ]
    assert [kind[0] for kind in kinds] == [
        *("NoneType", "DataFrame", "DataFrame", "DataFrame", "Axes", "Axes", "Axes")
    ]
    # What is stored has the columns and the rows that it has now.
    for cell, kind in list(zip(CELLS, kinds, strict=True))[1:4]:
        html = "".join(cell["outputs"][0]["data"]["text/html"])
        assert html.count("<tr") - html.count("<thead>") >= int(kind[1])
        for column in kind[3:]:
            assert f"<th>{column}</th>" in html


def test_every_cell_has_its_output_and_none_an_error():
    outputs = [output for cell in CELLS for output in cell["outputs"]]
    assert all(cell["outputs"] and cell["execution_count"] for cell in CELLS)
    assert {output["output_type"] for output in outputs} <= {
        *("stream", "execute_result", "display_data")
    }
    assert all(output.get("name") != "stderr" for output in outputs)
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 3


def test_the_notebook_is_small_and_plain_python():
    assert NOTEBOOK.stat().st_size < 200_000
    for source in sources():
        ast.parse(source)
