"""How much memory this process can take: what the machine has, and what its control groups allow.

A container, a job of SLURM and a service of systemd are control groups, whose limits
``/proc/meminfo`` does not tell: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MEMORY_INFO = Path("/proc/meminfo")
OWN_GROUPS = Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class _Files:
    """What the files of a group are called."""

    limit: str
    used: str
    reclaimable: str  # in memory.stat: of what is used, that which is given back when it is needed


VERSION_2 = _Files("memory.max", "memory.current", "inactive_file")
VERSION_1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_bytes() -> int:
    """Return how much memory can be taken without swapping, and without being killed for it."""
    fields = dict(line.split(":") for line in MEMORY_INFO.read_text().splitlines())
    free = int(fields["MemAvailable"].split()[0]) * 1024
    within = [_free_in(group, files) for group, files in _groups()]
    return max(0, int(min([free, *within])))


def _groups() -> Iterator[tuple[Path, _Files]]:
    """Yield the control groups that this process is in, and those around them."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:  # a system without them
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, files = GROUPS, VERSION_2
        elif "memory" in controllers.split(","):
            root, files = GROUPS / "memory", VERSION_1
        else:
            continue
        group = root / path.lstrip("/")
        # In a container the path may be that of the machine around it, where only the root is seen.
        yield from ((each, files) for each in (group, *group.parents) if each.is_relative_to(root))


def _free_in(group: Path, files: _Files) -> int | float:
    """Return how much is left of a group's limit; infinity if it has none that can be read."""
    try:
        limit = int((group / files.limit).read_text())
        used = int((group / files.used).read_text())
        lines = (group / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):  # it is not there, or it is "max"
        return float("inf")
    found = dict(line.split() for line in lines)
    return limit - used + int(found.get(files.reclaimable, 0))
