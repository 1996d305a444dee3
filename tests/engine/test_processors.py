"""-T0 is the processors that this process may use, whatever group it is in; told by a tree of files."""

import os
from pathlib import Path

import pytest

from compressor.engine.limits import threads_within
from compressor.engine.processors import processors

HERE = 64  # processors, by affinity
V2 = "29 23 0:26 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate"
V1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
MEMORY = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
HYBRID = "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw"


@pytest.fixture(autouse=True)
def _many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(HERE)))


def tree(root: Path, mounts: list[str], groups: str, **files: str) -> Path:
    """Make what a kernel shows; ``__`` in a name stands for a slash, and files lie below sys/fs/cgroup."""
    own = root / "proc/self"
    own.mkdir(parents=True)
    (own / "mountinfo").write_text("22 27 0:21 / /proc rw - proc proc rw\n" + "\n".join(mounts))
    (own / "cgroup").write_text(groups)
    for name, text in files.items():
        folder, _, kind = name.rpartition("__")
        place = root / "sys/fs/cgroup" / folder.replace("__", "/").replace("CPU", "cpu,cpuacct")
        place.mkdir(parents=True, exist_ok=True)
        (
            place / {"max": "cpu.max", "quota": "cpu.cfs_quota_us"}.get(kind, "cpu.cfs_period_us")
        ).write_text(text)
    return root


V2_CASES = [
    ({"a__b__max": "250000 100000\n"}, 3),  # its own group
    ({"a__b__max": "max 100000\n", "a__max": "200000 100000\n"}, 2),  # the one around it
    ({"a__b__max": "400000 100000\n", "a__max": "100000 100000\n"}, 1),  # the least of both
    ({"max": "500000 100000\n"}, 5),  # what a container sees as the top
    ({"a__c__max": "100000 100000\n", "a__b__max": "max 100000\n"}, HERE),  # another's
    ({"a__b__max": "1000 100000\n"}, 1),
    ({"a__b__max": "nonsense\n"}, HERE),
    ({"a__b__max": "100000 0\n"}, HERE),
    ({}, HERE),
]


@pytest.mark.parametrize(("files", "count"), V2_CASES)
def test_version_2_counts_the_own_group_and_all_around_it(
    tmp_path: Path, files: dict[str, str], count: int
) -> None:
    assert processors(tree(tmp_path, [V2], "0::/a/b\n", **files)) == count


V1_CASES = [
    ({"CPU__a__quota": "300000", "CPU__a__period": "100000"}, 3),
    ({"CPU__a__quota": "-1", "CPU__a__period": "100000"}, HERE),
    ({"CPU__quota": "150000", "CPU__period": "100000"}, 2),
    (
        {"memory__x__quota": "100000", "memory__x__period": "100000"},
        HERE,
    ),  # not the one that counts time
]


@pytest.mark.parametrize(("files", "count"), V1_CASES)
def test_version_1_is_looked_at_too(tmp_path: Path, files: dict[str, str], count: int) -> None:
    groups = "9:memory:/x\n2:cpu,cpuacct:/a\n1:name=systemd:/y\n0::/\n"

    assert processors(tree(tmp_path, [MEMORY, V1, HYBRID], groups, **files)) == count


def test_a_container_may_be_told_its_group_from_outside(tmp_path: Path) -> None:
    mounted = V1.replace("0:29 /", "0:29 /docker/f00")
    files = {"CPU__quota": "200000", "CPU__period": "100000"}

    assert processors(tree(tmp_path / "1", [mounted], "2:cpu:/docker/f00\n", **files)) == 2
    assert processors(tree(tmp_path / "2", [mounted], "2:cpu:/../../other\n", **files)) == 2


def test_without_groups_affinity_alone_counts(tmp_path: Path) -> None:
    assert processors(tmp_path) == HERE


def test_0_threads_are_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compressor.engine.limits.processors", lambda: 7)

    assert threads_within(0, 1 << 30, 1, 0, "this") == 7
