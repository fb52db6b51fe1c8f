import ast
import json
import os
import subprocess
import sys
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "examples" / "compare_runs.ipynb"
CELLS = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]

# Executes cells in order, as Jupyter does, and prints the kind of each one's last value.
RUNNER = """
import ast, json, sys
names = {}
for source in json.load(sys.stdin):
    *statements, last = ast.parse(source).body
    value = None
    if isinstance(last, ast.Expr):
        exec(compile(ast.Module(statements, []), "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    else:
        exec(compile(source, "cell", "exec"), names)
    columns = getattr(value, "columns", ())
    print("@", type(value).__name__, *getattr(value, "shape", ()), *columns, sep="|")
"""


def sources():
    return ["".join(cell["source"]) for cell in CELLS]


def test_the_notebook_runs_as_it_is_stored(tmp_path):
    environment = {**os.environ, "MPLBACKEND": "agg", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=json.dumps(sources()),
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    kinds = [line.split("|")[1:] for line in done.stdout.splitlines() if line.startswith("@")]
    printed = [line for line in done.stdout.splitlines() if not line.startswith("@")]
    stored = "".join(CELLS[0]["outputs"][0]["text"]).splitlines()
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
