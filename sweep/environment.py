"""What a run runs on: versions, machine, the code's commit. Recorded with every run."""

import functools
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import Any

from sweep import __version__

MISSING = "not there"  # what is shown of a key that one of two mappings lacks
MAIN_PACKAGES = ("mxnet", "numpy", "hydra-core", "mlflow", "pandas")


@functools.cache
def environment() -> dict[str, Any]:
    """Return Python, platform, processor, cores and the version of every installed package."""
    told = (
        _name_and_version(dist)
        for dist in metadata.distributions()
        # What setuptools and Ray bring for themselves is only found after they were imported.
        if not {"_vendor", "thirdparty_files"} & {*Path(str(dist.locate_file(""))).parts}
    )
    # An installation that was interrupted leaves a folder that names nothing.
    packages = {name: version for name, version in told if name is not None}
    return {
        "sweep": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def _name_and_version(package: metadata.Distribution) -> tuple[str | None, str | None]:
    """Return a package's name and version, from the head of what it tells of itself, if it does.

    ``metadata`` reads all of it for each of the two, its long description too: four times as long,
    of every package, in every sweep.
    """
    files = ("METADATA", "PKG-INFO", "")  # the last where the package has one file, and no folder
    told = next(filter(None, map(package.read_text, files)), "")
    head = HeaderParser().parsestr(told.partition("\n\n")[0])
    return head["Name"], head["Version"]


def version_tags() -> dict[str, str]:
    """Return the versions that matter most, as tags to filter runs by."""
    known = environment()
    tags = {"version.sweep": __version__, "version.python": known["python"]}
    for name in MAIN_PACKAGES:
        tags[f"version.{name}"] = known["packages"].get(name, "not installed")
    return tags


def pinned(names: Sequence[str]) -> list[str]:
    """Return ``name==version`` for those of these packages that are installed.

    MXNet's name may be one of its other builds', as ``mxnet-cu112``.
    """
    packages: dict[str, str] = environment()["packages"]
    builds = [name for name in packages if name.startswith("mxnet")]
    wanted = [each for name in names for each in (builds if name == "mxnet" else [name])]
    return [f"{name}=={packages[name]}" for name in wanted if name in packages]


def packages_of(modules: Iterable[str]) -> list[str]:
    """Return the installed packages that modules of these names come from, in order."""
    known = metadata.packages_distributions()
    return sorted({package for each in modules for package in known.get(each, ())})


@functools.cache
def float_lanes() -> int:
    """Return how many float32 values one of the processor's vectors holds."""
    return 16 if _vectors() == "AVX-512" else 8


def _processor() -> str:
    """Return the processor's name and its vectors, by which MXNet picks its kernels.

    So low bits can depend on it. The name alone does not tell: virtual machines call all
    generations of a make the same.
    """
    name = _cpuinfo("model name") or platform.processor()
    return f"{name}, {vectors}" if (vectors := _vectors()) else name


def _vectors() -> str:
    """Return the widest vector instructions that the processor has and MXNet has kernels for."""
    flags = set(_cpuinfo("flags").split())
    if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
        return "AVX-512"
    return "AVX2" if "avx2" in flags else ""


def _cpuinfo(key: str) -> str:
    """Return the first value of a key in Linux's description of its processors; or nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    values = [line.partition(":")[2].strip() for line in lines if line.partition("\t")[0] == key]
    return values[0] if values else ""


@functools.cache
def commit() -> tuple[str, bool] | None:
    """Return this code's git commit and whether the files differ from it; None if there is none."""
    try:
        import git  # fails where there is no git executable
    except ImportError:
        return None
    try:
        with git.Repo(__file__, search_parent_directories=True) as repository:
            if repository.ignored(__file__):
                return None  # installed below somebody's checkout of something else
            return repository.head.commit.hexsha, repository.is_dirty()
    except (git.GitError, ValueError):  # no checkout, or one without any commit
        return None


def differences(recorded: Mapping[str, Any], code: str | None) -> dict[str, tuple[str, str]]:
    """Return what is not as it was: each key with the recorded value and the one now.

    Args:
        recorded: what :func:`environment` returned then.
        code: the commit then, as :func:`commit_text` has it.
    """
    then, now = dict(recorded), dict(environment())
    then |= {"commit": code, **then.pop("packages", {})}
    now |= {"commit": commit_text(), **now.pop("packages")}
    return differing(then, now)


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what differs of two mappings: each key with the value of the first and the second."""
    return {
        key: (str(first.get(key, MISSING)), str(second.get(key, MISSING)))
        for key in {**first, **second}
        if first.get(key) != second.get(key)
    }


def commit_text() -> str:
    """Return the commit in hexadecimal, and whether files differ from it."""
    if (known := commit()) is None:
        return "not known"
    return f"{known[0]}{' with uncommitted changes' if known[1] else ''}"


def program(name: str) -> str:
    """Return what to type to start a program of this Python: its name, or its path if need be."""
    here = Path(sys.executable).with_name(name)
    return name if shutil.which(name) == str(here) or not here.exists() else os.path.relpath(here)
