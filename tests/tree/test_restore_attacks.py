"""Nothing outside the target changes, whatever an archive says and others do meanwhile."""

import mmap
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import UnsafeNameError
from compressor.tree import folders
from compressor.tree.restore import Restorer
from compressor.tree.restoreoptions import RestoreOptions
from tests.tree.attacks import ATTACKS, Attack, Member, file, folder, hard, link
from tests.tree.replay import (
    NOBODY,
    ROOT,
    in_child,
    make_outer,
    opened,
    outside,
    prepare,
    refused,
    replay,
)

DEFAULT = RestoreOptions(0o644)
FORCED = RestoreOptions(0o644, force=True)
CAREFREE = RestoreOptions(0o644, force=True, unsafe_links=True, specials=True)


@pytest.fixture
def outer(tmp_path: Path) -> Path:
    return make_outer(tmp_path)


def run(attack: Attack, outer: Path, options: RestoreOptions, user: int | None) -> set[bytes]:
    dest = outer / "dest"
    if user is not None:
        os.chown(dest, user, user)
    root = opened(dest)
    try:
        failed = in_child(
            lambda: [name.hex() for name in sorted(refused(replay(root, attack.members, options)))],
            user,
        )
    finally:
        os.close(root)
    assert isinstance(failed, list)
    return {bytes.fromhex(name) for name in failed}


def users() -> list[Any]:
    mark = pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
    return [pytest.param(None, id="self"), pytest.param(NOBODY, id="nobody", marks=mark)]


def walk(dest: Path) -> Iterator[tuple[bytes, str, int]]:
    for base, inner, files, descriptor in os.fwalk(os.fsencode(dest)):
        for name in (*inner, *files):
            yield os.path.join(base, name), os.fsdecode(name), descriptor


@pytest.mark.parametrize("user", users())
@pytest.mark.parametrize(
    "options", [DEFAULT, FORCED, CAREFREE], ids=["default", "forced", "carefree"]
)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nothing_outside_changes(
    attack: Attack, options: RestoreOptions, user: int | None, outer: Path
) -> None:
    attack = attack.at(os.fsencode(outer))
    prepare(outer / "dest", attack.before)
    before = outside(outer)

    failed = run(attack, outer, options, user)

    after = outside(outer)
    if "another name of an outer file" in attack.name and options.force:
        canary = next(item for item in after if str(item[0]).endswith("canary"))  # type: ignore[index]
        assert canary[1] == 0o100640  # type: ignore[index]
        assert canary[-2:] == (1, b"as it was")  # type: ignore[index]
    else:
        assert after == before
    if options is DEFAULT:
        assert failed == attack.refused
    assert not [name for _, name, _ in walk(outer / "dest") if name.endswith(".part")]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_no_link_that_was_made_leads_out(attack: Attack, outer: Path) -> None:
    attack = attack.at(os.fsencode(outer))
    dest = os.fsencode(outer / "dest")
    prepare(outer / "dest", attack.before)
    old = {item.name for item in attack.before}

    run(attack, outer, DEFAULT, None)

    for path, _, _ in walk(outer / "dest"):
        if os.path.islink(path) and os.path.relpath(path, dest) not in old:
            real = os.path.realpath(path)
            assert real == dest or real.startswith(dest + b"/")


NAMES = [b"a", b"b", b"c"]
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(b"/".join)
targets = st.lists(st.sampled_from([*NAMES, b"..", b"."]), min_size=1, max_size=6).map(b"/".join)
links = st.lists(st.tuples(st.sampled_from([link, hard]), paths, targets | paths), max_size=8)


@settings(max_examples=150)
@given(links)
def test_no_links_together_lead_out(
    tmp_path_factory: pytest.TempPathFactory, made: list[Any]
) -> None:
    """A restored link may follow others, in any order: by every path of three names we stay inside."""
    outer = make_outer(tmp_path_factory.mktemp("links"))
    dest = outer / "dest"
    root = opened(dest)

    replay(root, [kind(name, target) for kind, name, target in made], DEFAULT)

    os.close(root)
    for first in NAMES:
        for second in (b"", *NAMES):
            for third in (b"", *NAMES):
                real = os.path.realpath(os.path.join(os.fsencode(dest), first, second, third))
                assert os.path.commonpath([real, os.fsencode(dest)]) == os.fsencode(dest)


def attacker(dest: Path, user: int | None, turns: mmap.mmap) -> int:
    """Swap the folder ``d`` for a link to what is outside, over and over, in a process; return its id.

    ``turns`` is memory of both, where it counts.
    """
    child = os.fork()
    if child:
        return child
    try:
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        root = opened(dest)
        turn = 0
        while True:
            turn += 1
            turns[:8] = turn.to_bytes(8, "little")
            for action in (
                lambda: os.rename("d", f"away{turn}", src_dir_fd=root, dst_dir_fd=root),  # noqa: B023
                lambda: os.symlink("../beside", "d", dir_fd=root),
                lambda: os.stat("d", dir_fd=root, follow_symlinks=False),
                lambda: os.unlink("d", dir_fd=root),
                lambda: os.rename(f"away{turn}", "d", src_dir_fd=root, dst_dir_fd=root),  # noqa: B023
            ):
                try:
                    action()
                except OSError:
                    continue
    finally:
        os._exit(0)


@pytest.mark.parametrize("user", users())
@pytest.mark.parametrize("kept_open", [1, 64])
def test_a_folder_swapped_for_a_link_meanwhile_leads_nowhere(
    kept_open: int,
    user: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(folders, "MAX_OPEN", kept_open)
    outer = make_outer(tmp_path)
    dest = outer / "dest"
    for path in (outer, *tmp_path.parents[:2], tmp_path):
        path.chmod(0o755)  # so that the attacker gets there
    (outer / "beside").chmod(0o777)
    os.utime(outer, ns=(10**18, 10**18))
    if user is not None:
        os.chown(dest, user, user)
    turns = mmap.mmap(-1, 8)
    given: list[bytes] = []

    def members() -> Iterator[Member]:
        """At least 2,000 files, and as many as fit into 300 turns of the attacker, within reason."""
        yield folder(b"d", mode=0o755, mtime_ns=7)
        yield folder(b"e/f", mode=0o750)
        while len(given) < 2000 or (
            len(given) < 200_000 and int.from_bytes(turns[:8], "little") < 300
        ):
            for name in (b"d/%d" % len(given), b"e/f/%d" % len(given)):
                given.append(name)
                yield file(name, b"x", mode=0o666)

    before = outside(outer)
    child = attacker(dest, user, turns)
    root = opened(dest)

    failures = replay(root, members(), CAREFREE)

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(root)
    assert outside(outer) == before
    here = sum(1 for _, name, _ in walk(dest) if name.isdigit())
    assert not any(
        name.startswith(b"e/") for name in refused(failures)
    )  # where nobody swaps anything
    assert here == len(given) - len(refused(failures) & set(given))
    if kept_open == 1:
        assert refused(failures)  # or the attack was none


def test_a_folder_swapped_right_after_it_was_made_is_not_entered(
    outer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outside(outer)
    root = opened(outer / "dest")
    really = os.mkdir

    def swapped(name: bytes, mode: int, dir_fd: int) -> None:
        really(name, mode, dir_fd=dir_fd)
        os.rmdir(name, dir_fd=dir_fd)
        os.symlink("../beside", name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", swapped)
    failures = replay(root, [file(b"d/x"), folder(b"d", mode=0o777)], CAREFREE)
    os.close(root)

    assert refused(failures) == {b"d/x", b"d"}
    assert outside(outer) == before


def test_a_folder_swapped_before_the_end_does_not_get_the_others_attributes(outer: Path) -> None:
    dest = outer / "dest"
    root = opened(dest)
    failures = []
    with Restorer(root, CAREFREE, lambda name, error: failures.append((name, error))) as restorer:
        restorer.add(folder(b"d", mode=0o777)[0])
        for number in range(folders.MAX_OPEN + 1):
            restorer.add(folder(b"e%d" % number)[0])
        (dest / "d").rename(dest / "away")
        (dest / "d").mkdir(mode=0o700)
        restorer.finish()
    os.close(root)

    assert [name for name, error in failures if isinstance(error, UnsafeNameError)] == [b"d"]
    assert stat.S_IMODE((dest / "d").stat().st_mode) == 0o700


def test_a_temporary_file_swapped_for_a_link_gives_nothing_of_it_away(
    outer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not followed, neither by the link that names it nor by what sets its mode."""
    before = outside(outer)
    root = opened(outer / "dest")
    really = os.link

    def swapped(old: bytes, new: bytes, **options: Any) -> None:
        os.unlink(old, dir_fd=root)
        os.symlink("../canary", old, dir_fd=root)
        really(old, new, **options)

    monkeypatch.setattr(os, "link", swapped)
    replay(root, [file(b"x", mode=0o777)], DEFAULT)
    os.close(root)

    assert outside(outer) == before
    assert (outer / "dest/x").is_symlink()


def test_a_swapped_symbolic_link_passes_its_attributes_to_nothing(
    outer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outside(outer)
    root = opened(outer / "dest")

    def swapped(_target: bytes, name: bytes, dir_fd: int) -> None:
        os.link(outer / "canary", name, dst_dir_fd=dir_fd)

    monkeypatch.setattr(os, "symlink", swapped)
    failures = replay(root, [link(b"x", b"y", mtime_ns=1, uid=NOBODY, gid=NOBODY)], DEFAULT)
    os.close(root)

    assert refused(failures) == {b"x"}
    assert outside(outer) == before


@pytest.mark.parametrize("late", [False, True])
def test_a_hard_link_to_a_file_that_was_swapped_is_not_kept(
    late: bool, outer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = outer / "dest"
    root = opened(dest)
    before = outside(outer)
    failures = []
    with Restorer(root, DEFAULT, lambda name, error: failures.append((name, error))) as restorer:
        restorer.file(b"a")
        restorer.commit(file(b"a")[0])
        restorer.add(hard(b"b", b"a")[0])
        really = os.link

        def swap() -> None:
            (dest / "a").unlink()
            really(outer / "canary", dest / "a")

        def swapped(*names: bytes, **options: Any) -> None:
            if late:
                swap()
            really(*names, **options)
            linked.append(names)

        linked: list[Any] = []
        monkeypatch.setattr(os, "link", swapped)
        if not late:
            swap()
        restorer.finish()
    os.close(root)
    (dest / "a").unlink()

    assert [name for name, _ in failures] == [b"b"]
    assert bool(linked) == late
    assert outside(outer) == before
    assert list(dest.iterdir()) == []


def test_what_is_moved_out_while_it_is_open_takes_its_files_along_and_no_others(
    outer: Path,
) -> None:
    """Who may move a folder gets what is put into it; the way to it never leads up or elsewhere."""
    dest = outer / "dest"
    root = opened(dest)
    with Restorer(root, DEFAULT, lambda *_: None) as restorer:
        restorer.file(b"d/one")
        restorer.commit(file(b"d/one")[0])
        (dest / "d").rename(outer / "moved")
        restorer.file(b"d/two")
        restorer.commit(file(b"d/two")[0])
        restorer.file(b"three")
        restorer.commit(file(b"three")[0])
        restorer.finish()
    os.close(root)

    assert sorted(os.listdir(outer / "moved")) == ["one", "two"]
    assert os.listdir(dest) == ["three"]
    assert sorted(os.listdir(outer)) == ["beside", "canary", "dest", "moved"]
