"""Members given to a Restorer, and what they must leave alone."""

import json
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from compressor.errors import CompressorError
from compressor.tree.node import NodeKind
from compressor.tree.restore import Restorer
from compressor.tree.restoreoptions import RestoreOptions
from tests.tree.attacks import Before, Member

NOBODY = 65534
ROOT = os.geteuid() == 0
Failures = list[tuple[bytes, CompressorError]]


def make_outer(path: Path) -> Path:
    """Make a folder with a target, ``dest``, and things beside it that must not change."""
    outer = path / "outer"
    (outer / "dest").mkdir(parents=True)
    (outer / "beside").mkdir()
    for name in ("canary", "beside/file"):
        (outer / name).write_text("as it was")
        (outer / name).chmod(0o640)
        os.utime(outer / name, ns=(10**18, 10**18))
    for name in ("beside", "."):
        os.utime(outer / name, ns=(10**18, 10**18))
    return outer


def outside(outer: Path) -> list[object]:
    """Return all that can be seen of what is beside the target; of a file also how many names it has."""
    seen: list[object] = []
    for base, folders, files in os.walk(outer):
        if Path(base) == outer:
            folders.remove("dest")
        for path in (Path(base), *(Path(base, name) for name in files)):
            status = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
            times = status.st_mtime_ns
            owner = (status.st_uid, status.st_gid)
            names = (
                sorted(item.name for item in path.iterdir()) if path.is_dir() else status.st_nlink
            )
            seen.append((str(path), status.st_mode, owner, times, names, content))
    return seen


def prepare(dest: Path, before: Iterable[Before]) -> None:
    for item in before:
        path = dest / os.fsdecode(item.name)
        if item.kind == "symlink":
            path.symlink_to(os.fsdecode(item.target))
        elif item.kind == "hardlink":
            path.hardlink_to(os.fsdecode(item.target))
        elif item.kind == "folder":
            path.mkdir()
        else:
            path.write_bytes(item.target)


def replay(root: int, members: Iterable[Member], options: RestoreOptions) -> Failures:
    """Restore members below ``root``; return what was raised and reported."""
    failures: Failures = []
    with Restorer(root, options, lambda name, error: failures.append((name, error))) as restorer:
        for node, content in members:
            try:
                if node.kind == NodeKind.FILE:
                    restorer.file(node.name).write(content)
                    restorer.commit(node)
                else:
                    restorer.add(node)
            except CompressorError as error:
                failures.append((node.name, error))
        restorer.finish()
    return failures


def refused(failures: Failures) -> set[bytes]:
    """Return the names of members that were not restored at all."""
    return {name for name, error in failures if error.exit_code != 3}


def opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY)


def in_child(work: Callable[[], object], user: int | None = None) -> object:
    """Return what ``work`` returns, by JSON, in a process of its own; without privileges as ``user``."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        with suppress(BaseException), os.fdopen(theirs, "w") as said:
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            json.dump(work(), said)
            said.flush()
            os._exit(0)
        os._exit(99)
    os.close(theirs)
    with os.fdopen(ours) as said:
        answer = said.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return json.loads(answer)
