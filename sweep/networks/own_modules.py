"""A user's modules: where they are imported from, which of them take part, and copies of these.

Python knows one module of a name in a process. So before modules are imported from another folder,
those of the folder before are forgotten: two folders with a ``my_nets.py`` each do not meet.
"""

import hashlib
import importlib
import json
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import sweep
from sweep.files import write_whole

INSTALLED = {"site-packages", "dist-packages"}  # folders of packages, wherever they are
CACHE = "__pycache__"
_standard = sysconfig.get_paths()
NOT_A_USERS = [Path(_standard["stdlib"]), Path(_standard["platstdlib"])]
NOT_A_USERS += [Path(sweep.__file__).parent, Path(sweep.__file__).parents[1] / "hydra_plugins"]
_entered: list[str] = []  # the folder that is first on Python's path, put there by enter()


def enter(folder: Path) -> None:
    """Let modules be imported from this folder before all others, in this process from now on.

    Modules that were imported from it, or from the folder before, are imported anew when they are
    asked for: their files may have changed.
    """
    place = str(folder.resolve())
    for each in {*_entered, place}:
        for name in [name for name, _ in _users_modules(Path(each))]:
            del sys.modules[name]
    for each in _entered:
        if each in sys.path:
            sys.path.remove(each)
    _entered[:] = [place]
    sys.path.insert(0, place)
    importlib.invalidate_caches()
    # Python takes a cached module for unchanged if its file has the same size and second.
    sys.dont_write_bytecode = True


def taking_part(folder: Path) -> dict[str, bytes]:
    """Return the files of the modules that were imported from below a folder, by their places."""
    place = folder.resolve()
    files = {Path(str(module.__file__)) for _, module in _users_modules(place) if _file(module)}
    return {each.relative_to(place).as_posix(): each.read_bytes() for each in sorted(files)}


def identity(files: Mapping[str, bytes]) -> str:
    """Return 16 hex digits that identify files by their places and contents."""
    each = {place: hashlib.sha256(content).hexdigest() for place, content in files.items()}
    return hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()[:16]


def identified(folder: Path) -> str:
    """Return :func:`identity` of all files below a folder."""
    files = [each for each in folder.rglob("*") if each.is_file() and CACHE not in each.parts]
    return identity({each.relative_to(folder).as_posix(): each.read_bytes() for each in files})


def keep(files: Mapping[str, bytes], parent: Path) -> Path:
    """Write files to a folder that is named for their identity; return the folder."""
    folder = (parent / identity(files)).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for place, content in files.items():
        file = folder / place
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, lambda stream, content=content: stream.write(content))  # type: ignore[misc]
    return folder


def _users_modules(folder: Path) -> Iterator[tuple[str, ModuleType]]:
    """Yield the imported modules that lie below a folder, and are installed nowhere there."""
    for name, module in list(sys.modules.items()):
        if name in ("__main__", "__mp_main__") or not isinstance(module, ModuleType):
            continue
        file = _file(module)
        # A folder without __init__.py is a module without a file.
        places = [file] if file else [str(each) for each in getattr(module, "__path__", [])]
        if any(_is_users(Path(each), folder) for each in places):
            yield name, module


def _file(module: ModuleType) -> str | None:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else None


def _is_users(place: Path, folder: Path) -> bool:
    if not place.is_relative_to(folder) or any(place.is_relative_to(each) for each in NOT_A_USERS):
        return False
    return not INSTALLED & {*place.relative_to(folder).parts}
