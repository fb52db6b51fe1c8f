"""Runs in the rows of a CSV file, and what is wrong with one."""

from pathlib import Path

import pytest

from sweep.config.row_files import ALLOWED, read_rows
from sweep.errors import UserError

KNOWN = ["model", "model.hidden", "optim.lr", "seed"]


def rows(text):
    Path("rows.csv").write_text(text, encoding="utf-8")
    return read_rows("rows.csv", KNOWN)


def test_each_row_is_a_run():
    found = rows(
        '\ufeffmodel, optim.lr,model.hidden,+model.width\nmlp,0.1,"[3,4]",1\n\nlenet,1,null,2\n'
    )
    assert found == [
        ("model=mlp", "optim.lr=0.1", "model.hidden=[3,4]", "+model.width=1"),
        ("model=lenet", "optim.lr=1", "model.hidden=null", "+model.width=2"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed,lr\n1,2\n", "lr is not a field of the configuration (did you mean optim.lr?)"),
        ("seed,seed\n1,2\n", "has two columns seed; allowed is each once"),
        (
            "seed,optim.lr\n1,0.1\n2,\n",
            "line 3: has no optim.lr; allowed is a value in each column (or null)",
        ),
        (
            "seed,optim.lr\n1\n",
            "line 2: has no optim.lr; allowed is a value in each column (or null)",
        ),
        ("seed\n1,2\n", "line 2: has more values than there are columns; lists go in quotes"),
        (
            'model.hidden\n"3,4"\n',
            "line 2: model.hidden=3,4 is more than one value; a list is in brackets",
        ),
        ("seed\n", "has no row below the names of fields; allowed is one or more"),
        ("", f"has no names of fields; {ALLOWED}"),
    ],
)
def test_what_is_wrong(text, message):
    with pytest.raises(UserError) as error:
        rows(text)
    assert str(error.value) == f"sweep.from=rows.csv: {message}"


def test_what_cannot_be_read():
    with pytest.raises(UserError, match=r"line 2: seed=\{ cannot be read: "):
        rows("seed\n{\n")
    with pytest.raises(UserError) as error:
        read_rows("none.csv", KNOWN)
    assert str(error.value) == f"sweep.from=none.csv: No such file or directory; {ALLOWED}"


def test_a_file_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    Path("rows.csv").write_text("seed\n1\n")
    assert read_rows("~/rows.csv", KNOWN) == [("seed=1",)]
    for file in ("~/none.csv", "~no-such-user/rows.csv"):
        with pytest.raises(UserError) as error:
            read_rows(file, KNOWN)
        assert str(error.value) == f"sweep.from={file}: No such file or directory; {ALLOWED}"
