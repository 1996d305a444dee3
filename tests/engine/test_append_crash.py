"""append, stopped at every write, by every fault: nothing is lost, and what was finished is told."""

import errno
import os
import random
from pathlib import Path

import pytest

from compressor.tree import outputs
from tests.engine.crashes import (
    CALLS,
    Bench,
    Failing,
    Op,
    applied,
    command,
    done,
    extracted,
    failing_system,
    images,
    judge,
    recorded,
    replacing,
    states_after,
    storage,
    tree_of_source,
    versions_in,
)

RANDOM = random.Random(11)
OPTIONS = ("--block-size", "64K", "-T1")


def fill(source: Path, number: int) -> None:
    """Make the folder what it is at a version."""
    (source / "sub").mkdir(parents=True, exist_ok=True)
    (source / f"new{number}").write_bytes(b"new in %d\n" % number * 50)
    (source / "sub" / "changed").write_bytes(b"version %d" % number)
    (source / "sub" / "stays").write_bytes(b"stays")
    (source / "large").write_bytes(RANDOM.randbytes(70_000 + 10_000 * number))
    if number > 1:
        (source / f"new{number - 1}").unlink()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An archive of two versions, and a folder that makes the third."""
    monkeypatch.chdir(tmp_path)
    made = Bench(tmp_path, tmp_path / "source", [])
    for number in (1, 2, 3):
        fill(made.source, number)
        made.trees.append(tree_of_source(made))
        if number == 1:
            done("compress", *OPTIONS, "source", "-o", made.archive)
        elif number == 2:
            done("append", made.archive, *OPTIONS, "source")
    return made


def again(bench: Bench) -> None:
    """Append once more, where nothing fails."""
    done("append", bench.archive, *OPTIONS, "source")


def append_of(bench: Bench) -> list[Op]:
    """Append the third version; put the archive back to the second; return what was done."""
    before = bench.archive.read_bytes()
    log = recorded(bench.archive, *OPTIONS, "source")
    bench.whole = [before, bench.archive.read_bytes()]
    assert applied(before, log) == bench.whole[1]
    bench.archive.write_bytes(before)
    return log


def test_whatever_is_on_the_disk_after_a_crash_no_version_is_lost(bench: Bench) -> None:
    log = append_of(bench)
    found = images(bench.whole[0], log, seed=1)
    lasts = {judge(bench, image, mend=lambda: again(bench)) for image in found}
    assert lasts == {2, 3}
    assert len(found) > 2 * len(log)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(8))
def test_whatever_a_disk_makes_of_unsynced_writes_no_version_is_lost(
    bench: Bench, seed: int
) -> None:
    log = append_of(bench)
    for image in images(bench.whole[0], log, seed=seed, subsets=5):
        judge(bench, image, mend=lambda: again(bench))


def test_syncs_stand_before_the_last_leaf_behind_it_and_at_the_end(bench: Bench) -> None:
    log = append_of(bench)
    before = bench.whole[0]
    synced = [at for at, op in enumerate(log) if op == (-1, None)]
    states = []
    for at in synced:
        bench.archive.write_bytes(applied(before, log[:at]))
        states.append((versions_in(bench.archive)[1][-1], command("test", bench.archive)[0]))
    assert states == [(2, 4), (3, 4), (3, 0)]
    assert synced[-1] == len(log) - 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
@pytest.mark.parametrize("short", [False, True], ids=["at once", "short"])
def test_an_append_that_fails_at_any_call_leaves_the_archive_as_it_was(
    bench: Bench, code: int, short: bool
) -> None:
    before = bench.archive.read_bytes()
    calls = len(append_of(bench))
    for at in range(calls):
        with storage(Failing, at=at, code=code, short=short):
            said = command("append", bench.archive, *OPTIONS, "source")
        assert said[0] == 1
        assert os.strerror(code) in said[2]
        assert bench.archive.read_bytes() == before


def test_where_not_even_the_way_back_works_the_tail_is_told(bench: Bench) -> None:
    calls = len(append_of(bench))
    for at in range(0, calls, 3):
        with storage(Failing, at=at, cuts=False):
            assert command("append", bench.archive, *OPTIONS, "source")[0] == 1
        image = bench.archive.read_bytes()
        judge(bench, image, mend=lambda: again(bench))
        bench.archive.write_bytes(bench.whole[0])


def test_mending_can_be_stopped_at_any_point_too(bench: Bench) -> None:
    log = append_of(bench)
    before, after = bench.whole
    first = [at for at, op in enumerate(log) if op == (-1, None)]
    torn = [applied(before, log[: first[0]]), applied(before, log[: first[1] + 1]), after[:-5]]
    for image in torn:
        bench.archive.write_bytes(image)
        mending = recorded(bench.archive, *OPTIONS, "source")
        bench.whole = [before, after, bench.archive.read_bytes()]
        found = sorted(images(image, mending, seed=2))
        for part in random.Random(3).sample(found, 6):
            _judge_any(bench, part)


def _judge_any(bench: Bench, image: bytes) -> None:
    """Judge an image whose fourth version may be there; it is the third tree again."""
    trees = bench.trees
    bench.trees = [*trees, trees[2]]
    bench.archive.write_bytes(image)
    if command("test", bench.archive)[0] == 0:
        bench.whole.append(image)
    judge(bench, image, mend=lambda: again(bench))
    bench.trees = trees


def test_prune_that_fails_at_any_call_leaves_the_old_archive_or_the_new_one(bench: Bench) -> None:
    before = bench.archive.read_bytes()
    done("prune", bench.archive, "--keep-last", "1")
    after = bench.archive.read_bytes()
    failed: list[str] = []
    for at in range(1000):
        bench.archive.write_bytes(before)
        faults = {"code": (errno.EIO, errno.ENOSPC)[at % 2], "short": at % 3 == 0}
        with failing_system(at, **faults) as calls:
            code, _, said = command("prune", bench.archive, "--keep-last", "1")
        if code == 0:
            break
        failed.append(calls[at])
        assert code == 1
        assert os.strerror(faults["code"]) in said
        # Of the folder's sync nobody knows what came of it.
        left = after if failed.count("replace") and calls[at] == "fsync" else before
        assert bench.archive.read_bytes() == left
        assert [item.name for item in bench.folder.iterdir() if "part" in item.name] == []
    assert bench.archive.read_bytes() == after
    assert set(failed) == {"write", *CALLS}
    assert failed.count("fsync") == 2
    assert len(failed) > 10
    assert versions_in(bench.archive) == (0, [2])
    assert command("test", bench.archive)[0] == 0
    assert extracted(bench.archive, bench.folder / "out")[1] == bench.trees[1]


def test_whatever_is_on_the_disk_after_a_crash_of_prune_it_is_the_old_archive_or_the_new_one(
    bench: Bench,
) -> None:
    before = bench.archive.read_bytes()
    with replacing() as seen:
        done("prune", bench.archive, "--keep-last", "1")
    after = bench.archive.read_bytes()
    assert applied(b"", [*seen.before, *seen.behind]) == after
    assert seen.lasting
    assert states_after(before, seen, seed=4) == {before, after}
    assert command("test", bench.archive)[0] == 0


def test_prune_has_all_on_disk_before_it_takes_the_name(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(
            outputs.os,
            name,
            lambda *a, real=real, name=name, **k: (seen.append(name), real(*a, **k)),
        )
    write = outputs.write_full
    monkeypatch.setattr(outputs, "write_full", lambda *a: (seen.append("write"), write(*a)))
    done("prune", bench.archive, "--keep-last", "1")
    order = [name for at, name in enumerate(seen) if not at or seen[at - 1] != name]
    assert order == ["write", "fsync", "replace", "fsync"]
