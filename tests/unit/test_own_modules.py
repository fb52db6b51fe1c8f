import importlib
import sys

import pytest

from sweep import own_modules
from sweep.environment import packages_of
from sweep.own_modules import (
    enter,
    first_names,
    identified,
    identity,
    imported,
    keep,
    taking_part,
    visit,
)


@pytest.fixture(autouse=True)
def _own_python(monkeypatch):
    """Leave no folder on Python's path, and no module of a test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", sys.dont_write_bytecode)
    monkeypatch.setattr(sys, "modules", sys.modules)
    monkeypatch.setattr(own_modules, "_entered", [])
    monkeypatch.setattr(own_modules, "_visited", set())
    before = {*sys.modules}
    yield
    for name in {*sys.modules} - before:
        del sys.modules[name]


def written(folder, **modules):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_what_is_imported_by_what_is_imported_takes_part(tmp_path):
    written(tmp_path, nets="import layers", layers="import deep.low", other="")
    written(tmp_path / "deep", low="VALUE = 3")  # a folder without __init__.py
    enter(tmp_path)
    importlib.import_module("nets")
    assert taking_part(tmp_path) == {
        "nets.py": b"import layers",
        "layers.py": b"import deep.low",
        "deep/low.py": b"VALUE = 3",
    }


def test_a_folder_on_pythons_path_may_be_written_in_another_way(tmp_path, monkeypatch):
    written(tmp_path / "deep", nets="")
    monkeypatch.syspath_prepend(f"{tmp_path}/deep/.././deep/")
    importlib.import_module("nets")
    assert [*taking_part(tmp_path / "deep")] == ["nets.py"]


def test_a_folder_on_pythons_path_may_be_a_link(tmp_path, monkeypatch):
    written(tmp_path / "deep", nets="")
    (tmp_path / "link").symlink_to(tmp_path / "deep")
    monkeypatch.syspath_prepend(tmp_path / "link")
    module = importlib.import_module("nets")
    assert taking_part(tmp_path / "deep") == {"nets.py": b""}
    enter(tmp_path / "deep")
    assert importlib.import_module("nets") is not module


def test_modules_below_the_folder_may_be_links(tmp_path):
    written(tmp_path / "elsewhere" / "layers", low="")
    written(tmp_path / "mine", nets="import layers.low, alone")
    (tmp_path / "elsewhere" / "alone.py").write_text("VALUE = 3")
    for name in ("layers", "alone.py"):
        (tmp_path / "mine" / name).symlink_to(tmp_path / "elsewhere" / name)
    enter(tmp_path / "mine")
    importlib.import_module("nets")
    assert [*taking_part(tmp_path / "mine")] == ["alone.py", "layers/low.py", "nets.py"]


def test_what_is_installed_as_a_link_takes_no_part(tmp_path, monkeypatch):
    written(tmp_path / "mine" / "from_a_package", __init__="")
    packages = written(tmp_path / "venv" / "site-packages")
    (packages / "from_a_package").symlink_to(tmp_path / "mine" / "from_a_package")
    monkeypatch.syspath_prepend(packages)
    importlib.import_module("from_a_package")
    assert taking_part(tmp_path / "mine") == {}


def test_what_is_installed_below_the_folder_takes_no_part(tmp_path, monkeypatch):
    packages = written(tmp_path / "venv" / "lib" / "site-packages", from_a_package="")
    written(tmp_path, nets="import from_a_package")
    monkeypatch.syspath_prepend(packages)
    enter(tmp_path)
    importlib.import_module("nets")
    assert [*taking_part(tmp_path)] == ["nets.py"]


def test_modules_of_the_same_name_in_two_folders_do_not_meet(tmp_path):
    for name in ("one", "other"):
        written(tmp_path / name, nets="import layers", layers=f"NAME = '{name}'")
    for name in ("one", "other", "one"):
        enter(tmp_path / name)
        assert importlib.import_module("nets").layers.NAME == name
    assert sys.path.count(str(tmp_path / "one")) == 1
    assert str(tmp_path / "other") not in sys.path


def test_an_edited_module_is_imported_anew_even_within_the_same_second(tmp_path):
    for value in (1, 2, 3):  # of the same size
        written(tmp_path, nets=f"VALUE = {value}")
        enter(tmp_path)
        assert importlib.import_module("nets").VALUE == value


def test_copies_beside_what_is_made_of_them_are_not_imported_anew(tmp_path):
    files = {"nets.py": b"class Net: pass"}
    copies = keep(files, tmp_path)
    own_modules.entered("model._source_", copies, identity(files))
    first = importlib.import_module("nets")
    own_modules.entered_beside("loss._source_", copies, identity(files))
    assert importlib.import_module("nets") is first
    with own_modules.visit(tmp_path):
        pass
    own_modules.entered_beside("loss._source_", copies, identity(files))
    assert importlib.import_module("nets") is not first


def test_an_identity_is_that_of_places_and_contents():
    files = {"a.py": b"1", "b/c.py": b"2"}
    assert identity(files) == identity(dict(reversed(files.items())))
    others = [{"a.py": b"1"}, {"a.py": b"2", "b/c.py": b"2"}, {"a.py": b"1", "b/d.py": b"2"}, {}]
    assert len({identity(files), *map(identity, others)}) == 5


def test_copies_are_in_a_folder_that_is_named_for_them(tmp_path):
    files = {"a.py": b"1", "b/c.py": b"2"}
    folder = keep(files, tmp_path)
    assert folder == tmp_path / identity(files)
    assert identified(folder) == folder.name
    (folder / "a.py").write_bytes(b"edited")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "a.pyc").write_bytes(b"")
    assert identified(folder) != folder.name
    assert keep(files, tmp_path) == folder
    assert identified(folder) == folder.name
    assert (folder / "a.py").read_bytes() == b"1"


def test_a_place_is_the_modules_name_wherever_its_file_was_found(tmp_path, monkeypatch):
    written(tmp_path / "src", nets="import package.deep")
    written(tmp_path / "src" / "package", __init__="VALUE = 1", deep="VALUE = 2")
    monkeypatch.syspath_prepend(tmp_path / "src")
    enter(tmp_path)
    importlib.import_module("nets")
    files = taking_part(tmp_path)
    assert files == {
        "nets.py": b"import package.deep",
        "package/__init__.py": b"VALUE = 1",
        "package/deep.py": b"VALUE = 2",
    }
    written(tmp_path / "src" / "package", deep="raise RuntimeError")
    folder = keep(files, tmp_path / "kept")
    enter(folder)
    assert importlib.import_module("nets").package.deep.VALUE == 2
    assert {*own_modules.places(tmp_path).values()} == {folder / each for each in files}


def test_other_files_in_a_folder_of_copies_do_not_matter_and_other_modules_go(tmp_path):
    files = {"a.py": b"1", "b/c.py": b"2"}
    folder = keep(files, tmp_path)
    for place in (".DS_Store", "b/.a.py.swp", "0123.tmp", ".ipynb_checkpoints/a.py", "notes.txt"):
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).write_bytes(b"")
    assert identified(folder) == folder.name
    (folder / "b" / "a.py").write_bytes(b"")
    assert identified(folder) != folder.name
    assert keep(files, tmp_path) == folder
    assert identified(folder) == folder.name
    assert not (folder / "b" / "a.py").exists()


def test_what_modules_import_is_found_wherever_they_do_it():
    files = {
        "a.py": b"import numpy.linalg as l, os\nfrom mxnet.gluon import nn\nfrom . import b\n",
        "b/c.py": b"def f():\n    from sklearn import utils\nfrom .d import e\n",
        "d.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
    }
    assert imported(files) == {"numpy", "os", "mxnet", "sklearn"}
    assert first_names(files) == {"a", "b", "d"}
    assert {"numpy", "scikit-learn", "mxnet"} == {*packages_of(imported(files))}


def test_modules_of_a_folder_that_was_visited_do_not_take_the_place_of_copies(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "both.py").write_text("VALUE = 'of today'\n")
    copies = keep({"both.py": b"VALUE = 'recorded'\n"}, tmp_path / "kept")
    path = [*sys.path]
    with visit(folder):
        assert importlib.import_module("both").VALUE == "of today"
    assert sys.path == path
    enter(copies)
    assert importlib.import_module("both").VALUE == "recorded"
