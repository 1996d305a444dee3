"""How many processors this process may use: by affinity, and by the quotas of its control groups."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")


def processors(root: Path = ROOT) -> int:
    """Return the least of all limits, 1 at least; ``root`` is where ``proc`` and ``sys`` are."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min([count, *_quotas(root)]))


def _quotas(root: Path) -> Iterator[int]:
    """Yield what each group permits in which this process is, those around it included, in processors.

    A quota of one and a half is two: with one thread the half would be lost.
    """
    for group, top in _groups(root):
        for place in (group, *group.parents):
            quota = _quota(place)
            if quota is not None:
                yield quota
            if place == top:
                break


def _groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield the folder of each group that may have a quota, and the folder of the topmost that is seen."""
    own = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers or "cpu" in controllers.split(","):
            own["cpu" if controllers else ""] = path
    for line in _lines(root / "proc/self/mountinfo"):
        about, _, kind = line.partition(" - ")
        fields, system = about.split(" "), kind.split(" ")
        name = _hierarchy(system)
        if name in own and len(fields) > 4:
            top = root / fields[4].lstrip("/")
            yield top / _below(own[name], fields[3]), top


def _hierarchy(system: list[str]) -> str | None:
    """Return "" for a file system of version 2, "cpu" for that of version 1 which counts time; else None."""
    if system[0] == "cgroup2":
        return ""
    return "cpu" if system[0] == "cgroup" and "cpu" in system[-1].split(",") else None


def _below(path: str, mounted: str) -> str:
    """Return the way from what is mounted to a group; in a container it may be told from outside of it."""
    inside = path == mounted or path.startswith(mounted.rstrip("/") + "/")
    return path[len(mounted) :].lstrip("/") if inside and ".." not in path else ""


def _quota(group: Path) -> int | None:
    try:
        if (group / "cpu.max").exists():  # version 2
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        time, each = int(quota), int(period)
    except (OSError, ValueError):  # none, or "max"
        return None
    return -(-time // each) if time > 0 and each > 0 else None  # -1: no limit


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(errors="surrogateescape").splitlines()
    except OSError:  # another system
        return []
