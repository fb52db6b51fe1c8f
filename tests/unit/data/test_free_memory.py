"""How much memory may be taken, as files of Linux's tell it."""

from pathlib import Path

import pytest

from sweep.data.decoded import free_memory

MIB = 2**20


@pytest.fixture(autouse=True)
def _machine(monkeypatch, tmp_path):
    """A machine with 900 MiB free; its control groups are files below ``groups``."""
    for name, file in (("MEMORY_INFO", "meminfo"), ("OWN_GROUPS", "own"), ("GROUPS", "groups")):
        monkeypatch.setattr(free_memory, name, tmp_path / file)
    Path("meminfo").write_text(f"MemTotal: {2**21} kB\nMemAvailable:    {900 * 1024} kB\n")


def group(path, limit, used, inactive=0, version=2):
    """Write a control group's files; all in MiB."""
    folder = Path("groups", path)
    folder.mkdir(parents=True, exist_ok=True)
    names = {
        1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("memory.max", "memory.current", "inactive_file"),
    }[version]
    text = limit if isinstance(limit, str) else str(limit * MIB)
    (folder / names[0]).write_text(f"{text}\n")
    (folder / names[1]).write_text(f"{used * MIB}\n")
    (folder / "memory.stat").write_text(f"anon 7\n{names[2]} {inactive * MIB}\n")


def test_a_machine_without_groups_has_what_is_available():
    assert free_memory.free_bytes() == 900 * MIB


@pytest.mark.parametrize(
    ("own", "groups", "free"),
    [
        ("0::/job/task", {"job/task": (500, 120), "job": (700, 300)}, 380),
        ("0::/job/task", {"job/task": (500, 120), "job": (400, 300)}, 100),
        ("0::/job/task", {"job/task": (500, 490, 60)}, 70),
        ("0::/job/task", {"job/task": ("max", 120), "job": (400, 390)}, 10),
        ("0::/job/task", {"job/task": ("max", 120)}, 900),
        ("0::/job/task", {"job/task": (2000, 120)}, 900),
        ("0::/job/task", {"job/task": (100, 120)}, 0),
        ("0::/", {".": (300, 100)}, 200),
        ("0::/of/the/machine/around", {".": (300, 100)}, 200),  # in a container
        ("0::/../task", {".": (300, 100)}, 200),
    ],
)
def test_a_group_and_those_around_it_allow_less(own, groups, free):
    Path("own").write_text(f"{own}\n")
    for path, values in groups.items():
        group(path, *values)
    assert free_memory.free_bytes() == free * MIB


@pytest.mark.parametrize(
    ("own", "groups", "free"),
    [
        ("9:cpu:/job\n4:memory:/job\n0::/", {"memory/job": (500, 120, 20)}, 400),
        ("4:hugetlb,memory:/job\n0::/", {"memory/job": (500, 120), "memory": (200, 130)}, 70),
        ("9:cpu:/job\n0::/", {"cpu/job": (500, 120)}, 900),
        ("4:memory:/job", {"memory/job": (2**43 - 1, 120)}, 900),  # which is no limit
        ("4:memory:/of/the/machine/around", {"memory": (300, 120)}, 180),
    ],
)
def test_groups_of_version_1(own, groups, free):
    Path("own").write_text(f"{own}\n")
    for path, values in groups.items():
        group(path, *values, version=1)
    assert free_memory.free_bytes() == free * MIB
