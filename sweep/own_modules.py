"""A user's modules: where they are imported from, which of them take part, and copies of these.

Python knows one module of a name in a process. So before modules are imported from another folder,
those of the folder before are forgotten: two folders with a ``my_nets.py`` each do not meet.
"""

import ast
import hashlib
import importlib
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import all_suffixes
from pathlib import Path
from types import ModuleType

import sweep
from sweep.digests import identity_of
from sweep.errors import UserError
from sweep.files import write_whole

INSTALLED = {"site-packages", "dist-packages"}  # folders of packages, wherever they are
CACHE = "__pycache__"
SUFFIXES = {*all_suffixes()}  # of modules: .py, .cpython-312-x86_64-linux-gnu.so and others
ENDINGS = {Path(f"module{each}").suffix for each in SUFFIXES}
_standard = sysconfig.get_paths()
NOT_A_USERS = [Path(_standard["stdlib"]), Path(_standard["platstdlib"])]
NOT_A_USERS += [Path(sweep.__file__).parent, Path(sweep.__file__).parents[1] / "hydra_plugins"]
_entered: list[str] = []  # the folder that is first on Python's path, put there by enter()
_visited: set[str] = set()  # folders that were first on it for a while since then


def enter(folder: Path) -> None:
    """Let modules be imported from this folder before all others, in this process from now on.

    Modules that were imported from it, or from a folder before, are imported anew when they are
    asked for: their files may have changed.
    """
    place = str(folder.resolve())
    for each in {*_entered, *_visited, place}:
        for name in [name for name, _ in _users_modules(Path(each))]:
            del sys.modules[name]
    _visited.clear()
    for each in _entered:
        if each in sys.path:
            sys.path.remove(each)
    _entered[:] = [place]
    sys.path.insert(0, place)
    importlib.invalidate_caches()
    # Python takes a cached module for unchanged if its file has the same size and second.
    sys.dont_write_bytecode = True


def entered(field: str, copies: Path | None, source: str | None) -> Path:
    """Enter the folder that a user's modules are imported from; return it.

    Args:
        field: that identifies them, as ``model._source_``.
        copies: the folder with copies of the modules; None for the folder of the command.
        source: identifies the copies.

    Raises:
        UserError: they are others by now.
    """
    folder = _unchanged(field, copies, source)
    enter(folder)
    return folder


def entered_beside(field: str, copies: Path | None, source: str | None) -> Path:
    """Do the same, unless the last that was entered are these copies: they are imported already.

    So a class that a network and its loss both use is one class.
    """
    folder = _unchanged(field, copies, source)
    if copies is None or _visited or _entered != [str(folder.resolve())]:
        enter(folder)
    return folder


def _unchanged(field: str, copies: Path | None, source: str | None) -> Path:
    if copies and identified(copies) != source:
        raise UserError(
            f"{field}={source}: {copies} does not hold these modules any more; allowed is "
            "the command again, which copies them anew"
        )
    return copies or Path.cwd()


@contextmanager
def visit(folder: Path) -> Iterator[None]:
    """Let modules be imported from this folder before all others, for a while.

    What was imported before stays, and what is imported now stays until a folder is entered.
    """
    place = str(folder.resolve())
    _visited.add(place)
    sys.path.insert(0, place)
    try:
        yield
    finally:
        if place in sys.path:  # a module may have changed it
            sys.path.remove(place)


def taking_part(folder: Path) -> dict[str, bytes]:
    """Return the files of the modules that were imported from below a folder.

    Returns:
        What is in each, by the place at which a copy of it is imported under the same name:
        ``a/b.py``, or ``a/b/__init__.py``, for the module ``a.b``, wherever Python found it.
    """
    found = places(folder).items()
    return {_place(name, file): file.read_bytes() for name, file in sorted(found)}


def places(folder: Path) -> dict[str, Path]:
    """Return the files of the modules that were imported from below a folder, by their names."""
    users = _users_modules(folder.resolve())
    return {name: Path(file) for name, module in users if (file := _file(module))}


def foreign(name: str, folder: Path) -> Path | None:
    """Return the file of a module that is neither installed nor below a folder; None if it is."""
    module = sys.modules.get(name)
    file = _file(module) if module else None
    if file is None or Path(file).is_relative_to(folder):
        return None
    return Path(file) if _is_users(Path(file), Path(Path(file).anchor)) else None


def _place(name: str, file: Path) -> str:
    stem, _, ending = file.name.partition(".")
    suffix = f".{ending}" if f".{ending}" in SUFFIXES else ".py"
    within = name.replace(".", "/")
    return f"{within}/__init__{suffix}" if stem == "__init__" else f"{within}{suffix}"


def identity(files: Mapping[str, bytes]) -> str:
    """Return 16 hex digits that identify files by their places and contents."""
    return identity_of(
        {place: hashlib.sha256(content).hexdigest() for place, content in files.items()}
    )


def identified(folder: Path) -> str:
    """Return :func:`identity` of all modules below a folder; other files there do not matter."""
    return identity(contents(folder))


def contents(folder: Path) -> dict[str, bytes]:
    """Return what is in the modules below a folder, by their places in it."""
    return {place: file.read_bytes() for place, file in _modules_below(folder).items()}


def keep(files: Mapping[str, bytes], parent: Path) -> Path:
    """Write modules to a folder that is named for their identity; return the folder.

    A module there that is none of these is removed: it could be imported instead of another.
    """
    folder = (parent / identity(files)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for place, file in _modules_below(folder).items():
        if place not in files:
            file.unlink(missing_ok=True)
    for place, content in files.items():
        file = folder / place
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, lambda stream, content=content: stream.write(content))  # type: ignore[misc]
    return folder


def first_names(files: Mapping[str, bytes]) -> set[str]:
    """Return the names by which modules at these places are imported, without what is in them."""
    return {place.partition("/")[0].partition(".")[0] for place in files}


def imported(files: Mapping[str, bytes]) -> set[str]:
    """Return the first names of all that modules import, wherever in them they do it.

    Args:
        files: what is in the modules, by their places; what is not in Python is left out.
    """
    names = set()
    for place, content in files.items():
        for node in ast.walk(ast.parse(content)) if place.endswith(".py") else ():
            if isinstance(node, ast.Import):
                names |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return names


def _modules_below(folder: Path) -> dict[str, Path]:
    """Return the files that Python could import, and not what an editor or a viewer left there."""
    found = {}
    for each in folder.rglob("*"):
        place = each.relative_to(folder)
        is_hidden = any(part.startswith(".") or part == CACHE for part in place.parts)
        if each.suffix in ENDINGS and not is_hidden and each.is_file():
            found[place.as_posix()] = each
    return found


def _users_modules(folder: Path) -> Iterator[tuple[str, ModuleType]]:
    """Yield the imported modules that lie below a folder, and are installed nowhere there."""
    begin = os.path.join(folder, "")
    for name, module in list(sys.modules.items()):
        if name in ("__main__", "__mp_main__") or not isinstance(module, ModuleType):
            continue
        file = _file(module)
        # A folder without __init__.py is a module without a file.
        places = [file] if file else [str(each) for each in getattr(module, "__path__", [])]
        places += [_real(each) for each in places]
        # Thousands are elsewhere, and texts are compared several times as fast as paths.
        below = [each for each in places if f"{os.path.normpath(each)}/".startswith(begin)]
        if any(_is_users(Path(each), folder) for each in below):
            yield name, module


def _real(place: str) -> str:
    """Return where a user's module is, whatever link led to it; nothing if it is no user's."""
    is_installed = any(f"/{each}/" in place for each in INSTALLED)
    if is_installed or not _is_users(Path(place), Path(Path(place).anchor)):
        return ""
    return os.path.realpath(place)


def _file(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def _is_users(place: Path, folder: Path) -> bool:
    if not place.is_relative_to(folder) or any(place.is_relative_to(each) for each in NOT_A_USERS):
        return False
    return not INSTALLED & {*place.relative_to(folder).parts}
